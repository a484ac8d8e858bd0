"""What a module does beyond its layers' results: in training only, in hooks, with tensors that do not train."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812 - everybody's name for it

from cnn_studio.compiler import Traced, trace
from tests.helpers.imported import check_results

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


def read(act: Callable[..., Any], **parts: Any) -> Traced:
    return trace(nn.Sequential(nn.Conv2d(4, 4, 3), Block(act, **parts)), SIZE)


def skips_itself(m: Any, x: Tensor) -> Tensor:
    if m.training and torch.rand(1) < 0.5:
        return x
    return x.relu()


def pools_otherwise(m: Any, x: Tensor) -> Tensor:
    return F.avg_pool2d(x, 2) if m.training else F.max_pool2d(x, 2)


@pytest.mark.parametrize(
    ("act", "says"),
    [
        (lambda m, x: x * (torch.rand_like(x) > 0.1) if m.training else x, "acts in training only"),
        (lambda m, x: F.dropout(x, 0.5) if m.training else x, "acts in training only"),
        (skips_itself, "does something else in training than in predictions"),
        (pools_otherwise, "does something else in training than in predictions"),
    ],
)
def test_what_is_done_in_training_alone_is_said(act: Callable[..., Any], says: str) -> None:
    assert read(act).notes == (f"1 {says}; that was left out.",)


@pytest.mark.parametrize(
    "part", [nn.Dropout(0.3), nn.BatchNorm2d(4), nn.Sequential(nn.Dropout2d(0.2), nn.ReLU())]
)
def test_layers_that_know_training_need_no_word(part: nn.Module) -> None:
    assert read(lambda m, x: F.dropout(m.part(x), 0.5, m.training), part=part).notes == ()


def test_heads_that_are_left_out_are_named_once() -> None:
    def act(m: Any, x: Tensor) -> Tensor:
        scores: Tensor = m.body(x)
        return m.head(x) + scores if m.training else scores

    parts = {name: nn.Sequential(nn.Conv2d(4, 4, 1), nn.ReLU()) for name in ("body", "head")}
    traced = trace(nn.Sequential(Block(act, **parts)), SIZE)
    assert traced.left_out == ("0.head",)
    assert [note.partition(" ")[0] for note in traced.notes] == ["0.head", "0"]


def test_a_buffer_in_the_place_of_a_parameter_is_not_trained() -> None:
    part = Block(lambda m, x: x * m.gain)
    part.register_buffer("gain", torch.rand(4, 1, 1))
    document = trace(nn.Sequential(nn.Conv2d(4, 4, 3), part, nn.BatchNorm2d(4, affine=False)), SIZE).document
    trains = {layer.path: layer.trainable for layer in document.layers.values()}
    assert trains == {"input": True, "0": True, "1.gain": False, "2": True}


def test_a_layer_that_is_frozen_in_part_is_named() -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU())
    module[0].bias.requires_grad_(False)
    traced = trace(module, SIZE)
    assert traced.document.layer_at("0").trainable
    assert traced.notes == (
        "0.bias is held fixed in the module; here a layer trains as a whole, and so does it.",
    )


def test_hooks_of_the_whole_network_count() -> None:
    module = nn.Sequential(nn.Conv2d(4, 4, 3), nn.Flatten())
    module.register_forward_pre_hook(lambda _module, given: (given[0] * 2 - 1,))
    module.register_forward_hook(lambda _module, _given, result: result / 3)
    document = trace(module, SIZE).document
    assert [layer.type for layer in document.layers.values()] == [
        "input", "scale_shift", "conv2d", "flatten", "scale_shift",
    ]  # fmt: skip
    check_results(module, document, SIZE, images=2)


def test_shared_weights_behind_different_padding_stay_shared() -> None:
    def act(m: Any, x: Tensor) -> Tensor:
        scores: Tensor = m.twice(F.pad(m.twice(x), (1, 1, 0, 0))).flatten(1)
        return scores

    module = nn.Sequential(Block(act, twice=nn.Conv2d(4, 4, 3)))
    document = trace(module, SIZE).document
    check_results(module, document, SIZE, images=2)
    tied = [layer for layer in document.layers.values() if layer.tied_to is not None]
    assert [layer.tied_to for layer in tied] == [document.paths["0.twice"]]
