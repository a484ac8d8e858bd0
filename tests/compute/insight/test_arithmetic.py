"""Cells written out add up to what the network computed, for every layer type that has a written form."""

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
from cnn_studio.insight.arithmetic import CellArithmetic, explain_cell, has_written_form
from cnn_studio.insight.maps import Look
from tests.helpers.looking import random_image, randomised
from tests.helpers.networks import chain, join
from tests.helpers.strategies import fitting_params, maps

WRITTEN = [spec.id for spec in all_specs() if has_written_form(spec.id)]
MERGES = ("add", "multiply", "subtract", "maximum", "concat")


def cells(look: Look, layer_id: int, count: int = 4, seed: int = 0) -> list[tuple[int, ...]]:
    """Some cells, the corners among them."""
    shape = look.layers[layer_id].shape
    rng = np.random.default_rng(seed)
    found = {tuple(0 for _ in shape), tuple(n - 1 for n in shape)}
    found |= {tuple(int(rng.integers(n)) for n in shape) for _ in range(count)}
    return sorted(found)


def check(look: Look, layer_id: int, cell: tuple[int, ...]) -> CellArithmetic:
    done = explain_cell(look, layer_id, cell)
    assert done.value == look.layers[layer_id].values[cell]
    assert done.total is not None
    assert done.steps[-1].value == done.total
    size = 1.0 if done.products is None else max(1.0, float(np.abs(done.products).sum()))
    assert done.total == pytest.approx(done.value, abs=1e-4 * size, rel=1e-4, nan_ok=True)
    if done.products is not None:
        assert done.weights is not None
        assert done.products == pytest.approx(done.patches[0].values * done.weights)
    return done


def _drawn(type_id: str, params: dict[str, Any], shape: tuple[int, int, int]) -> NetworkDocument:
    """The layer behind a trained norm, so that what it reads is not the image itself."""
    document = chain(shape, ("before", "batch_norm", {}), ("layer", type_id, params), ("out", "flatten", {}))
    assume(infer_shapes(document).ok)
    return document


@pytest.mark.parametrize("type_id", [name for name in WRITTEN if name not in MERGES])
@settings(max_examples=25)
@given(data=st.data())
def test_cells_of_every_kind_add_up(type_id: str, data: st.DataObject) -> None:
    shape = data.draw(maps())
    params = data.draw(fitting_params(get_spec(type_id), (shape,)))
    if type_id in ("linear", "layer_scale"):
        params["over"] = "last"
    document = _drawn(type_id, {k: v for k, v in params.items() if k in _keys(type_id)}, shape)
    network = randomised(document, data.draw(st.integers(0, 99)))
    look = network.look(random_image(network))
    layer_id = document.paths["layer"]
    for cell in cells(look, layer_id):
        check(look, layer_id, cell)


def _keys(type_id: str) -> set[str]:
    return {param.key for param in get_spec(type_id).params}


