"""Moving, linking, selecting and looking around with the mouse."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnn_studio.graph.edits import STEP
from cnn_studio.ui.canvas.palette_drag import layer_mime
from tests.helpers.canvas import CTRL, SHIFT, chain, key, layer, network, place, snapshot
from tests.helpers.ui import drag_and_drop, grab, hover, press_drag_release


def test_a_move_is_one_step_and_two_moves_are_two(show):
    view = show()
    start = layer(view, "C3")
    press_drag_release(view, place(view, "C3", 60), place(view, "C3", 60) + QPoint(150, 40), steps=12)
    first = layer(view, "C3")
    assert first.x - start.x == pytest.approx(150 / view.zoom, abs=2)
    assert first.y - start.y == pytest.approx(40 / view.zoom, abs=2)
    press_drag_release(view, place(view, "C3", 60), place(view, "C3", 60) + QPoint(50, 0), steps=12)
    view.context.stack.undo()
    assert layer(view, "C3") == first
    view.context.stack.undo()
    assert layer(view, "C3") == start


def test_a_card_snaps_to_its_neighbours_column(show):
    view = show()
    press_drag_release(view, place(view, "C3", 60), place(view, "C3", 60) + QPoint(5, 20))
    assert layer(view, "C3").x == 0
    assert layer(view, "C3").y > 3 * STEP


def test_escape_takes_a_move_back(show):
    view = show()
    before = snapshot(view)
    end = place(view, "C3", 60) + QPoint(150, 40)
    press_drag_release(view, place(view, "C3", 60), end, release=False)
    card = view.network.cards[layer(view, "C3").id]
    assert card.x() != layer(view, "C3").x
    key(view, Qt.Key.Key_Escape)
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=end)
    assert card.x() == layer(view, "C3").x
    assert snapshot(view) == before


def test_dragging_from_a_port_links(show):
    document = network(
        ("input", "input", (), {}),
        ("a", "conv2d", ("input",), {"kernel_size": 3, "padding": 1}),
        ("b", "conv2d", ("a",), {"kernel_size": 3, "padding": 1}),
        ("sum", "add", ("b",), {}),
    )
    view = show(document)
    press_drag_release(view, place(view, "a", 0, 27), place(view, "sum", 20, -10))
    document = view.context.document
    assert document.sources_of(layer(view, "sum").id) == [layer(view, "b").id, layer(view, "a").id]
    assert view.context.report().states[layer(view, "sum").id].shape == (16, 32, 32)
    view.context.stack.undo()
    assert document.sources_of(layer(view, "sum").id) == [layer(view, "b").id]


def test_a_link_that_would_close_a_circle_says_why_and_changes_nothing(show):
    document = network(
        ("input", "input", (), {}),
        ("first", "add", ("input",), {}),
        ("second", "relu", ("first",), {}),
    )
    view = show(document)
    before = snapshot(view)
    said = []
    view.message.connect(said.append)
    target = place(view, "first", 20)
    press_drag_release(view, place(view, "second", 0, 27), target, release=False)
    assert "circle" in view.bubble.text  # before the button is released
    QTest.mouseRelease(view.viewport(), Qt.MouseButton.LeftButton, pos=target)
    assert snapshot(view) == before
    assert len(said) == 1 and "circle" in said[0]
    assert view.context.stack.undo_label is None


def test_the_end_of_a_wire_can_be_taken_to_another_card(show):
    view = show()
    grip = place(view, "C3", 0, -27)
    press_drag_release(view, grip, place(view, "S4", 30))
    # S4 has its own input already: refused, and the wire is where it was
    assert chain(view)[2:5] == ["S2", "C3", "S4"]
    drag_and_drop(view, layer_mime("conv2d"), view, QPoint(80, 300))
    press_drag_release(view, grip, place(view, "conv1", 30))
    assert chain(view) == ["input", "C1", "S2", "conv1"]
    view.context.stack.undo()
    assert chain(view)[2:5] == ["S2", "C3", "S4"]


def test_ports_appear_under_the_mouse(show):
    view = show()
    card = view.network.cards[layer(view, "C1").id]
    plain = grab(view)
    hover(view, place(view, "C1", 50))
    assert card._ports == "io"
    assert (grab(view) != plain).any()
    hover(view, QPoint(5, 5))
    assert card._ports == ""


def test_a_rubber_band_selects_what_it_touches(show):
    view = show()
    press_drag_release(view, place(view, "C1", -200, -20), place(view, "C3", 30, 0))
    assert view.selection.ids == {layer(view, path).id for path in ("C1", "S2", "C3")}
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(10, 10))
    assert not view.selection.ids


def test_clicks_select_and_control_adds(show):
    view = show()
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place(view, "C1", 50))
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, CTRL, pos=place(view, "C3", 50))
    assert view.selection.ids == {layer(view, "C1").id, layer(view, "C3").id}
    assert view.selection.current == layer(view, "C3").id
    QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place(view, "C1", 50))
    assert view.selection.ids == {layer(view, "C1").id}


def test_selected_cards_move_together(show):
    view = show()
    view.selection.select({layer(view, "C1").id, layer(view, "S2").id})
    press_drag_release(view, place(view, "C1", 60), place(view, "C1", 60) + QPoint(200, 0))
    assert layer(view, "C1").x == layer(view, "S2").x > 150
    assert layer(view, "C3").x == 0


@pytest.mark.parametrize(
    ("button", "keys"),
    [(Qt.MouseButton.MiddleButton, Qt.KeyboardModifier.NoModifier), (Qt.MouseButton.LeftButton, SHIFT)],
)
def test_the_canvas_is_moved_by_hand(show, button, keys):
    view = show()
    before = snapshot(view)
    at = place(view, "C3")
    press_drag_release(view, at, at + QPoint(70, -40), button=button, keys=keys)
    assert (place(view, "C3") - at - QPoint(70, -40)).manhattanLength() <= 2
    assert snapshot(view) == before


def test_the_wheel_zooms_at_the_mouse(show):
    view = show()
    at = QPoint(200, 300)
    under = view.mapToScene(at)
    zoom = view.zoom
    event = QWheelEvent(
        QPointF(at),
        QPointF(view.viewport().mapToGlobal(at)),
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view.viewport(), event)
    assert view.zoom > zoom * 1.3
    now = view.mapToScene(at)
    assert abs(now.x() - under.x()) < 2 and abs(now.y() - under.y()) < 2
