"""Cuts by depth: ends of blocks where there are some near, layers otherwise."""

from __future__ import annotations

import pytest

from cnn_studio.graph.cutting import CutPoint, list_cuts, shapes_of
from cnn_studio.graph.depths import cut_at_depth, last_of_blocks
from cnn_studio.graph.starters import find_starter


def point(number: int, path: str, position: float) -> CutPoint:
    return CutPoint(number, path, (8, 4, 4), position)


def test_blocks_end_with_their_last_layer() -> None:
    cuts = [point(1, "stem", 0.1), point(2, "a.conv", 0.3), point(3, "a.relu", 0.4), point(4, "b.conv", 0.8)]
    assert [cut.path for cut in last_of_blocks(cuts)] == ["a.relu", "b.conv"]
    found = cut_at_depth(cuts, 0.5)
    assert found is not None and found.path == "a.relu"


def test_far_from_all_ends_of_blocks_a_layer_is_taken() -> None:
    cuts = [point(at, f"features.{at}", at / 10) for at in range(1, 11)]
    found = cut_at_depth(cuts, 0.5)
    assert found is not None and found.path == "features.5"


def test_of_layers_at_one_depth_the_last_is_taken() -> None:
    cuts = [point(1, "conv", 0.5), point(2, "relu", 0.5), point(3, "pool", 0.5), point(4, "end", 1.0)]
    found = cut_at_depth(cuts, 0.6)
    assert found is not None and found.path == "pool"
    assert cut_at_depth([], 0.5) is None


@pytest.mark.parametrize("name", ["resnet18", "vgg16", "lenet5"])
@pytest.mark.parametrize("depth", [0.0, 0.3, 2 / 3, 1.0])
def test_real_networks_have_a_cut_near_every_depth(name: str, depth: float) -> None:
    cuts = list_cuts(shapes_of(find_starter(name).build()))
    found = cut_at_depth(cuts, depth)
    assert found is not None and found in cuts
    nearest = min(abs(cut.position - depth) for cut in cuts)
    assert abs(found.position - depth) <= max(0.15, nearest)
