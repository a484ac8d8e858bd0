"""Dragging from the palette, dropping, and the quick search."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import STEP
from cnn_studio.ui.canvas.palette_drag import layer_mime
from tests.helpers.canvas import CTRL, chain, key, layer, overlapping_cards, place, residual, snapshot
from tests.helpers.ui import Drag, drag_and_drop, events, grab


def test_dropping_on_a_wire_inserts_and_one_undo_takes_it_back(show):
    view = show()
    before = snapshot(view)
    taken = drag_and_drop(view, layer_mime("relu"), view, place(view, "C1", 4, STEP / 2))
    assert taken
    assert chain(view)[:4] == ["input", "C1", "relu1", "S2"]
    assert layer(view, "S2").y == 3 * STEP
    assert view.selection.ids == {layer(view, "relu1").id}
    view.context.stack.undo()
    assert snapshot(view) == before
    assert view.context.stack.undo_label is None


def test_while_dragging_the_gap_opens_and_the_shapes_to_come_are_shown(show):
    view = show()
    before = snapshot(view)
    plain = grab(view)
    drag = Drag(layer_mime("max_pool2d"))
    assert drag.move(view, place(view, "C1", 30, STEP / 2))
    s2 = view.network.cards[layer(view, "S2").id]
    assert s2.y() == layer(view, "S2").y + STEP
    wire = next(w for k, w in view.network.wires.items() if k.source == layer(view, "S2").id)
    assert wire._preview.text == "6×7×7"
    assert "5 × 5 filter" in view.bubble.text  # C5 would not fit any more
    drag.leave()
    assert s2.y() == layer(view, "S2").y
    assert view.bubble.text == ""
    assert snapshot(view) == before
    assert (grab(view) == plain).all()


def test_dropping_on_empty_canvas_adds_a_layer_by_itself(show):
    view = show()
    at = QPoint(60, 200)
    spot = view.mapToScene(at)
    assert drag_and_drop(view, layer_mime("dropout"), view, at)
    new = layer(view, "dropout1")
    assert (new.x, new.y) == pytest.approx((spot.x(), spot.y()))
    assert not view.network.wiring.of_card(new.id)


def test_dropping_below_the_end_appends_and_moves_the_output_mark(show):
    view = show()
    assert drag_and_drop(view, layer_mime("softmax"), view, place(view, "OUT", 10, 55))
    assert chain(view)[-2:] == ["OUT", "softmax1"]
    assert view.context.document.info.output == layer(view, "softmax1").id


def test_a_drop_that_cannot_be_says_why_before(show):
    view = show()
    before = snapshot(view)
    drag = Drag(layer_mime("input"))
    assert not drag.move(view, place(view, "C1", 0, STEP / 2))
    assert "is an input; nothing can be linked into it" in view.bubble.text
    assert not drag.drop(place(view, "C1", 0, STEP / 2))
    assert snapshot(view) == before


def test_a_drop_into_a_shortcut_stands_beside_the_block(show):
    view = show(residual(), 1200, 1200)
    view.fit()
    link = next(k for k in view.network.wires if k == Link(layer(view, "input").id, layer(view, "a3").id, 1))
    lane, top, bottom = view.network.wires[link].route.lane
    at = view.mapFromScene(QPointF(lane, (top + bottom) / 2))
    assert drag_and_drop(view, layer_mime("batch_norm"), view, at)
    new = layer(view, "bn1")
    assert view.context.document.sources_of(new.id) == [layer(view, "input").id]
    assert not overlapping_cards(view)


def test_foreign_drags_are_not_taken(show):
    view = show()
    mime = layer_mime("no_such_layer")
    assert not drag_and_drop(view, mime, view, place(view, "C1", 0, STEP / 2))


def test_a_chosen_type_goes_behind_the_selected_layer(show):
    view = show()
    view.selection.select({layer(view, "S2").id})
    view.append_layer("relu")
    assert chain(view)[2:5] == ["S2", "relu1", "C3"]
    view.append_layer("dropout")
    assert chain(view)[2:6] == ["S2", "relu1", "dropout1", "C3"]


def test_with_nothing_selected_a_layer_goes_in_front_of_the_classifier(show):
    for type_id, name, expected in (
        ("dropout", "dropout1", ["F6", "dropout1", "OUT"]),
        ("linear", "fc1", ["F6", "fc1", "OUT"]),
        ("dropout2d", "dropout1", ["C5", "dropout1", "flatten", "F6", "OUT"]),
    ):
        view = show()
        view.append_layer(type_id)
        assert chain(view)[-len(expected) :] == expected
        assert view.context.document.info.output == layer(view, "OUT").id
        assert view.context.report().ok
        assert view.selection.current == layer(view, name).id


def test_what_troubles_the_layers_behind_it_still_goes_where_it_can_work(show):
    view = show()
    view.append_layer("conv2d")  # each map of LeNet has just the size that the layers behind it need
    assert chain(view)[-6:] == ["S4", "conv1", "C5", "flatten", "F6", "OUT"]
    assert view.context.report().states[layer(view, "conv1").id].shape == (16, 3, 3)


def test_without_a_classifier_a_layer_goes_to_the_end(show):
    view = show()
    view.selection.select({layer(view, path).id for path in ("flatten", "F6", "OUT")})
    view.operations.delete()
    view.selection.clear()
    view.append_layer("relu")
    assert chain(view)[-2:] == ["C5", "relu1"]


def test_building_from_nothing_marks_the_output(show):
    view = show(NetworkDocument())
    for type_id in ("input", "conv2d", "relu", "flatten", "linear"):
        view.append_layer(type_id)
    assert chain(view) == ["input", "conv1", "relu1", "flatten1", "fc1"]
    assert view.context.report().ok


def test_inserting_at_a_place_is_like_a_drop_there(show):
    view = show()
    at = layer(view, "C3")
    view.insert_at(QPointF(at.x, at.y + STEP / 2), "tanh")
    assert chain(view)[3:6] == ["C3", "tanh1", "S4"]


def test_the_quick_search_inserts_what_is_typed(show):
    view = show()
    view.selection.select({layer(view, "C1").id})
    key(view, Qt.Key.Key_K, CTRL)
    search = view.inserter.search
    assert search.isVisible()
    QTest.keyClicks(search.field, "leaky")
    QTest.keyClick(search.field, Qt.Key.Key_Return)
    events()
    assert chain(view)[1:4] == ["C1", "relu1", "S2"]
    assert layer(view, "relu1").type == "leaky_relu"
    assert view.inserter.search is None


def test_a_double_click_on_the_ground_opens_the_search(show):
    view = show()
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(80, 300))
    assert view.inserter.search is not None and view.inserter.search.isVisible()
    QTest.keyClick(view.inserter.search.field, Qt.Key.Key_Escape)
    assert not view.inserter.search.isVisible()
