"""What cannot be a document is refused in a sentence that says where, what, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it
from torch.nn.utils import prune

from cnn_studio.compiler import trace
from cnn_studio.core.errors import NetworkError

SIZE = (4, 8, 8)


class Block(nn.Module):
    """A part whose forward is given."""

    def __init__(self, act: Callable[..., Any], **parts: Any) -> None:
        super().__init__()
        self._act = act
        for name, part in parts.items():
            setattr(self, name, part)

    def forward(self, x: Tensor) -> Any:
        return self._act(self, x)


def network(act: Callable[..., Any], **parts: Any) -> nn.Module:
    return nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), Block(act, **parts))


def branching(m: Any, x: Tensor) -> Tensor:
    if x.sum() > 0:
        return x
    return -x


def inception_like(m: Any, x: Tensor) -> Tensor:
    x[:, 0] = 0
    return x


def stale(m: Any, x: Tensor) -> Tensor:
    flat = x.flatten(1)
    flat.relu_()
    return x + 1


KERNEL = nn.Parameter(torch.ones(4, 4, 1, 1))
WEIGHT = nn.Parameter(torch.ones(4, 4))
SHARED = {"a": nn.Conv2d(4, 4, 1, bias=False), "b": nn.Conv2d(4, 4, 1, bias=False, stride=2)}
SHARED["b"].weight = SHARED["a"].weight


@pytest.mark.parametrize(
    ("module", "says"),
    [
        (network(branching), ["1 cannot be opened", r"reads the values of a tensor \(torch.Tensor.__bool__\)"]),
        (network(lambda m, x: x * x.max().item()), ["1 cannot be opened", "reads the values"]),
        (network(lambda m, x: x / x.max()), [r"divides by torch.Tensor.max in 1, which mixes the images of a batch"]),
        (
            network(lambda m, x: torch.einsum("bchw,cd->bdhw", x, m.weight), weight=WEIGHT),
            ["1 cannot be opened", r"torch\.functional\.einsum is no layer", "Replace that part"],
        ),
        (network(lambda m, x: (x, x)), ["returns 2 results", "exactly one output"]),
        (network(lambda m, x: {"out": x}), ["returns a dict", "Wrap it"]),
        (network(lambda m, x: torch.zeros(2, 3)), ["comes from torch.zeros"]),
        (
            network(lambda m, x: F.conv2d(x, F.normalize(m.weight)[..., None, None]), weight=WEIGHT),
            ["takes its weight from .* of 1.weight", "parameters of the module as they are"],
        ),
        (
            network(lambda m, x: F.conv2d(x, (2 * m.weight).reshape_as(m.weight)), weight=KERNEL),
            ["takes its weight from .* of 1.weight"],
        ),
        (network(lambda m, x: x * m.gain, gain=nn.Parameter(torch.ones(1))), ["1.gain of shape", "one per channel"]),
        (network(lambda m, x: x + m.bias, bias=nn.Parameter(torch.ones(4, 1, 1))), ["adds the parameter 1.bias"]),
        (network(inception_like), ["1 cannot be opened", "changes a part of a tensor in place"]),
        (network(stale), ["after 1 changed a view of it in place", "inplace=False"]),
        (network(lambda m, x: x.reshape(-1, 8)), ["comes from torch.Tensor.reshape in 1, which mixes the images"]),
        (network(lambda m, x: x.transpose(0, 1).transpose(0, 1)), ["mixes the images of a batch"]),
        (network(lambda m, x: x[:, ::2]), ["a range of channels or a rectangle"]),
        (network(lambda m, x: torch.cat([x, x], dim=2)), ["joins along axis 2"]),
        (network(lambda m, x: x.mean(1, keepdim=True)), ["other axes than height and width"]),
        (network(lambda m, x: x.half().float()), ["torch.Tensor.half changes the numbers to float16"]),
        (network(lambda m, x: F.interpolate(x, size=11)), ["8 × 8 to 11 × 11", "whole factors"]),
        (network(lambda m, x: m.norm(x), norm=nn.BatchNorm2d(4, track_running_stats=False)), ["1.norm", "running"]),
        (network(lambda m, x: F.dropout(x, 0.5)), ["1 cannot", "drops values in predictions too", "training=self.training"]),
        (network(lambda m, x: F.interpolate(x, scale_factor=2.05, mode="bilinear")), [r"by 2\.05 × 2\.05", "whole factors"]),
        (network(lambda m, x: x / x.sigmoid()), ["divides by what a layer gives"]),
        (network(lambda m, x: m.weight - x, weight=nn.Parameter(torch.ones(8, 8))), ["subtracts from the parameter 1.weight"]),
        (network(lambda m, x: x * m.plain, plain=torch.ones(4, 1, 1)), ["neither a registered parameter nor computed"]),
        (network(lambda m, x: m.pruned(x), pruned=prune.random_unstructured(nn.Conv2d(4, 4, 1), "weight", 0.5)), ["1.pruned", "weight_mask"]),
        (nn.Sequential(nn.LazyConv2d(4, 3)), ["0.weight has no size yet", "Run the network once"]),
        (nn.Sequential(nn.Conv2d(4, 4, 3)).half(), ["0.weight", "float16", r"Convert the module with float\(\)"]),
        (network(lambda m, x: m.b(m.a(x)), **SHARED), ["1.a2 uses weights that another layer uses too"]),
        (network(lambda m, x: m.drop(x), drop=nn.AlphaDropout(0.2)), ["1.drop", "AlphaDropout drops with p = 0.2"]),
        (network(lambda m, x: m.pool(x)[0], pool=nn.MaxPool2d(2, return_indices=True)), ["1.pool", "places of the maxima"]),
        (network(lambda m, x: m.lstm(x.flatten(2))[0], lstm=nn.LSTM(64, 4, batch_first=True)), ["1.lstm", "lstm"]),
        (nn.Sequential(nn.Linear(5, 2)), ["0 cannot run on an image of 4 × 8 × 8", "Check the input size"]),
        (nn.Conv2d(4, 4, 3), ["under its own names", "needs a name"]),
        (nn.ModuleDict({"a b": nn.Conv2d(4, 4, 3)}), ["The network cannot run"]),
    ],
)  # fmt: skip
def test_what_is_no_layer_is_refused(module: nn.Module, says: list[str]) -> None:
    with pytest.raises(NetworkError) as caught:
        trace(module, SIZE)
    message = str(caught.value)
    assert all(re.search(words, message) for words in says), message
    assert "\n" not in message and message.endswith(".") and len(message) < 450


def test_names_that_a_document_cannot_have_are_named() -> None:
    module = nn.Sequential()
    module.add_module("conv 1", nn.Conv2d(4, 4, 3))
    with pytest.raises(NetworkError, match="'conv 1' is not made of the letters"):
        trace(module, SIZE)


class Outer(nn.Conv2d):
    """Has weights of its own and a part with weights."""

    def __init__(self) -> None:
        super().__init__(4, 4, 1)
        self.inner = nn.Conv2d(4, 4, 1)

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        return self.inner(super().forward(input))


def test_a_layer_inside_a_layer_cannot_keep_its_name() -> None:
    with pytest.raises(NetworkError, match=r"0\.inner has tensors of its own and parts with tensors too"):
        trace(nn.Sequential(Outer()), SIZE)


@pytest.mark.filterwarnings("ignore:.*script.*:Warning")
def test_a_scripted_module_is_refused() -> None:
    with pytest.raises(NetworkError, match="scripted module hides its parts"):
        trace(torch.jit.script(nn.Sequential(nn.ReLU())), SIZE)
    with pytest.raises(NetworkError, match="1 is a scripted module, which hides its parts"):
        trace(nn.Sequential(nn.Conv2d(4, 4, 3), torch.jit.script(nn.ReLU())), SIZE)


@pytest.mark.parametrize("size", [(4, 0, 8), (4, -1, 8), (4, 8), (1, 4, 8, 8)])
def test_an_image_has_three_sizes_above_zero(size: tuple[int, ...]) -> None:
    with pytest.raises(NetworkError, match="channels, height and width, each 1 or more"):
        trace(nn.Sequential(nn.Conv2d(4, 4, 3)), size)
