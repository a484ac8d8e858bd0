"""Presets and own blocks: dragged and chosen like layers, as one step, with the shapes that would follow."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import STEP
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas.palette_drag import layer_mime
from tests.helpers.canvas import chain, layer, overlapping_cards, place, residual, snapshot
from tests.helpers.ui import Drag, drag_and_drop, events, grab

RESIDUAL = "preset:basic_residual"


@pytest.fixture
def blocks(studio_home):
    """The user's own blocks, a residual unit and a stem with the network's input, emptied afterwards."""
    shelf = MyBlocks()
    document = find_starter("resnet18").build()
    report = infer_shapes(document)
    unit = [i for i, found in document.layers.items() if found.path.startswith("layer1.0.")]
    shelf.add(report, unit, "Unit")
    shelf.add(report, [document.layer_at("input").id, document.layer_at("conv1").id], "Stem")
    yield shelf
    for block in shelf.blocks:
        shelf.delete(block.key)


def test_a_block_dropped_on_a_wire_is_one_step_and_selected_whole(show):
    view = show()
    before = snapshot(view)
    assert drag_and_drop(view, layer_mime(RESIDUAL), view, place(view, "C1", 4, STEP / 2))
    document = view.context.document
    new = [found for found in document.layers.values() if found.path.startswith("residual1.")]
    assert len(new) == 7 and view.selection.ids == {found.id for found in new}
    assert view.blocks.current is not None and view.blocks.current.path == "residual1"
    assert view.selection.current == layer(view, "residual1.relu_2").id
    assert document.sources_of(layer(view, "S2").id) == [layer(view, "residual1.relu_2").id]
    assert layer(view, "residual1.conv1").params["out_channels"] == 6
    assert view.context.report().ok and not overlapping_cards(view)
    view.context.stack.undo()
    assert snapshot(view) == before and view.context.stack.undo_label is None


def test_while_dragging_all_its_cards_stand_in_the_gap_and_leave_no_trace(show):
    view = show()
    before, plain = snapshot(view), grab(view)
    drag = Drag(layer_mime("preset:vgg_stage"))
    assert drag.move(view, place(view, "C1", 30, STEP / 2))
    s2 = view.network.cards[layer(view, "S2").id]
    assert s2.y() == layer(view, "S2").y + 5 * STEP
    wire = next(w for key, w in view.network.wires.items() if key.source == layer(view, "S2").id)
    assert wire._preview.text == "64×7×7"
    assert "5 × 5" in view.bubble.text  # C5 would not fit any more
    assert drag.move(view, place(view, "C1", 30, 3 * STEP)), "the mouse is still in the gap"
    assert s2.y() == layer(view, "S2").y + 5 * STEP
    drag.leave()
    assert s2.y() == layer(view, "S2").y and snapshot(view) == before
    assert (grab(view) == plain).all()


@pytest.mark.parametrize(
    "key", [RESIDUAL, "preset:inception", "preset:squeeze_excitation", "preset:pointwise_conv"]
)
def test_into_a_shortcut_the_cards_stand_beside_the_block(show, key):
    view = show(residual(), 1200, 1200)
    view.fit()
    link = Link(layer(view, "input").id, layer(view, "a3").id, 1)
    lane, top, bottom = view.network.wires[link].route.lane
    at = view.mapFromScene(QPointF(lane, (top + bottom) / 2))
    assert drag_and_drop(view, layer_mime(key), view, at)
    assert not overlapping_cards(view)


def test_behind_a_layer_that_feeds_several_all_of_them_make_room(show):
    view = show(residual(), 1200, 1200)
    view.selection.select({layer(view, "b3").id})
    view.append_layer(RESIDUAL)
    document = view.context.document
    end = layer(view, "residual1.relu_2").id
    assert {link.target for link in document.outputs_of(end)} == {
        layer(view, p).id for p in ("c1", "c3", "c4", "c5")
    }
    assert not overlapping_cards(view)


def test_a_block_dropped_on_empty_canvas_stands_by_itself(show):
    view = show()
    drag = Drag(layer_mime(RESIDUAL))
    assert drag.move(view, QPoint(60, 200)) and drag.move(view, QPoint(70, 210))
    assert drag.drop(QPoint(70, 210))
    document = view.context.document
    assert not document.sources_of(layer(view, "residual1.conv1").id)
    assert document.info.output == layer(view, "OUT").id


def test_a_network_is_built_from_presets_alone(show):
    view = show(NetworkDocument())
    for key in (
        "input",
        "preset:conv_norm_relu",
        RESIDUAL,
        "preset:vgg_stage",
        "global_avg_pool",
        "flatten",
        "linear",
    ):
        view.append_layer(key)
    assert view.context.report().ok
    assert chain(view)[-1] == "fc1"


def test_a_folded_blocks_wire_takes_a_block_too(show):
    view = show(find_starter("resnet18").build())
    view.folds.fold("layer1", "layer2")
    wire = next(
        key
        for key in view.network.wires
        if view.network.name_of(key.source) == "layer1" and view.network.name_of(key.target) == "layer2"
    )
    view.select_link(wire)
    assert {link.source for link in view.selection.links} == {view.network.outlet(wire.source)}
    view.append_layer(RESIDUAL)
    end = layer(view, "residual1.relu_2").id
    targets = {link.target for link in view.context.document.outputs_of(end)}
    assert targets == {layer(view, "layer2.0.conv1").id, layer(view, "layer2.0.downsample.0").id}
    assert view.context.report().ok


def test_own_blocks_are_found_dragged_and_inserted_like_presets(show, blocks):
    view = show(find_starter("resnet18").build())
    view.selection.select({layer(view, "layer1.1.relu_1").id})
    view.open_search()
    search = view.inserter.search
    QTest.keyClicks(search.field, "unit")
    assert search.layers.types()[0] == "mine:unit"
    QTest.keyClick(search.field, Qt.Key.Key_Return)
    events()
    assert "unit1.conv1" in view.context.document.paths and view.context.report().ok
    view.context.stack.undo()
    assert drag_and_drop(view, layer_mime("mine:unit"), view, place(view, "conv1", 4, STEP / 2))
    assert "unit1.conv1" in view.context.document.paths


def test_a_block_with_an_input_of_its_own_goes_nowhere_but_on_empty_canvas(show, blocks):
    view = show()
    before = snapshot(view)
    drag = Drag(layer_mime("mine:stem"))
    assert not drag.move(view, place(view, "C1", 0, STEP / 2))
    assert "begins with an input of its own" in view.bubble.text
    drag.leave()
    assert snapshot(view) == before
    view.append_layer("mine:stem")
    assert "stem1.input" in view.context.document.paths


def test_a_block_that_was_deleted_meanwhile_is_no_longer_taken(show, blocks):
    view = show()
    mime = layer_mime("mine:unit")
    blocks.delete("unit")
    view.inserter.catalogue.blocks.reload()
    assert not drag_and_drop(view, mime, view, place(view, "C1", 0, STEP / 2))
    view.append_layer("mine:unit")
    assert view.context.stack.undo_label is None
