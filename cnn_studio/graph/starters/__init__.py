"""The starter networks: each opens, validates and trains as it is, and can be edited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import classics, densenet, inception, mobile
from cnn_studio.graph.starters.chain import ChainBuilder
from cnn_studio.graph.starters.resnet import BLOCKS, resnet
from cnn_studio.graph.starters.vgg import STAGES, vgg

__all__ = ["LARGE_SETTINGS", "STARTERS", "ChainBuilder", "Starter", "find_starter"]

_SMALL = {"optimizer": "adam", "batch_size": 64, "schedule": "cosine"}
LARGE_SETTINGS = {
    "optimizer": "adam",
    "learning_rate": 0.001,
    "batch_size": 32,
    "epochs": 10,
    "schedule": "cosine",
}
"""Training settings for networks made for ImageNet."""


@dataclass(frozen=True, slots=True)
class Starter:
    """A network to start from.

    Attributes:
        name: what ``cnn-studio new`` calls it.
        title: what the screen calls it.
        help: one sentence about it.
        build: makes a new document.
        settings: training settings that suit it, as a record.
        group: heading under which menus list it.
        classes: number of classes it is made for; 1000 are ImageNet's.
    """

    name: str
    title: str
    help: str
    build: Callable[[], NetworkDocument]
    settings: Mapping[str, Any] = field(default_factory=dict)
    group: str = ""
    classes: int = 10


def _large(group: str, name: str, title: str, help_: str, build: Callable[[], NetworkDocument]) -> Starter:
    return Starter(name, title, help_, build, LARGE_SETTINGS, group, classes=1000)


def _vggs() -> tuple[Starter, ...]:
    found = []
    for batch_norm in (False, True):
        for depth in STAGES:
            suffix, title = ("_bn", " with batch norm") if batch_norm else ("", "")
            help_ = f"3 × 3 convolutions and 2 × 2 max pools only; {depth} layers with weights{title and ', batch norm behind each convolution'}."
            build = partial(vgg, depth, batch_norm=batch_norm)
            found.append(_large("VGG", f"vgg{depth}{suffix}", f"VGG-{depth}{title}", help_, build))
    return tuple(found)


def _resnets() -> tuple[Starter, ...]:
    return tuple(
        _large("ResNet", f"resnet{depth}", f"ResNet-{depth}", _residual_help(depth), partial(resnet, depth))
        for depth in BLOCKS
    ) + tuple(
        _large(
            "Plain twins",
            f"plain{depth}",
            f"Plain-{depth}",
            f"ResNet-{depth} without its shortcuts, to see how gradients vanish with depth.",
            partial(resnet, depth, shortcuts=False),
        )
        for depth in BLOCKS
    )


def _residual_help(depth: int) -> str:
    kind = "blocks of two 3 × 3 convolutions" if depth < 50 else "bottlenecks of 1 × 1, 3 × 3 and 1 × 1"
    return f"{depth} layers with weights in {kind}, each with a shortcut: y = F(x) + x."


STARTERS: tuple[Starter, ...] = (
    Starter(
        "lenet5",
        "LeNet-5",
        "The network that read cheques in 1998: three convolutions, two trainable subsamplings, two fully "
        "connected layers.",
        classics.lenet5,
        {**_SMALL, "learning_rate": 0.005, "epochs": 20},
    ),
    Starter(
        "lenet5-1998",
        "LeNet-5 (1998)",
        "LeNet-5 with the connection table of the paper: each filter of C3 sees only some of the maps.",
        classics.lenet5_1998,
        {**_SMALL, "learning_rate": 0.005, "epochs": 20},
    ),
    Starter(
        "mlp",
        "Multilayer perceptron",
        "Fully connected layers only: what one used before convolution, to compare with.",
        classics.mlp,
        {**_SMALL, "learning_rate": 0.002, "epochs": 20},
    ),
    Starter(
        "small-cnn",
        "Small CNN",
        "Two 3 × 3 convolutions with max pooling and one hidden layer: small, modern, and good on digits.",
        classics.small_cnn,
        {**_SMALL, "learning_rate": 0.001, "epochs": 15},
    ),
    Starter(
        "inception-like",
        "Inception-like",
        "Two inception modules for small images: filters of several sizes side by side, their maps stacked.",
        inception.inception_like,
        {**_SMALL, "learning_rate": 0.002, "epochs": 10},
    ),
    _large(
        "AlexNet",
        "alexnet-2012",
        "AlexNet (2012)",
        "The network that won ImageNet in 2012, as published: two groups, local response norm, overlapping pools.",
        classics.alexnet_2012,
    ),
    _large(
        "AlexNet",
        "alexnet",
        "AlexNet",
        "AlexNet in one tower, as torchvision ships it.",
        classics.alexnet,
    ),
    *_vggs(),
    *_resnets(),
    _large(
        "Small and efficient",
        "squeezenet1_1",
        "SqueezeNet 1.1",
        "Fire modules of 1 × 1 and 3 × 3 filters: AlexNet's accuracy with a fiftieth of its parameters.",
        mobile.squeezenet1_1,
    ),
    _large(
        "Small and efficient",
        "mobilenet_v2",
        "MobileNet V2",
        "Inverted residuals with depthwise convolutions, made for telephones.",
        mobile.mobilenet_v2,
    ),
    _large(
        "Branches",
        "densenet121",
        "DenseNet-121",
        "Every layer of a block sees the maps of all layers before it.",
        densenet.densenet121,
    ),
    _large(
        "Branches",
        "googlenet",
        "GoogLeNet",
        "Nine inception modules: filters of several sizes side by side, and hardly any fully connected weights.",
        inception.googlenet,
    ),
)


def find_starter(name: str) -> Starter:
    """Return a starter by name.

    Raises:
        GraphError: there is none of that name; lists those there are.
    """
    for starter in STARTERS:
        if starter.name == name:
            return starter
    raise GraphError(f"There is no starter {name!r}; there are {', '.join(s.name for s in STARTERS)}.")
