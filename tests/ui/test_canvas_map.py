"""The map in the corner, the zoom, and scrolling at the edges."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest

from cnn_studio.app.preferences import Preferences, load_preferences
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.main_window import MainWindow
from tests.helpers.canvas import CTRL, key, layer, place, residual
from tests.helpers.ui import Drag, events, grab, press_drag_release


@pytest.fixture
def small(show):
    """LeNet-5 in a view that shows some of it."""
    view = show(None, 500, 400)
    view.set_zoom(1.0)
    view.reveal(layer(view, "input").id)
    view.selection.clear()
    events()
    return view


def middle(view):
    return view.mapToScene(view.viewport().rect().center())


def on_map(view, path):
    """Where a card is on the map."""
    minimap = view.corner.minimap
    return minimap._to_map(view.network.index.box(layer(view, path).id)).center().toPoint()


def test_the_map_shows_only_while_the_network_is_larger_than_the_view(small):
    minimap = small.corner.minimap
    assert minimap.isVisible()
    small.fit()
    events()
    assert not minimap.isVisible()
    small.set_zoom(2.0)
    events()
    assert minimap.isVisible()
    small.corner.set_map_shown(False)
    assert not minimap.isVisible()


def test_a_click_on_the_map_brings_that_part_into_view(small):
    QTest.mouseClick(small.corner.minimap, Qt.MouseButton.LeftButton, pos=on_map(small, "F6"))
    events()
    assert abs(middle(small).y() - layer(small, "F6").y) < 8
    assert small.seen().contains(layer(small, "F6").x, layer(small, "F6").y)


def test_dragging_the_frame_moves_the_view_along(small):
    minimap = small.corner.minimap
    before = middle(small)
    start = minimap._to_map(small.seen()).center().toPoint()
    press_drag_release(minimap, start, start + QPoint(0, 40))
    moved = 40 / minimap._scales()[1]
    assert middle(small).y() - before.y() == pytest.approx(moved, rel=0.1)


def test_the_map_is_painted_when_the_network_changes_not_when_the_view_moves(small):
    minimap = small.corner.minimap
    grab(minimap)
    picture = minimap._picture.cacheKey()
    small.look_at(QPointF(0, 10_000))  # the frame tints what it lies on
    before = grab(minimap)
    assert minimap._picture.cacheKey() == picture
    small.edit(SetParams(id=layer(small, "C3").id, changes={"kernel_size": 20}))
    events()
    after = grab(minimap)
    assert minimap._picture.cacheKey() != picture
    error = theme.qcolor("error").getRgb()[:3]
    assert (after[..., :3] == error).all(axis=2).any() and not (before[..., :3] == error).all(axis=2).any()


def test_the_map_has_the_colours_of_the_layers_in_both_themes(small):
    minimap = small.corner.minimap
    for mode in ("light", "dark"):
        theme.manager().set_mode(mode)
        small.pan(QPoint(0, 2000))  # the frame is elsewhere
        small.look_at(QPointF(0, 10_000))
        events()
        at = on_map(small, "S2")
        expected = theme.qcolor("pooling").getRgb()[:3]
        assert tuple(grab(minimap)[at.y(), at.x(), :3]) == expected


def test_whether_there_is_a_map_is_remembered(qtbot):
    for wanted in (False, True):
        window = MainWindow(Session(), load_preferences())
        qtbot.addWidget(window)
        action = window.actions_.all["minimap"]
        assert action.isChecked() is (not wanted) is window.workspace.canvas.corner.shows_map
        action.trigger()
        assert load_preferences().minimap is wanted is window.workspace.canvas.corner.shows_map
    assert Preferences().minimap


def test_the_chip_says_the_zoom_and_offers_others(small):
    chip = small.corner.chip
    assert chip.text() == "100 %"
    entries = {action.text().split("\t")[0]: action for action in chip.menu().actions()}
    entries["50 %"].trigger()
    assert small.zoom == 0.5 and chip.text() == "50 %"
    entries["Fit"].trigger()
    assert chip.text() == f"{round(100 * small.zoom)} %"
    entries["100 %"].trigger()
    assert small.zoom == 1


def test_zooming_to_the_selection_shows_it_and_little_else(show):
    view = show(residual(), 700, 500)
    ids = {layer(view, path).id for path in ("b1", "b2", "down")}
    view.selection.select(ids)
    key(view, Qt.Key.Key_9, CTRL)
    seen = view.seen()
    boxes = [view.network.index.box(i) for i in ids]
    assert all(seen.contains(box.left, box.top) and seen.contains(box.right, box.bottom) for box in boxes)
    assert view.zoom > 0.8
    key(view, Qt.Key.Key_8, CTRL)
    assert view.zoom == 1
    view.selection.clear()
    key(view, Qt.Key.Key_9, CTRL)  # nothing is selected: everything
    assert view.zoom < 0.8


def test_a_card_dragged_to_the_edge_scrolls_the_canvas(small, qtbot):
    start = place(small, "C1", 40)
    edge = QPoint(start.x(), small.viewport().height() - 4)
    before = middle(small).y()
    press_drag_release(small, start, edge, release=False)
    assert middle(small).y() == before  # not at once
    qtbot.waitUntil(lambda: middle(small).y() > before + 150, timeout=5000)
    card = small.network.cards[layer(small, "C1").id]
    assert abs(small.mapFromScene(card.pos()).y() - edge.y()) < 30  # it stays under the mouse
    QTest.mouseRelease(small.viewport(), Qt.MouseButton.LeftButton, pos=edge)
    assert not small.scroller.is_running
    assert layer(small, "C1").y > before + 150


def test_escape_at_the_edge_ends_scrolling_and_takes_the_move_back(small, qtbot):
    start = place(small, "C1", 40)
    y, before = layer(small, "C1").y, middle(small).y()
    press_drag_release(small, start, QPoint(start.x(), 396), release=False)
    qtbot.waitUntil(lambda: middle(small).y() > before, timeout=5000)
    key(small, Qt.Key.Key_Escape)
    assert not small.scroller.is_running
    assert layer(small, "C1").y == y


def test_a_rubber_band_reaches_what_was_out_of_sight(small, qtbot):
    out = layer(small, "OUT").id
    press_drag_release(small, QPoint(5, 60), QPoint(300, 398), release=False)
    qtbot.waitUntil(lambda: out in small.selection.ids, timeout=8000)
    QTest.mouseRelease(small.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(300, 398))
    assert not small.scroller.is_running


def test_a_drag_from_the_palette_scrolls_too_but_not_in_passing(small, qtbot):
    before = middle(small)
    drag = Drag(layer_mime("relu"))
    drag.move(small, QPoint(3, 200))
    drag.move(small, QPoint(250, 200))  # in from the left
    assert not small.scroller.is_running and middle(small) == before
    drag.move(small, QPoint(250, 396))
    qtbot.waitUntil(lambda: middle(small).y() > before.y() + 60, timeout=5000)
    drag.leave()
    assert not small.scroller.is_running


def test_a_network_that_fits_has_no_map_and_a_long_one_is_wide_enough_to_hit(show):
    view = show(find_starter("resnet50").build(), 900, 700)
    view.folds.unfold_all()
    events()
    minimap = view.corner.minimap
    assert minimap.isVisible() and min(minimap.width(), minimap.height()) >= 40
    QTest.mouseClick(minimap, Qt.MouseButton.LeftButton, pos=on_map(view, "layer4.2.conv3"))
    events()
    face = view.network.cards[layer(view, "layer4.2.conv3").id]
    assert view.seen().contains(face.x(), face.y())
