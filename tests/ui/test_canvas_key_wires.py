"""Wires by keys, walking, and the list of keys."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import MoveLayers
from cnn_studio.graph.document import Link
from cnn_studio.ui.canvas import keys
from cnn_studio.ui.canvas.keys_dialog import KeysDialog
from cnn_studio.ui.canvas.tips import tip_at
from cnn_studio.ui.main_window import MainWindow
from tests.helpers.canvas import CTRL, SHIFT, key, layer, network, place, residual, snapshot
from tests.helpers.folding import two_stages
from tests.helpers.ui import events

K = Qt.Key
README = Path(__file__).parents[2] / "README.md"


def select(view, path):
    view.selection.select({layer(view, path).id})
    view.setFocus()


def chosen(view):
    return view.network.name_of(view.linker._chosen)


@pytest.fixture
def merge(show):
    """A chain with an addition at its end that waits for a second input."""
    conv = {"out_channels": 8, "kernel_size": 3, "padding": 1}
    return show(
        network(
            ("input", "input", (), {"channels": 8, "height": 16, "width": 16}),
            ("a", "conv2d", ("input",), conv),
            ("b", "conv2d", ("a",), conv),
            ("sum", "add", ("b",), {}),
            ("more", "concat", ("sum",), {}),
        )
    )


def test_a_wire_is_drawn_without_a_mouse(merge):
    view = merge
    select(view, "a")
    key(view, K.Key_L)
    assert view.linker.is_busy and chosen(view) == "sum"  # b has its input already
    assert "Enter links" in view.bubble.text
    key(view, K.Key_Down)
    assert chosen(view) == "more"
    key(view, K.Key_Up)
    assert chosen(view) == "sum"
    key(view, K.Key_Tab)
    assert chosen(view) == "more"
    key(view, K.Key_Backtab, SHIFT)
    assert chosen(view) == "sum"
    before = snapshot(view)
    key(view, K.Key_Return)
    assert not view.linker.is_busy and not view.bubble.text
    assert Link(layer(view, "a").id, layer(view, "sum").id, 1) in view.context.document.links()
    view.context.stack.undo()
    assert snapshot(view) == before


def test_a_wire_into_a_card(merge):
    view = merge
    select(view, "sum")
    key(view, K.Key_L, SHIFT)
    while chosen(view) != "input":
        key(view, K.Key_Up)
    key(view, K.Key_Enter)
    assert view.context.document.sources_of(layer(view, "sum").id) == [
        layer(view, "b").id,
        layer(view, "input").id,
    ]


@pytest.mark.parametrize("way_out", ["escape", "mouse", "undo"])
def test_a_wire_that_is_given_up_leaves_nothing(merge, way_out):
    view = merge
    select(view, "a")
    view.edit(view_command(view))
    items = len(view.network.items())
    before = snapshot(view)
    key(view, K.Key_L)
    assert len(view.network.items()) > items
    if way_out == "escape":
        key(view, K.Key_Escape)
        assert view.selection.ids  # Esc gave up the wire alone
    elif way_out == "mouse":
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(5, 5))
    else:
        view.context.stack.undo()
        before = snapshot(view)
    assert not view.linker.is_busy
    assert len(view.network.items()) == items
    assert snapshot(view) == before


def view_command(view):
    at = layer(view, "a")
    return MoveLayers(places={at.id: (at.x + 5, at.y)})


def test_keys_that_cannot_begin_a_wire_say_why(show):
    view = show()
    view.setFocus()
    key(view, K.Key_L)
    assert "Select the card" in view.bubble.text
    select(view, "C1")
    key(view, K.Key_L)  # in a chain all inputs are taken
    assert not view.linker.is_busy and "No card here could take that wire" in view.bubble.text
    select(view, "input")
    key(view, K.Key_L, SHIFT)
    assert "input has not exactly one open input" in view.bubble.text


def test_w_goes_through_the_wires_of_a_card_and_keys_act_on_them(show):
    view = show(residual())
    select(view, "a3")
    seen = []
    for _ in range(5):
        key(view, K.Key_W)
        link = view.selected_link
        seen.append((view.network.name_of(link.source), view.network.name_of(link.target)))
    assert seen == [("a2", "a3"), ("input", "a3"), ("a3", "b1"), ("a3", "down"), ("a2", "a3")]
    key(view, K.Key_W)
    key(view, K.Key_Delete)
    assert view.context.document.sources_of(layer(view, "a3").id) == [layer(view, "a2").id]
    view.context.stack.undo()
    select(view, "a3")
    key(view, K.Key_W)
    key(view, K.Key_Up)  # to the end that it comes from
    assert view.selection.current == layer(view, "a2").id


def test_the_end_of_a_selected_wire_goes_elsewhere_by_keys(merge):
    view = merge
    view.select_link(Link(layer(view, "b").id, layer(view, "sum").id))
    view.setFocus()
    key(view, K.Key_L)
    assert view.linker.is_busy
    while chosen(view) != "more":
        key(view, K.Key_Down)
    key(view, K.Key_Return)
    document = view.context.document
    assert document.sources_of(layer(view, "sum").id) == []
    assert layer(view, "b").id in document.sources_of(layer(view, "more").id)


def test_shift_and_arrows_select_on_the_way(show):
    view = show()
    select(view, "C1")
    key(view, K.Key_Down, SHIFT)
    key(view, K.Key_Down, SHIFT)
    assert view.selection.ids == {layer(view, path).id for path in ("C1", "S2", "C3")}
    assert view.selection.current == layer(view, "C3").id
    key(view, K.Key_G, CTRL)
    assert len(view.network.tree) == 1


def test_home_end_and_pages(show):
    view = show(None, 600, 400)
    view.setFocus()
    key(view, K.Key_End)
    assert view.selection.current == layer(view, "OUT").id
    top = view.seen().top
    key(view, K.Key_PageUp)
    assert view.seen().top < top - 200
    key(view, K.Key_Home)
    assert view.selection.current == layer(view, "input").id


def test_the_menu_key_opens_the_menu_of_the_selection(show):
    view = show()
    select(view, "C3")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(3, 3), QPoint(3, 3))
    QApplication.sendEvent(view.viewport(), event)
    events()
    menu = view.findChild(QMenu)
    assert any(action.text().startswith("Rename") for action in menu.actions())
    assert view.selection.ids == {layer(view, "C3").id}
    assert (menu.pos() - view.viewport().mapToGlobal(place(view, "C3"))).manhattanLength() < 400
    menu.close()


def test_every_action_of_the_table_is_one_of_the_canvas_and_the_other_way_round(show):
    view = show()
    names = [name for row in keys.TABLE for name in row.actions]
    assert len(names) == len(set(names))
    assert set(names) == set(view.operations.commands)
    combined = [key for row in keys.TABLE for found in row.actions.values() for key in found]
    assert len(combined) == len(set(combined)) == len(keys._by_keys())


@pytest.mark.parametrize(
    ("code", "modifiers", "expected"),
    [
        (K.Key_Plus, CTRL | SHIFT, "zoom_in"),
        (K.Key_Plus, CTRL | Qt.KeyboardModifier.KeypadModifier, "zoom_in"),
        (K.Key_Question, SHIFT, "help"),
        (K.Key_L, SHIFT, "link_into"),
        (K.Key_Delete, Qt.KeyboardModifier.NoModifier, "delete"),
        (K.Key_Enter, Qt.KeyboardModifier.KeypadModifier, "toggle_fold"),
        (K.Key_G, CTRL | SHIFT, "ungroup"),
        (K.Key_Delete, CTRL, None),
        (K.Key_Q, Qt.KeyboardModifier.NoModifier, None),
    ],
)
def test_keys_are_found_whatever_the_keyboard_needs_for_them(code, modifiers, expected):
    assert keys.action_of(QKeyEvent(QKeyEvent.Type.KeyPress, code, modifiers)) == expected


def test_the_readme_has_the_table():
    assert keys.as_markdown() in README.read_text(encoding="utf-8")


def test_a_key_shows_the_list_with_the_menus_of_the_window(qtbot):
    window = MainWindow(Session(), Preferences(welcomed=True))
    qtbot.addWidget(window)
    window.show()
    canvas = window.workspace.canvas
    canvas.setFocus()
    QTest.keyClick(canvas, K.Key_Question, SHIFT)
    dialog = canvas.findChild(KeysDialog)
    assert ("Blocks", "Ctrl+R", "Repeat the block") in dialog.rows
    assert ("Menus", "Ctrl+S", "Save") in dialog.rows
    dialog.close()
    window.actions_.all["keys"].trigger()
    assert len(canvas.findChildren(KeysDialog)) >= 1


def test_no_key_of_the_canvas_is_another_one_of_the_window(qtbot):
    window = MainWindow(Session(), Preferences(welcomed=True))
    qtbot.addWidget(window)
    same = {"search": "find_layer", "help": "keys"}
    taken = {
        shortcut.toString(): name for name, a in window.actions_.all.items() for shortcut in a.shortcuts()
    }
    for row in keys.TABLE:
        for name, found in row.actions.items():
            for combination in found:
                assert taken.get(combination, same.get(name, name)) == same.get(name, name), combination


def test_hovering_over_a_frames_name_says_what_the_block_comes_to(show):
    view = show(two_stages())
    box = view.network.frames.items["res"].box
    text = tip_at(view, QPointF(box.left + 30, box.top + 12))
    assert text.startswith("res: a block, 4 layers, 1,168 parameters")
    assert tip_at(view, QPointF(box.left - 300, box.top)) == ""
