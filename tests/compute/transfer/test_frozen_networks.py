"""What is frozen stays bit for bit in the networks that people transfer, and the rest learns as in plain PyTorch."""

import copy
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from cnn_studio.app.training import layer_plans
from cnn_studio.compiler import lower
from cnn_studio.core.randomness import derive_seed
from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import RunFinished, RunStarted
from cnn_studio.engine.loop import train
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.cutting import find_cut, shapes_of, with_head
from cnn_studio.transfer.opening import open_network

SIZE = 64
OWN = TrainSettings(
    optimizer="sgd", learning_rate=0.01, momentum=0.9, weight_decay=0.01, batch_size=4, epochs=2, schedule="constant"
)  # fmt: skip
NETWORKS = (
    "torchvision:alexnet",
    "torchvision:vgg11_bn",
    "torchvision:resnet18",
    "torchvision:mobilenet_v3_small",
    "timm:tf_efficientnet_lite0",
)


@cache
def start(name):
    """A network for small images with a head for three classes, and drawn weights."""
    document = open_network(name).document
    entry = next(layer for layer in document.layers.values() if layer.type == "input")
    document.change_layer(entry.id, params={"channels": 3, "height": SIZE, "width": SIZE})
    shapes = shapes_of(document)
    document = with_head(shapes, find_cut(shapes), ("a", "b", "c"))
    return document, lower(document, seed=1)


@cache
def pictures():
    rng = np.random.default_rng(0)
    parts = [
        ImagePart(rng.integers(0, 256, (count, 3, SIZE, SIZE), np.uint8), np.arange(count) % 3)
        for count in (8, 3)
    ]
    return ImageData("drawn", ("a", "b", "c"), *parts, None, (0.5,) * 3, (0.25,) * 3)


def plain_loop(module, frozen, kept):
    """Train as a careful script would: no gradient for what is frozen, its norms in evaluation mode."""
    data = pictures()
    for path in frozen:
        for param in module.get_submodule(path).parameters():
            param.requires_grad_(False)
    trained = [param for param in module.parameters() if param.requires_grad]
    optimizer = torch.optim.SGD(
        trained, lr=OWN.learning_rate, momentum=OWN.momentum, weight_decay=OWN.weight_decay
    )
    batches = Batches(data.train, data.mean, data.std, OWN.batch_size)
    drawn = [part for part in module.modules() if callable(getattr(part, "reseed", None))]
    step = 0
    for epoch in (1, 2):
        for images, labels in batches.epoch(OWN.seed, epoch):
            step += 1
            module.train()
            for path in (*frozen, *kept):
                for part in module.get_submodule(path).modules():
                    if isinstance(part, nn.BatchNorm2d):
                        part.eval()
            for number, part in enumerate(drawn):
                part.reseed(derive_seed(OWN.seed, epoch, step, number))
            optimizer.zero_grad()
            functional.cross_entropy(module(images), labels).backward()
            optimizer.step()
    return sum(param.numel() for param in trained)


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
def test_frozen_is_bit_identical_and_the_rest_moves_as_in_plain_pytorch(name):
    document, first = start(name)
    shapes = shapes_of(document)
    head = document.info.output
    weighted = [i for i in shapes.order if (shapes.num_params(i) or 0) > 0 and i != head]
    paths = {i: document.layer(i).path for i in weighted}
    norms = [i for i in weighted if document.layer(i).type == "batch_norm"]

    @settings(max_examples=4, deadline=None)
    @given(
        frozen=st.one_of(
            st.integers(0, len(weighted)).map(lambda count: set(weighted[:count])),
            st.sets(st.sampled_from(weighted)),
        ),
        kept=st.sets(st.sampled_from(norms)) if norms else st.just(set()),
    )
    def check(frozen, kept):
        own = document.copy()
        SetTraining(ids=tuple(frozen), trainable=False).apply(own)
        SetTraining(ids=tuple(kept), keep_statistics=True).apply(own)
        mine, other = copy.deepcopy(first), copy.deepcopy(first)
        events = list(train(mine, pictures(), OWN, RunControl(), plans=layer_plans(own)))
        assert isinstance(events[-1], RunFinished)
        assert events[-1].status == "done", events[-1].message
        num_trained = plain_loop(other, [paths[i] for i in frozen], [paths[i] for i in kept])
        (started,) = [event for event in events if isinstance(event, RunStarted)]
        assert started.trainable_params == num_trained
        assert started.total_params == sum(param.numel() for param in other.parameters())
        before, ended = first.state_dict(), other.state_dict()
        # the run ends with its best epoch's weights, the script with its last: both have moved
        after = events[-1].weights
        held = {paths[i] for i in frozen}
        moved = set()
        for key, value in before.items():
            path, _, tensor = key.rpartition(".")
            is_buffer = tensor in {"running_mean", "running_var", "num_batches_tracked"}
            if path in held or (is_buffer and path in {paths[i] for i in kept}):
                assert torch.equal(after[key], value), key
                assert torch.equal(ended[key], value), key
            elif not torch.equal(ended[key], value):
                moved.add(key)
        assert moved
        assert {key for key in moved if torch.equal(after[key], before[key])} == set()
        if events[-1].epoch == 2:
            for key in moved:
                torch.testing.assert_close(after[key], ended[key], rtol=1e-2, atol=1e-3, msg=key)

    check()
