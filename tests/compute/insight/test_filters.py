"""Filters as pictures, and how they moved."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_studio.compiler import lower
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.filters import (
    compare_filters,
    filter_layers,
    filter_pictures,
    filters_of,
    first_filters,
    sees_colours,
)
from cnn_studio.insight.maps import LookInside
from tests.helpers.looking import randomised
from tests.helpers.networks import chain


def test_zero_is_grey_and_the_largest_weight_white_or_black() -> None:
    weights = np.zeros((2, 1, 2, 2), np.float32)
    weights[0, 0] = [[1.0, -1.0], [0.5, 0.0]]
    weights[1, 0, 0, 0] = -0.1
    common, each = filter_pictures(weights), filter_pictures(weights, scale="each")
    assert common.pictures[0, 0].tolist() == [[255, 1], [192, 128]]
    assert common.pictures[1, 0, 0, 0] == 115 and each.pictures[1, 0, 0, 0] == 1
    assert common.limits.tolist() == [1.0, 1.0] and each.limits == pytest.approx([1.0, 0.1])
    assert (filter_pictures(np.zeros((1, 1, 2, 2))).pictures == 128).all()


def test_first_layers_are_in_colour_and_deeper_ones_by_channel() -> None:
    network = LookInside(find_starter("resnet18").build())
    paths = network.document.paths
    first, second = paths["conv1"], paths["layer1.0.conv1"]
    assert sees_colours(network, first) and not sees_colours(network, second)
    weights = filters_of(network, first)
    assert weights is not None
    pictures = filter_pictures(weights, colour=True)
    assert pictures.pictures.shape == (64, 7, 7, 3)
    red = np.abs(weights[5, 0]).argmax()
    shade = pictures.pictures[5, :, :, 0].ravel()[red]
    assert (shade > 128) == (weights[5, 0].ravel()[red] > 0)
    deeper = filters_of(network, second)
    assert deeper is not None
    assert filter_pictures(deeper).pictures.shape == (64, 64, 3, 3)
    with pytest.raises(ValueError, match="no colours"):
        filter_pictures(deeper, colour=True)
    assert first in filter_layers(network) and paths["fc"] not in filter_layers(network)


def test_a_grey_network_and_a_later_layer_of_three_channels_have_no_colours() -> None:
    grey = chain(
        (1, 8, 8),
        ("a", "conv2d", {"out_channels": 3, "kernel_size": 3}),
        ("b", "conv2d", {"out_channels": 3, "kernel_size": 3}),
        ("out", "flatten", {}),
    )
    network = LookInside(grey)
    assert not sees_colours(network, grey.paths["a"]) and not sees_colours(network, grey.paths["b"])
    padded = chain((3, 8, 8), ("pad", "pad2d", {}), ("a", "conv2d", {}), ("out", "flatten", {}))
    assert sees_colours(LookInside(padded), padded.paths["a"])


@pytest.mark.parametrize(
    ("type_id", "params", "shape"),
    [
        ("conv2d", {"out_channels": 4, "groups": 2, "kernel_size": 3}, (4, 3, 3, 3)),
        ("conv_transpose2d", {"out_channels": 4, "groups": 2, "kernel_size": 3}, (4, 3, 3, 3)),
        ("connection_conv2d", {"table": ((0, 1), (5,)), "kernel_size": 3}, (2, 6, 3, 3)),
    ],
)
def test_every_convolution_has_one_picture_per_output_map(
    type_id: str, params: dict[str, object], shape: tuple[int, ...]
) -> None:
    document = chain((6, 5, 5), ("conv", type_id, params), ("out", "flatten", {}))
    network = randomised(document)
    weights = filters_of(network, document.paths["conv"])
    assert weights is not None and weights.shape == shape
    own = network.runner.tensors(document.paths["conv"])["weight"].numpy()
    if type_id == "conv_transpose2d":
        assert np.array_equal(weights[3, 1], own[3 + 1, 1]), (
            "map 3 is the second of group 1, which sees maps 3 to 5"
        )
    if type_id == "connection_conv2d":
        assert np.array_equal(weights[1, 5], own[2]) and not weights[1, :5].any()


def test_units_behind_flattened_maps_are_laid_out_as_these() -> None:
    document = chain(
        (1, 4, 5), ("flat", "flatten", {}), ("drop", "dropout", {}), ("fc", "linear", {"out_features": 3})
    )
    network = randomised(document)
    weights = filters_of(network, document.paths["fc"])
    assert weights is not None and weights.shape == (3, 1, 4, 5)
    own = network.runner.tensors(document.paths["fc"])["weight"].numpy()
    assert np.array_equal(weights.reshape(3, -1), own)


@pytest.mark.parametrize(("name", "seed"), [("lenet5", 0), ("resnet18", 7)])
def test_first_filters_are_those_with_which_a_run_begins(name: str, seed: int) -> None:
    document = find_starter(name).build()
    begun = lower(document, seed=seed).state_dict()
    trained = randomised(document)
    for layer_id in filter_layers(trained):
        layer = document.layer(layer_id)
        first = first_filters(trained, layer_id, seed)
        assert first is not None
        if layer.type == "conv2d":
            assert np.array_equal(first, begun[f"{layer.path}.weight"].numpy())
        assert not np.array_equal(first, filters_of(trained, layer_id))
    assert first_filters(trained, trained.input) is None


def test_before_and_after_share_a_scale() -> None:
    before = np.zeros((2, 1, 1, 2), np.float32)
    before[:, 0, 0, 0] = 1.0
    after = before.copy()
    after[1, 0, 0, 1] = 2.0
    change = compare_filters(before, after)
    assert change.moved.tolist() == [0.0, 2.0]
    assert change.before.limits.tolist() == change.after.limits.tolist() == [2.0, 2.0]
    assert np.array_equal(change.before.pictures[0], change.after.pictures[0])
    assert change.after.pictures[1, 0, 0].tolist() == [192, 255]
    with pytest.raises(ValueError, match="cannot be compared"):
        compare_filters(before, after[:1])
