"""Presets: each fits where it is put, under free names, as one step that undo takes back."""

from __future__ import annotations

import re

import pytest

from cnn_studio.core.commands import CommandStack
from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.presets import Preset, all_presets, find_preset, insert_preset
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.networks import chain, codes, content, join

PRESETS = [pytest.param(preset, id=preset.id) for preset in all_presets()]
HALVES = {"vgg_stage"} | {preset.id for preset in all_presets() if "pool2d" in preset.id}


def network(channels: int = 24, size: int = 33) -> NetworkDocument:
    return chain(
        (3, size, size),
        ("features.conv1", "conv2d", {"out_channels": channels, "kernel_size": 2}),
        ("features.relu1", "relu", {}),
        ("pool", "global_avg_pool", {}),
        ("flatten", "flatten", {}),
        ("fc", "linear", {"out_features": 5}),
    )


def preset_of(preset_id: str) -> Preset:
    found = find_preset(preset_id)
    assert found is not None
    return found


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("channels", [1, 24])
def test_behind_a_convolution_it_gives_a_network_that_runs(preset: Preset, channels: int) -> None:
    # windows of 3 × 3 at stride 2 cover maps of odd size
    document = network(channels, 34 if "overlapping" in preset.id else 33)
    before, old = content(document), set(document.layers)
    stack = CommandStack(document)
    stack.push(insert_preset(document, preset, after=document.paths["features.conv1"]))
    report = infer_shapes(document)
    assert report.ok, [problem.message for problem in report.problems]
    if channels > 1:
        assert all(problem.severity == "note" for problem in report.problems), report.problems
    new = [layer for layer in document.layers.values() if layer.id not in old]
    (source,) = document.sources_of(document.paths["features.relu1"])
    assert source in {layer.id for layer in new}
    shape = report.states[source].shape
    assert shape is not None
    assert shape[1] == (16 if preset.id in HALVES else 32)
    if preset.id not in {"vgg_stage", "dense_block", "inception"}:
        assert shape[0] == channels
    assert all(layer.path.startswith("features.") for layer in new), "both neighbours are in that block"
    places = {(layer.x, layer.y) for layer in document.layers.values()}
    assert len(places) == len(document.layers), "cards lie on each other"
    stack.undo()
    assert content(document) == before


@pytest.mark.parametrize("preset", PRESETS)
def test_on_a_link_at_the_end_and_loose(preset: Preset) -> None:
    document = network()
    link = Link(document.paths["features.conv1"], document.paths["features.relu1"])
    insert_preset(document, preset, link=link).apply(document)
    assert infer_shapes(document).ok
    end = chain((3, 32, 32), ("conv", "conv2d", {}))
    insert_preset(end, preset, after=end.paths["conv"]).apply(end)
    errors = [problem.code for problem in infer_shapes(end).problems if problem.severity == "error"]
    assert errors == ["output_not_vector"], "the output mark moved on"
    loose = NetworkDocument()
    insert_preset(loose, preset, at=(40.0, 60.0)).apply(loose)
    assert min(layer.y for layer in loose.layers.values()) == 60
    assert "input" not in {layer.type for layer in loose.layers.values()}
    assert set(codes(loose)) <= {"unconnected", "too_few_inputs", "no_input", "no_output"}


def test_names_are_made_free_and_channels_are_those_of_the_place() -> None:
    document = network()
    for _ in range(2):
        insert_preset(
            document, preset_of("squeeze_excitation"), after=document.paths["features.relu1"]
        ).apply(document)
    paths = set(document.paths)
    assert {"se1.fc1", "se1.multiply", "se2.fc1", "se2.multiply"} <= paths
    assert document.layer_at("se1.fc1").params["out_channels"] == 6
    gate = document.layer_at("se1.multiply")
    assert document.sources_of(gate.id)[1] == document.paths["se1.sigmoid"]
    insert_preset(document, preset_of("depthwise_conv"), after=document.paths["features.conv1"]).apply(
        document
    )
    added = document.layer_at("features.conv2")
    assert (added.params["groups"], added.params["out_channels"]) == (24, 24)
    assert infer_shapes(document).num_params(added.id) == 24 * 9 + 24


def test_a_layer_with_several_readers_feeds_them_through_the_preset() -> None:
    document = chain(
        (4, 8, 8), ("conv", "conv2d", {"out_channels": 4, "kernel_size": 1}), ("relu", "relu", {})
    )
    conv, relu = document.paths["conv"], document.paths["relu"]
    other = join(document, "other", "add", ["relu", "conv"])
    document.change_info(output=other.id)
    insert_preset(document, preset_of("pointwise_conv"), after=conv).apply(document)
    assert document.sources_of(relu) == [document.paths["conv1"]]
    assert document.sources_of(other.id) == [relu, document.paths["conv1"]]
    assert document.sources_of(document.paths["conv1"]) == [conv]


def test_wrong_places_are_refused() -> None:
    document = network()
    se = preset_of("squeeze_excitation")
    with pytest.raises(GraphError):
        insert_preset(document, se, after=999)
    with pytest.raises(GraphError, match="not there any more"):
        insert_preset(document, se, link=Link(1, 999))
    with pytest.raises(GraphError, match="not both"):
        insert_preset(document, se, after=1, link=next(iter(document.links())))


def test_descriptions_are_complete_and_ids_are_no_layer_types() -> None:
    ids = [preset.id for preset in all_presets()]
    assert len(set(ids)) == len(ids) >= 15
    assert not set(ids) & {spec.id for spec in all_specs()}
    for preset in all_presets():
        assert preset.title
        assert 1 <= len(re.findall(r"[.](?:\s|$)", preset.help)) <= 4
        assert preset.help.endswith(".")
