"""Max pooling before ReLU gives what ReLU before max pooling gives, and the same gradients, bit by bit."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch import Tensor, fx, nn

from cnn_studio.compiler import lower
from cnn_studio.engine.pool_first import pool_first
from cnn_studio.graph.starters import find_starter


def traced(*layers: nn.Module) -> fx.GraphModule:
    return fx.symbolic_trace(nn.Sequential(*layers))


def order(module: nn.Module) -> list[str]:
    assert isinstance(module, fx.GraphModule)
    return [
        type(module.get_submodule(str(node.target))).__name__
        for node in module.graph.nodes
        if node.op == "call_module"
    ]


def outcome(module: nn.Module, images: Tensor) -> tuple[Tensor, Tensor]:
    """Return result and gradient of the images, under weights of the result that differ from place to place."""
    given_images = images.clone().requires_grad_()
    result = module(given_images)
    (result * torch.linspace(-1, 1, result.numel(), dtype=result.dtype).view_as(result)).sum().backward()
    assert given_images.grad is not None
    return result.detach(), given_images.grad


@given(
    st.integers(1, 9), st.integers(1, 9), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4), st.integers(1, 4),
    st.booleans(), st.booleans(), st.booleans(), st.sampled_from((torch.float32, torch.bfloat16)),
    st.integers(0, 2**31),
)  # fmt: skip
def test_both_orders_agree(
    height, width, rows, columns, down, right, padded, ceil_mode, channels_last, dtype, seed
):
    padding = (rows // 2, columns // 2) if padded else 0
    pool = nn.MaxPool2d((rows, columns), (down, right), padding, ceil_mode=ceil_mode)
    images = torch.randint(-3, 4, (2, 3, height, width), generator=torch.Generator().manual_seed(seed))
    images = images.to(dtype)  # few values, so that many are equal
    if channels_last:
        images = images.to(memory_format=torch.channels_last)
    try:
        expected = outcome(nn.Sequential(nn.ReLU(), pool), images)
    except RuntimeError:
        assume(False)  # the window does not fit
    module = pool_first(traced(nn.ReLU(), pool))
    assert order(module) == (["MaxPool2d", "ReLU"] if max(down, right) > 1 else ["ReLU", "MaxPool2d"])
    for found, wanted in zip(outcome(module, images), expected, strict=True):
        assert torch.equal(found, wanted)


def test_what_is_no_number_stays_none():
    images = torch.tensor([[[[-1.0, float("nan")], [2.0, float("inf")]]]])
    plain = traced(nn.ReLU(), nn.MaxPool2d(2, 2))
    assert plain(images).isnan() and pool_first(plain)(images).isnan()


@pytest.mark.parametrize(
    "layers",
    [
        (nn.ReLU(), nn.MaxPool2d(2, 1)),
        (nn.ReLU(), nn.MaxPool2d(2, 2, padding=1, dilation=3)),
        (nn.LeakyReLU(), nn.MaxPool2d(2, 2)),
        (nn.ReLU(), nn.AvgPool2d(2, 2)),
        (nn.MaxPool2d(2, 2), nn.ReLU()),
    ],
    ids=["nothing saved", "a window of padding alone", "rounding makes equals", "an average", "already so"],
)
def test_other_orders_stay(layers):
    module = traced(*layers)
    assert pool_first(module) is module


def test_a_relu_that_others_read_too_stays_before_the_pooling():
    class Branched(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.relu, self.pool = nn.ReLU(), nn.MaxPool2d(2, 2)

        def forward(self, images: Tensor) -> Tensor:
            result = self.relu(images)
            found: Tensor = self.pool(result).sum() + result.sum()
            return found

    module = fx.symbolic_trace(Branched())
    assert pool_first(module) is module


@pytest.mark.parametrize("name", ["small-cnn", "alexnet", "resnet18"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_network_learns_the_same(name, precision):
    document = find_starter(name).build()
    plain = lower(document).to(memory_format=torch.channels_last)
    twin = copy.deepcopy(plain)
    exchanged = pool_first(twin)
    assert exchanged is not twin
    (entry,) = (layer for layer in document.layers.values() if layer.type == "input")
    shape = [entry.params[side] for side in ("channels", "height", "width")]
    images = torch.randn(2, *shape, generator=torch.Generator().manual_seed(3))
    for module in (plain, exchanged):
        torch.manual_seed(5)  # of dropout
        with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
            scores = module(images)
        scores.float().logsumexp(1).sum().backward()
    for (path, wanted), found in zip(plain.named_parameters(), twin.parameters(), strict=True):
        assert wanted.grad is not None and found.grad is not None, path
        assert torch.equal(found.grad, wanted.grad), path
