"""Starters beside torchvision's networks: the same keys, and with the same weights the same logits."""

from __future__ import annotations

import pytest
import torch
import torchvision

from cnn_studio.compiler import lower
from cnn_studio.graph.starters import STARTERS, find_starter

SHARED = [starter.name for starter in STARTERS if hasattr(torchvision.models, starter.name)]
FAST = ("resnet18", "squeezenet1_1", "mobilenet_v2")


def test_every_family_is_there() -> None:
    assert len(SHARED) == 18
    assert set(FAST) < set(SHARED)


def agree(name: str) -> None:
    arguments = {"aux_logits": False, "init_weights": False} if name == "googlenet" else {}
    torch.manual_seed(1)
    theirs = getattr(torchvision.models, name)(weights=None, **arguments).eval()
    with torch.no_grad():
        for key, tensor in theirs.state_dict().items():
            if key.endswith("running_var"):
                tensor.uniform_(0.5, 1.5)
            elif key.endswith("running_mean"):
                tensor.normal_(0, 0.1)
    ours = lower(find_starter(name).build()).eval()
    ours.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.rand(2, 3, 224, 224, generator=torch.Generator().manual_seed(2))
    with torch.no_grad():
        expected, found = theirs(images), ours(images)
    assert float((expected - found).abs().max()) <= 1e-5 * max(1.0, float(expected.abs().max()))


@pytest.mark.parametrize("name", FAST)
def test_logits_are_those_of_torchvision(name: str) -> None:
    agree(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in SHARED if name not in FAST])
def test_logits_are_those_of_torchvision_for_the_large_ones(name: str) -> None:
    agree(name)
