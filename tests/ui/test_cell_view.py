import numpy as np
import pytest
from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtWidgets import QAbstractItemView

from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples
from tests.helpers.ui import as_array, events

CELL = QSize(90, 80)
KEY = Qt.Key


@pytest.fixture
def model():
    made = Samples()
    images = np.zeros((1_000, 1, 8, 8), np.uint8)
    images[:] = (np.arange(1_000) % 200 + 20).astype(np.uint8)[:, None, None, None]
    made.set_images(images, np.arange(1_000) % 10, tuple("0123456789"))
    return made


@pytest.fixture
def view(qtbot, model):
    made = ImageGrid(model)
    qtbot.addWidget(made)
    made.set_cell_size(CELL)
    made.resize(500, 330)
    made.show()
    events()
    return made


def test_cells_stand_in_rows_and_are_found_again(view):
    assert view.columns == view.viewport().width() // 90 == 5
    for number in (0, 1, 4, 5, 17, 999):
        index = view.model().index(number, 0)
        view.scrollTo(index)
        place = view.visualRect(index)
        assert view.viewport().rect().contains(place)
        assert view.indexAt(place.center()) == index
    assert not view.indexAt(QPoint(460, 10)).isValid(), "beside the last column"
    assert not view.visualRect(view.model().index(-1, 0)).isValid()


def test_the_scroll_bar_reaches_the_last_row_and_no_further(view, model):
    bar = view.verticalScrollBar()
    assert bar.maximum() == 200 * 80 - view.viewport().height()
    model.set_rows(np.arange(7))
    events()
    assert bar.maximum() == 0
    assert not view.indexAt(QPoint(3 * 90, 100)).isValid(), "the second row holds two"
    model.set_rows(np.zeros(0, np.int64))
    events()
    assert not view.indexAt(QPoint(5, 5)).isValid()
    view.grab()


def test_keys_walk(view, qtbot):
    view.setFocus()
    steps = [
        (KEY.Key_Right, 1),
        (KEY.Key_Down, 6),
        (KEY.Key_Up, 1),
        (KEY.Key_Up, 1),
        (KEY.Key_Left, 0),
        (KEY.Key_Left, 0),
        (KEY.Key_PageDown, 20),
        (KEY.Key_PageUp, 0),
        (KEY.Key_End, 999),
        (KEY.Key_Down, 999),
        (KEY.Key_Home, 0),
    ]
    for key, expected in steps:
        qtbot.keyClick(view, key)
        assert view.currentIndex().row() == expected
        assert view.viewport().rect().contains(view.visualRect(view.currentIndex()))


def test_a_click_chooses_and_a_rectangle_chooses_many(view, qtbot):
    at = view.visualRect(view.model().index(7, 0)).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert [index.row() for index in view.selectedIndexes()] == [7]
    view.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
    view.setSelection(
        view.visualRect(view.model().index(1, 0)).united(view.visualRect(view.model().index(7, 0))),
        view.selectionModel().SelectionFlag.ClearAndSelect,
    )
    assert sorted(index.row() for index in view.selectedIndexes()) == [1, 2, 6, 7]


def test_only_what_is_in_view_is_painted(view, model):
    view.verticalScrollBar().setValue(80 * 50)
    events()
    model._pixmaps.clear()
    pixels = as_array(view.viewport().grab())
    assert set(model._pixmaps) == set(range(250, 275))
    centre = view.visualRect(model.index(252, 0)).center()
    assert pixels[centre.y() - 10, centre.x(), 0] == 252 % 200 + 20


def test_scrolling_shows_what_a_fresh_paint_shows(view):
    for value in (33, 400, 380, 9_000, 0):
        view.verticalScrollBar().setValue(value)
        events()
        scrolled = as_array(view.viewport().grab())
        view.viewport().repaint()
        assert np.array_equal(scrolled, as_array(view.viewport().grab()))


def test_columns_follow_the_width(view):
    view.resize(290, 330)
    events()
    assert view.columns == 3
    assert view.verticalScrollBar().maximum() == 334 * 80 - view.viewport().height()


def test_a_million_cells_are_no_trouble(view, model):
    asked = []

    class Many(Samples):
        def rowCount(self, *given):
            asked.append(given)
            return 1_000_000

    many = Many()
    many.set_images(np.zeros((1, 1, 8, 8), np.uint8).repeat(2, 0), np.zeros(2, np.int64), ("0",))
    view.setModel(many)
    many.image_at = lambda row: row % 2
    events()
    view.verticalScrollBar().setValue(10**6)
    assert view.verticalScrollBar().value() == 10**6
    view.viewport().repaint()
    assert len(asked) < 2_000
    view.setModel(model)
