"""The receptive fields that are shown are those that gradients show, through every layer type and whole networks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.maps import LookInside
from cnn_studio.insight.regions import seen_by
from cnn_studio.insight.windows import Box, NeverSeen, never_seen, window_positions
from tests.helpers.looking import randomised, seen_by_gradient
from tests.helpers.networks import chain, join
from tests.helpers.strategies import fitting_params, input_shapes, maps

SMOOTH = [
    *(
        "conv2d",
        "connection_conv2d",
        "conv_transpose2d",
        "avg_pool2d",
        "sum_pool2d",
        "lp_pool2d",
        "subsampling",
    ),
    *(
        "adaptive_avg_pool2d",
        "global_avg_pool",
        "spatial_mean",
        "upsample",
        "crop2d",
        "pad2d",
        "pixel_shuffle",
    ),
    *("space_to_depth", "channel_shuffle", "chunk", "channel_slice", "permute", "reshape", "flatten"),
    *("batch_norm", "sigmoid", "softmax", "identity", "local_response_norm", "layer_norm", "group_norm"),
    *("instance_norm", "linear", "layer_scale", "scale_shift"),
]
"""Through them every cell in reach has an influence on results of positive weights: no maximum, no cut-off."""

NORMS = ("layer_norm", "group_norm", "instance_norm", "softmax")
"""In them gradients of different ways can cancel: two values that are normalised are ±1, whatever they were."""

WINDOWED = [spec.id for spec in all_specs() if spec.window is not None]


def some_cells(network: LookInside, layer_id: int, count: int, seed: int = 0) -> list[tuple[int, ...]]:
    shape = network.shape(layer_id)
    if network.layouts[layer_id] == "maps_last":
        shape = (shape[2], *shape[:2])
    rng = np.random.default_rng(seed)
    corner = tuple(n - 1 for n in shape)
    return [
        tuple(0 for _ in shape),
        corner,
        *(tuple(int(rng.integers(n)) for n in shape) for _ in range(count)),
    ]


def compare(network: LookInside, layer_id: int, cell: tuple[int, ...], exact: bool = True) -> None:
    shown, real = seen_by(network, layer_id, cell), seen_by_gradient(network, layer_id, cell)
    missing = real & ~shown.mask
    assert not missing.any(), "the gradient shows cells that the region has not"
    if exact:
        assert (shown.mask == real).all(), "the region has cells without a gradient"


@pytest.mark.parametrize("type_id", SMOOTH)
@settings(max_examples=30)
@given(data=st.data())
def test_regions_through_one_layer_are_those_of_the_gradient(type_id: str, data: st.DataObject) -> None:
    shape = data.draw(maps())
    params = data.draw(fitting_params(get_spec(type_id), (shape,)))
    if type_id == "linear":
        params |= {"over": "last", "activation": "none"}
    if type_id in ("scale_shift",):
        params["scale"] = 2.0
    if type_id == "local_response_norm":
        params |= {"alpha": 1.0, "beta": 0.5, "k": 1.0}
    document = chain(shape, ("layer", type_id, params), ("out", "flatten", {}))
    assume(infer_shapes(document).ok)
    network = randomised(document)
    for cell in some_cells(network, document.paths["layer"], 3):
        compare(
            network,
            document.paths["layer"],
            cell,
            exact=type_id not in NORMS and params.get("mode") != "bicubic",
        )


@pytest.mark.parametrize("type_id", [spec.id for spec in all_specs() if spec.id != "input"])
@settings(max_examples=10)
@given(data=st.data())
def test_no_region_lacks_a_cell_that_matters(type_id: str, data: st.DataObject) -> None:
    shapes = data.draw(input_shapes(get_spec(type_id)))
    assume(all(len(shape) == 3 for shape in shapes))
    params = data.draw(fitting_params(get_spec(type_id), shapes))
    if type_id == "linear":
        params["over"] = "last"
    document = chain(shapes[0], ("before", "conv2d", {"out_channels": shapes[0][0], "kernel_size": 1}))
    join(document, "layer", type_id, ["before"] * (1 if get_spec(type_id).max_inputs == 1 else 2), **params)
    join(document, "out", "flatten", ["layer"])
    document.change_info(output=document.paths["out"])
    assume(infer_shapes(document).ok)
    network = randomised(document)
    for cell in some_cells(network, document.paths["layer"], 2):
        compare(network, document.paths["layer"], cell, exact=False)


@settings(max_examples=60)
@given(data=st.data())
def test_regions_through_several_layers_and_a_shortcut(data: st.DataObject) -> None:
    """A residual block of drawn convolutions behind a drawn stem, then a pool."""
    channels, height, width = data.draw(maps(3, 16))

    def windowed(type_id: str) -> dict[str, Any]:
        params = data.draw(fitting_params(get_spec(type_id), ((channels, height, width),)))
        if type_id == "conv2d":
            params |= {"groups": 1, "out_channels": 4, "bias": True}  # a product with 0 has no gradient
        if type_id == "subsampling":
            params["activation"] = "none"  # the sum of a large window lies where squashing functions are flat
        return params

    document = chain((channels, height, width), ("stem", "conv2d", windowed("conv2d")))
    size = data.draw(st.sampled_from([1, 3, 5]))
    dilation = data.draw(st.integers(1, 2))
    groups = data.draw(st.sampled_from([1, 2, 4]))
    same = {"out_channels": 4, "kernel_size": size, "dilation": dilation, "padding": "same", "groups": groups}
    join(document, "left", "conv2d", ["stem"], **same)
    join(document, "act", "sigmoid", ["left"])
    merge = data.draw(st.sampled_from(["add", "concat", "multiply"]))
    join(document, "both", merge, ["act", "stem"])
    kind = data.draw(st.sampled_from(["avg_pool2d", "sum_pool2d", "subsampling"]))
    join(document, "pool", kind, ["both"], **windowed(kind))
    join(document, "out", "flatten", ["pool"])
    document.change_info(output=document.paths["out"])
    assume(infer_shapes(document).ok)
    network = randomised(document)
    for path in ("both", "pool"):
        for cell in some_cells(network, document.paths[path], 3):
            compare(network, document.paths[path], cell)


def _smooth_twin(document: NetworkDocument) -> NetworkDocument:
    """The same network with sums for maxima and sigmoids for ReLUs, so that every way has a gradient."""
    twin = document.copy()
    for layer in list(twin.layers.values()):
        if layer.type == "max_pool2d":
            params = {key: layer.params[key] for key in ("kernel_size", "stride", "padding", "ceil_mode")}
            twin.change_layer(layer.id, type="sum_pool2d", params=params)
        if layer.type == "relu":
            twin.change_layer(layer.id, type="softplus", params={"beta": 0.01})
    return twin


@pytest.mark.parametrize(
    ("name", "path"), [("resnet18", "layer2.0.relu"), ("lenet5", "C5"), ("googlenet", "")]
)
def test_regions_in_known_networks(name: str, path: str) -> None:
    document = find_starter(name).build()
    if not path:
        path = next(layer.path for layer in document.layers.values() if layer.type == "concat")
    network = LookInside(document)
    smooth = LookInside(_smooth_twin(document))
    layer_id = document.paths[path]
    for cell in some_cells(network, layer_id, 2):
        shown, real = seen_by(network, layer_id, cell), seen_by_gradient(smooth, layer_id, cell)
        assert shown.box == _box(real)


def _box(mask: np.ndarray) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


@pytest.mark.parametrize("type_id", WINDOWED)
@settings(max_examples=20)
@given(data=st.data())
def test_rows_never_seen_are_those_without_a_gradient(type_id: str, data: st.DataObject) -> None:
    shape = data.draw(maps(3))
    params = data.draw(fitting_params(get_spec(type_id), (shape,)))
    if type_id == "conv2d":
        params |= {"groups": 1}
    document = chain(shape, ("layer", type_id, params), ("out", "flatten", {}))
    assume(infer_shapes(document).ok)
    network = randomised(_without_maxima(document))
    seen = np.zeros(shape[1:], bool)
    layer_id = document.paths["layer"]
    for channel in range(network.shape(layer_id)[0]):  # with a table, no filter need see all maps
        for row in range(network.shape(layer_id)[1]):
            for column in range(network.shape(layer_id)[2]):
                seen |= seen_by_gradient(network, layer_id, (channel, row, column))
    found = never_seen(infer_shapes(document), layer_id)
    if len(found.rows) < shape[1] and len(found.columns) < shape[2]:
        assert found.rows == tuple(np.flatnonzero(~seen.any(axis=1)))
        assert found.columns == tuple(np.flatnonzero(~seen.any(axis=0)))
    else:
        assert not seen.any()


def _without_maxima(document: NetworkDocument) -> NetworkDocument:
    """A dilated maximum as a convolution of ones would see it."""
    layer = document.layer_at("layer")
    if layer.type != "max_pool2d":
        return document
    twin = document.copy()
    if layer.params["dilation"] == (1, 1):
        params = {key: layer.params[key] for key in ("kernel_size", "stride", "padding", "ceil_mode")}
        twin.change_layer(layer.id, type="sum_pool2d", params=params)
        return twin
    assume(not layer.params["ceil_mode"])
    params = {key: layer.params[key] for key in ("kernel_size", "stride", "padding", "dilation")}
    defaults = get_spec("conv2d").default_params()
    twin.change_layer(layer.id, type="conv2d", params={**defaults, **params, "out_channels": 1})
    return twin


def test_what_a_window_that_does_not_tile_leaves_out() -> None:
    document = chain((1, 8, 7), ("conv", "conv2d", {"kernel_size": 3, "stride": 3}), ("out", "flatten", {}))
    report = infer_shapes(document)
    assert never_seen(report, document.paths["conv"]) == NeverSeen((6, 7), (6,))
    sampled = chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 1, "stride": 2}), ("out", "flatten", {}))
    assert never_seen(infer_shapes(sampled), sampled.paths["conv"]) == NeverSeen((1, 3), (1, 3))
    assert not never_seen(infer_shapes(find_starter("lenet5").build()), 2)
    with pytest.raises(GraphError, match="out slides no window"):
        never_seen(report, document.paths["out"])


def test_positions_go_row_by_row() -> None:
    params = {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}
    document = chain((1, 9, 7), ("conv", "conv2d", params), ("out", "flatten", {}))
    places = window_positions(infer_shapes(document), document.paths["conv"])
    assert (places.rows, places.columns, len(places)) == (4, 3, 12)
    assert [(place.row, place.column) for place in places][:4] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert places[0].box == Box(-1, -1, 4, 4)
    assert places[4].box == Box(1, 1, 6, 6)
    assert places[-1].box == Box(5, 3, 10, 8)
    assert [place.column for place in places[1:3]] == [1, 2]
    with pytest.raises(IndexError, match="12 positions"):
        places[12]


def test_a_layer_beside_is_not_seen_and_one_between_is() -> None:
    document = chain((1, 8, 8), ("a", "conv2d", {"kernel_size": 3}), ("b", "conv2d", {"kernel_size": 3}))
    join(document, "beside", "relu", ["a"])
    join(document, "both", "concat", ["a", "beside"])
    join(document, "out", "flatten", ["b"])
    document.change_info(output=document.paths["out"])
    network = randomised(document)
    region = seen_by(network, document.paths["b"], (0, 1, 1), document.paths["a"])
    assert region.box == Box(1, 1, 4, 4) and region.num_cells == 9
    assert seen_by(network, document.paths["a"], (0, 1, 1), document.paths["b"]).box is None