@settings(max_examples=150)
@given(data=st.data())
def test_convolutions_of_all_strides_paddings_dilations_and_groups_add_up(data: st.DataObject) -> None:
    channels, height, width = data.draw(maps())
    params = data.draw(fitting_params(get_spec("conv2d"), ((channels, height, width),)))
    groups = data.draw(st.sampled_from([n for n in range(1, channels + 1) if channels % n == 0]))
    params |= {"groups": groups, "out_channels": groups * data.draw(st.integers(1, 2))}
    document = _drawn("conv2d", params, (channels, height, width))
    network = randomised(document, 3)
    look = network.look(random_image(network))
    for cell in cells(look, document.paths["layer"]):
        done = check(look, document.paths["layer"], cell)
        patch = done.patches[0]
        assert patch.values.shape == (channels // groups, *params["kernel_size"])
        assert done.value == pytest.approx(done.products.sum() + (done.bias or 0.0), abs=1e-4)  # type: ignore[union-attr]
        if params["padding_mode"] == "zeros":
            assert (patch.values[:, patch.is_padding] == 0).all()


@pytest.mark.parametrize("type_id", MERGES)
@pytest.mark.parametrize("repeated", [False, True])
def test_merges_add_up_and_name_their_source(type_id: str, repeated: bool) -> None:
    document = chain((3, 6, 5), ("a", "conv2d", {"out_channels": 4, "kernel_size": 1}))
    join(document, "b", "conv2d", ["input"], out_channels=4, kernel_size=1)
    join(document, "gate", "global_avg_pool", ["b"])
    second = "gate" if repeated and type_id != "concat" else "b"
    join(document, "both", type_id, ["a", second])
    join(document, "out", "flatten", ["both"])
    document.change_info(output=document.paths["out"])
    network = randomised(document)
    look = network.look(random_image(network))
    for cell in cells(look, document.paths["both"], 20):
        done = check(look, document.paths["both"], cell)
        if type_id == "concat":
            assert done.winner is not None
            assert done.winner == ((0, cell) if cell[0] < 4 else (1, (cell[0] - 4, *cell[1:])))
            assert done.patches[0].source == document.paths["a" if cell[0] < 4 else "b"]
        if type_id == "maximum":
            assert done.winner is not None
            source = document.sources_of(document.paths["both"])[done.winner.port]
            assert look.layers[source].values[done.winner.cell] == pytest.approx(done.value)


def test_the_winner_of_max_pooling_is_the_cell_that_won() -> None:
    pool = {"kernel_size": 3, "stride": 2, "padding": 1}
    document = chain((2, 9, 9), ("pool", "max_pool2d", pool), ("out", "flatten", {}))
    network = randomised(document)
    look = network.look(random_image(network))
    for cell in cells(look, document.paths["pool"], 30):
        done = check(look, document.paths["pool"], cell)
        assert done.winner is not None
        assert look.layers[document.paths["input"]].values[done.winner.cell] == done.value


def test_all_cells_of_lenet_add_up() -> None:
    document = find_starter("lenet5").build()
    network = randomised(document)
    look = network.look(random_image(network))
    for layer_id in list(look.layers)[1:]:
        for cell in cells(look, layer_id, 6):
            check(look, layer_id, cell)


def test_what_has_no_written_form_says_so() -> None:
    document = chain((4, 6, 6), ("up", "upsample", {"mode": "bilinear"}), ("out", "flatten", {}))
    network = randomised(document)
    look = network.look(random_image(network))
    done = explain_cell(look, document.paths["up"], (1, 2, 3))
    assert done.total is None and done.steps == () and done.formula == ""
    assert done.note == "There is no written-out form of Upsample cells here."
    pixel = explain_cell(look, document.paths["input"], (1, 2, 3))
    assert pixel.total is None and "image itself" in pixel.note
    assert pixel.region.box == (2, 3, 3, 4)


def test_cells_that_are_not_there_and_layers_left_out_are_named() -> None:
    document = chain((1, 8, 8), ("conv", "conv2d", {"out_channels": 2}), ("out", "flatten", {}))
    network = randomised(document)
    image = random_image(network)
    with pytest.raises(IndexError, match=r"conv gives 2×6×6; it has no cell \(2, 0, 0\)"):
        explain_cell(network.look(image), document.paths["conv"], (2, 0, 0))
    alone = network.look(image, only={document.paths["conv"]})
    with pytest.raises(GraphError, match="input was not looked at"):
        explain_cell(alone, document.paths["conv"], (0, 0, 0))


def test_channels_last_cells_are_those_of_the_maps_shown() -> None:
    document = chain(
        (3, 4, 5),
        ("last", "permute", {"order": (1, 2, 0)}),
        ("mix", "linear", {"out_features": 7, "over": "last"}),
        ("act", "gelu", {}),
        ("scale", "layer_scale", {"layout": "vector", "init": 0.5}),
        ("first", "permute", {"order": (2, 0, 1)}),
        ("out", "flatten", {}),
    )
    network = randomised(document)
    look = network.look(random_image(network))
    assert look.layer("mix").shape == (7, 4, 5)
    assert look.layer("first").values == pytest.approx(look.layer("scale").values)
    for path in ("last", "mix", "act", "scale", "first"):
        for cell in cells(look, document.paths[path]):
            done = check(look, document.paths[path], cell)
            assert done.region.box == (cell[1], cell[2], cell[1] + 1, cell[2] + 1)
