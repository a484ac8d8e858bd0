"""Keys and menus of the canvas."""

import json

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import STEP
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.canvas.menus import card_menu, wire_menu
from tests.helpers.canvas import (
    CTRL,
    chain,
    key,
    label_of,
    layer,
    overlapping_cards,
    place,
    residual,
    snapshot,
)


def test_delete_heals_the_chain(show):
    view = show()
    before = snapshot(view)
    view.selection.select({layer(view, "S2").id})
    key(view, Qt.Key.Key_Delete)
    assert chain(view)[:3] == ["input", "C1", "C3"]
    assert view.selection.ids == {layer(view, "C1").id}
    assert label_of(view, "C1", "C3") == "6×28×28"
    view.context.stack.undo()
    assert snapshot(view) == before


def test_delete_removes_a_selected_wire(show):
    view = show()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place(view, "C1", 0, STEP / 2))
    assert view.selected_link == Link(layer(view, "C1").id, layer(view, "S2").id)
    key(view, Qt.Key.Key_Delete)
    assert chain(view) == ["input", "C1"]
    assert view.selected_link is None


def test_arrows_walk_along_the_wires(show):
    view = show(residual())
    view.setFocus()
    key(view, Qt.Key.Key_Down)
    assert view.selection.current == layer(view, "input").id
    for _ in range(4):
        key(view, Qt.Key.Key_Down)
    assert view.selection.current == layer(view, "b1").id
    key(view, Qt.Key.Key_Left)
    assert view.selection.current == layer(view, "down").id
    key(view, Qt.Key.Key_Up)
    assert view.selection.current == layer(view, "a3").id


def test_a_name_that_is_refused_stays_in_the_field(show):
    view = show()
    view.selection.select({layer(view, "C1").id})
    key(view, Qt.Key.Key_F2)
    field = view.renamer.field
    field.setText("C3")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert view.renamer.field is field and field.text() == "C3"
    assert "There already is a layer 'C3'" in view.bubble.text
    field.setText("first")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert view.renamer.field is None
    assert layer(view, "first").type == "conv2d"
    assert view.network.cards[layer(view, "first").id].content.name == "first"


def test_a_double_click_renames_and_escape_leaves_the_name(show):
    view = show()
    QTest.mouseDClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place(view, "C1", -60, -8))
    field = view.renamer.field
    field.setText("other")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert view.renamer.field is None
    assert "C1" in view.context.document.paths
    assert view.context.stack.undo_label is None


def test_layers_are_copied_between_canvases(show):
    first, second = show(), show(find_starter("mlp").build())
    key(first, Qt.Key.Key_A, CTRL)
    first.selection.select({layer(first, path).id for path in ("C1", "S2", "C3")})
    key(first, Qt.Key.Key_C, CTRL)
    assert json.loads(QGuiApplication.clipboard().text())["layers"][0]["path"] == "C1"
    key(second, Qt.Key.Key_V, CTRL)
    document = second.context.document
    assert {"C1", "S2", "C3"} <= document.paths.keys()
    assert second.selection.ids == {layer(second, path).id for path in ("C1", "S2", "C3")}
    assert document.sources_of(layer(second, "C3").id) == [layer(second, "S2").id]
    assert layer(second, "C1").params == layer(first, "C1").params
    key(second, Qt.Key.Key_V, CTRL)
    assert {"C4", "S3"} <= document.paths.keys()  # names that are taken count on
    assert not overlapping_cards(second)
    second.context.stack.undo()
    second.context.stack.undo()
    assert "C1" not in document.paths


def test_cut_heals_and_duplicate_keeps_links(show):
    view = show()
    view.selection.select({layer(view, "S2").id})
    key(view, Qt.Key.Key_X, CTRL)
    assert chain(view)[:3] == ["input", "C1", "C3"]
    view.selection.select({layer(view, "C1").id, layer(view, "C3").id})
    key(view, Qt.Key.Key_D, CTRL)
    copies = sorted(view.selection.ids)
    assert view.context.document.sources_of(copies[1]) == [copies[0]]
    assert not overlapping_cards(view)


@pytest.mark.parametrize(
    "text", ["", "hello", "{}", '{"kind": "cnn-studio-layers"}', '{"kind": "cnn-studio-layers", "layers": 3}']
)
def test_other_text_is_not_pasted(show, text):
    view = show()
    before = snapshot(view)
    said = []
    view.message.connect(said.append)
    QGuiApplication.clipboard().setText(text)
    key(view, Qt.Key.Key_V, CTRL)
    assert len(said) == 1
    assert snapshot(view) == before


def test_the_card_menu_freezes_and_marks_the_output(show):
    view = show()
    view.selection.select({layer(view, "C1").id})
    entries = {action.text().split("\t")[0]: action for action in card_menu(view).actions()}
    entries["Freeze"].trigger()
    assert not layer(view, "C1").trainable
    assert view.network.cards[layer(view, "C1").id].content.is_frozen
    entries["Mark as output"].trigger()
    assert view.context.document.info.output == layer(view, "C1").id
    assert not view.network.cards[layer(view, "OUT").id].content.is_output
    assert view.network.cards[layer(view, "C1").id].content.is_output


def test_the_wire_menu_inserts_and_removes(show):
    view = show()
    link = Link(layer(view, "C1").id, layer(view, "S2").id)
    view.select_link(link)
    entries = {
        action.text().split("\t")[0]: action for action in wire_menu(view, link, QPoint(50, 50)).actions()
    }
    entries["Insert layer…"].trigger()
    QTest.keyClicks(view.inserter.search.field, "relu")
    QTest.keyClick(view.inserter.search.field, Qt.Key.Key_Return)
    assert chain(view)[1:4] == ["C1", "relu1", "S2"]
