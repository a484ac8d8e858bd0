"""What the manual says of the ideas; figures are those that the program computes, or carry their source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Shown:
    """A layer whose picture stands on a page.

    Attributes:
        type_id: its type.
        caption: the sentence below the picture.
        params: what differs from the layer's defaults.
    """

    type_id: str
    caption: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Idea:
    """A page on one idea.

    Attributes:
        text: paragraphs.
        shown: pictures between them and the end.
        try_it: what to do in the program to see it.
        lab: the laboratory that tries it, by id, or nothing.
    """

    id: str
    title: str
    text: tuple[str, ...]
    shown: tuple[Shown, ...] = ()
    try_it: str = ""
    lab: str = ""


IDEAS = (
    Idea(
        "why",
        "Why convolution",
        (
            "A fully connected neuron has a weight for every number that it reads: 784 for a grey digit of 28 × 28 pixels, "
            "3,072 for a small colour image of 32 × 32, 120,000 for one of 200 × 200. A layer has hundreds of such neurons. "
            "So many weights learn the training images by heart instead of what they have in common.",
            "A convolution looks at a small patch at a time, with the same weights at every place. An edge is an edge "
            "wherever it lies, so one filter finds it everywhere, with 5 × 5 weights per channel instead of one per pixel.",
            "What travels through the network are volumes: height, width and depth. Depth counts the maps that lie behind "
            "each other; it is not the number of layers.",
        ),
        (Shown("conv2d", "One filter goes over the map, with the same weights at every place.", {"kernel_size": (3, 3)}),),
        "Analysis (Ctrl+2) says for each convolution what a fully connected layer on the same input would cost.",
        "overfitting",
    ),
    Idea(
        "convolution",
        "Convolution, stride and padding",
        (
            "At every position a filter multiplies the patch under it with its weights, through the full depth of the input, "
            "adds the products and a bias, and writes one number. All positions together are one feature map; as many "
            "filters, so many maps.",
            "The stride s says how far the filter moves each step, the padding p how many rows and columns of zeros surround "
            "the input. Along each side an input of I cells and a filter of f give O = (I − f + 2p) / s + 1.",
            "With stride 1 and an odd filter, p = (f − 1) / 2 keeps the size; that is what “same” padding means.",
        ),
        (
            Shown("conv2d", "Stride 1 and padding 1 keep the size.", {"kernel_size": (3, 3), "padding": (1, 1, 1, 1)}),
            Shown("conv2d", "Stride 2 halves it.", {"kernel_size": (3, 3), "stride": (2, 2), "padding": (1, 1, 1, 1)}),
        ),
        "Under Inspect (Ctrl+4), Written out, click a cell of a map: its patch, its filter and every product are there, and "
        "the filter can be played over the image.",
    ),
    Idea(
        "tiling",
        "When a filter does not tile its input",
        (
            "(I − f + 2p) / s need not be a whole number. PyTorch then rounds down: the last rows and columns of the padded "
            "input are never seen.",
            "Whether that matters depends on what they hold. Padding zeros are no loss: ResNet-18 has eight such places at "
            "224 × 224, and five of them lose zeros alone. Rows of the image are one, and the program warns of them with the "
            "numbers of your network.",
            "There is a trap: padding on both sides adds 2p, so with stride 2 and I − f odd no p makes the number whole. "
            "Another filter, stride or image size does, or padding on one side only.",
        ),
        (Shown("conv2d", "A filter of 3 at stride 2 over an even number of cells leaves the last one out.", {"kernel_size": (3, 3), "stride": (2, 2)}),),
        "Give a convolution stride 2 and look at Problems: the card names the rows that are left out and offers what helps.",
        "tiling",
    ),
    Idea(
        "receptive",
        "What a cell sees",
        (
            "A cell of the first map sees the patch under its filter. A cell of the second map sees a patch of the first map, "
            "and through it a larger part of the image. This receptive field grows with every layer, and faster behind a "
            "stride or a pool.",
            "Two 3 × 3 filters one behind the other see as far as one of 5 × 5, with 18 weights per channel instead of 25 and "
            "a ReLU between them. That is the idea of VGG.",
        ),
        (),
        "Analysis has the receptive field of every layer; Inspect draws the one of a cell on your own image.",
    ),
    Idea(
        "pooling",
        "Pooling",
        (
            "A pool makes maps smaller and forgets where exactly something was. It works on each map by itself, mostly over "
            "windows of 2 × 2 with stride 2, so that a map of 4 × 4 becomes one of 2 × 2.",
            "Maximum keeps the strongest answer of a window, average its mean, sum the same but for a factor. Windows may "
            "overlap, as AlexNet's of 3 × 3 with stride 2 do. LeNet-5 learns a coefficient and a bias for each map instead.",
        ),
        (
            Shown("max_pool2d", "The largest value of each window stays."),
            Shown("avg_pool2d", "The mean of each window."),
            Shown("subsampling", "The sum, times a number that is learned, plus another."),
        ),
        "Drag another kind of pool onto a wire of your network, delete the old one, train again, and compare the runs.",
        "pooling",
    ),
    Idea(
        "activation",
        "Activations",
        (
            "Without something that is not linear between them, two layers are no more than one. ReLU keeps what is positive "
            "and makes the rest zero; its slope of 1 lets gradients through, where sigmoid and tanh let them fade as soon as "
            "their curve is flat.",
            "Softmax at the end makes numbers between 0 and 1 of the scores, which add up to 1. The loss takes the scores "
            "themselves and does that inside, so a network ends with plain scores here.",
        ),
        (Shown("relu", "Zero below zero."), Shown("sigmoid", "Flat at both ends: hardly any gradient there.")),
    ),
    Idea(
        "networks",
        "Five networks",
        (
            "LeNet-5 (1998): three convolutions, two trainable subsamplings, two fully connected layers; 61,750 weights. "
            "With the connection table of the paper its third layer has 1,516 weights instead of 2,416.",
            "AlexNet (2012): five convolutions and three fully connected layers, ReLU, dropout, overlapping pools; "
            "60,965,224 weights and 659,272 neurons as published, 61,100,840 in the form with one tower.",
            "VGG: only 3 × 3 convolutions and 2 × 2 pools. VGG-16 has 138,357,544 weights, most of them where its maps become "
            "a vector; VGG-19 has 143,667,240.",
            "ResNet (2015): blocks with a shortcut, y = F(x) + x. From 11,689,512 weights with 18 layers to 60,192,808 with 152.",
        ),
        (Shown("add", "A shortcut adds what a block was given to what it made of it."),),
        "File > New from starter has all of them; each opens, trains and can be changed. Ctrl+2 counts their weights layer by layer.",
    ),
    Idea(
        "training",
        "How a network learns",
        (
            "The loss says how wrong the scores of a batch are; its gradient says for every weight which way makes it worse. "
            "Gradient descent takes a small step the other way, batch after batch.",
            "Momentum lets steps go on in the direction of those before, so that they do not zigzag across a valley. Weight "
            "decay pulls all weights towards zero a little. AlexNet used batches of 128, momentum 0.9 and decay 0.0005: "
            "Δw = 0.9 Δw(before) − 0.0005 η w − η ∂J/∂w, averaged over the batch. The term of the decay has a minus; where one "
            "reads a plus, it would push weights away from zero.",
            "PyTorch keeps the rate η outside the momentum. Both forms give the same while η stays, and differ when it "
            "changes. The panel offers both.",
        ),
        (),
        "Under Training, More… has both forms of the rule and all else that decides how it learns.",
        "momentum",
    ),
    Idea(
        "rate",
        "The learning rate",
        (
            "Too small, and after all epochs the network has hardly moved. Too large, and each step lands on the other side of "
            "the valley, or leaves it: the loss rises, or becomes no number at all. Between them lies about a factor of "
            "a hundred in which it learns, and the best part is near the upper end.",
        ),
        (),
        "Ctrl+Shift+L trains a copy with a rising rate and marks where the loss falls fastest.",
        "learning-rate",
    ),
    Idea(
        "overfitting",
        "Overfitting",
        (
            "A network with many weights and few images learns the images themselves. Training accuracy goes on rising; "
            "on images that it never saw it stays, or falls. The gap between both curves is the measure.",
            "What helps: more images, or varied ones (augmentation); fewer weights (convolution instead of fully connected "
            "layers); dropout, which switches neurons off at random while it trains; weight decay; stopping early.",
        ),
        (Shown("dropout", "In training every number has this chance to become zero."),),
        "The plots mark where the gap opens. Run > Augmentation shows what each image can become.",
        "overfitting",
    ),
    Idea(
        "vanishing",
        "Vanishing gradients and shortcuts",
        (
            "On its way back a gradient is multiplied by the weights and slopes of every layer. Through many layers without "
            "shortcuts little of it arrives at the first ones, and they hardly learn: a deep plain network gets worse with "
            "depth, in training too.",
            "A shortcut hands its input on as it is, y = F(x) + x. The gradient goes back along it unchanged, so that early "
            "layers hear of the loss, and a block that is of no use can learn to do nothing.",
        ),
        (Shown("add", "y = F(x) + x"),),
        "Train plain18 and resnet18 on the same images and open Layers beside the curves: gradient norms per layer.",
        "vanishing-gradients",
    ),
    Idea(
        "transfer",
        "Transfer learning",
        (
            "Training on a million photographs takes weeks. Its first layers then know edges and colour blobs, which all "
            "images have; the later ones know more and more of the classes it was trained on. Much of that serves other tasks.",
            "What to transfer: the part that is general. When: if it helps, which training from scratch beside it shows; "
            "where it makes things worse one speaks of negative transfer. How: cut the classifier off, take what the layer "
            "before gives as a code of each image, and train a linear classifier on the codes; or put a new classifier in its "
            "place and go on training, all layers or the later ones.",
            "Few images like those of the source: a linear classifier on the codes. Few and very different ones: codes from "
            "somewhere earlier. Many alike: fine-tune everything. Many and very different: begin with the weights all the "
            "same, and fine-tune everything.",
        ),
        (),
        "Ctrl+Shift+W opens the wizard. It measures how far your images are from the source's and says what it advises, and "
        "why.",
        "transfer-amount",
    ),
    Idea(
        "looking",
        "Looking inside",
        (
            "Feature maps show where a filter found what it looks for. Early ones answer to edges and colours anywhere; late "
            "ones to parts of things, or to nothing that one could name. A map that is zero for every image is dead weight.",
            "Where did it look? Grad-CAM weighs the maps of a layer by how much more of them would raise the score of a class. "
            "Occlusion covers one place after the other and watches the score fall. If the bright part is the background, the "
            "network has learned the background.",
        ),
        (),
        "Inspect (Ctrl+4) does all of this with your image and your network, also while a run waits.",
    ),
)  # fmt: skip
