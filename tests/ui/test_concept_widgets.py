"""The widget that shows a concept picture, and the pop-up beside the mouse over the palette and the canvas."""

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QCursor, QHelpEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLineEdit

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.core.params import parse_values
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.registry import get_spec
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.catalogue import Catalogue
from cnn_studio.ui.canvas.layer_list import REASON_ROLE, TYPE_ROLE, LayerList
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.concepts.picture import ConceptPicture
from tests.helpers.ui import Drag, events, grab, hover


def ask(widget, at):
    """Let Qt ask for the tool tip at a place of a view."""
    QCursor.setPos(widget.viewport().mapToGlobal(at))
    events()
    wish = QHelpEvent(QEvent.Type.ToolTip, at, widget.viewport().mapToGlobal(at))
    QApplication.sendEvent(widget.viewport(), wish)
    events()


# --------------------------------------------------------------------------------------------------------- the picture


@pytest.fixture
def picture(qtbot):
    widget = ConceptPicture()
    qtbot.addWidget(widget)
    widget.resize(280, 170)
    return widget


def params(type_id, **changes):
    return parse_values(get_spec(type_id).params, changes, type_id)


def test_a_click_and_the_arrow_keys_move_the_window(picture, qtbot):
    assert picture.show_layer("conv2d", params("conv2d"), ((3, 8, 8),), (16, 6, 6))
    first = grab(picture)
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton)
    second = grab(picture)
    assert (first != second).any()
    qtbot.keyClick(picture, Qt.Key.Key_Right)
    assert (grab(picture) != second).any()
    qtbot.keyClick(picture, Qt.Key.Key_Left)
    qtbot.keyClick(picture, Qt.Key.Key_Left)
    assert (grab(picture) == first).all()
    for _ in range(36):
        qtbot.keyClick(picture, Qt.Key.Key_Space)
    assert (grab(picture) == first).all(), "after the last of 6 × 6 positions comes the first"


def test_a_position_stays_while_the_layer_is_the_same(picture, qtbot):
    picture.show_layer("max_pool2d", params("max_pool2d"), ((3, 8, 8),))
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton)
    moved = grab(picture)
    picture.show_layer("max_pool2d", params("max_pool2d"), ((3, 8, 8),))
    assert (grab(picture) == moved).all()
    picture.show_layer("max_pool2d", params("max_pool2d"), ((3, 9, 9),))
    assert picture.case.step == 0


def test_a_picture_without_positions_takes_no_keys(picture, qtbot):
    picture.show_layer("relu", params("relu"))
    before = grab(picture)
    qtbot.mouseClick(picture, Qt.MouseButton.LeftButton)
    assert (grab(picture) == before).all()
    assert picture.focusPolicy() == Qt.FocusPolicy.NoFocus and not picture.toolTip()


def test_it_is_described_in_words_and_follows_the_theme(picture):
    picture.show_layer("max_pool2d", params("max_pool2d"), ((3, 7, 7),))
    said = picture.accessibleDescription()
    assert "7 × 7" in said and "1 row and 1 column" in said
    light = grab(picture)
    theme.manager().set_mode("dark")
    assert (grab(picture) != light).any()
    assert not picture.show_layer("no_such_layer", {})
    assert picture.isHidden() and not picture.accessibleDescription()


# ---------------------------------------------------------------------------------------------------------- the pop-up


@pytest.fixture
def layers(qtbot, tmp_path):
    view = LayerList(Catalogue(MyBlocks(tmp_path)))
    qtbot.addWidget(view)
    view.resize(240, 2000)
    view.show()
    events()
    return view


def place_of(layers, type_id):
    model = layers.model()
    rows = [model.index(row, 0) for row in range(model.rowCount())]
    return layers.visualRect(next(index for index in rows if index.data(TYPE_ROLE) == type_id)).center()


def tip_of(layers):
    return layers._tip


def test_a_row_of_the_palette_is_explained_with_its_picture(layers):
    ask(layers, place_of(layers, "max_pool2d"))
    tip = tip_of(layers)
    assert tip.title == "Max pool" and tip.text == get_spec("max_pool2d").help
    assert tip.picture.case.type_id == "max_pool2d" and tip.picture.isVisible()
    assert tip.accessibleDescription().startswith(tip.text)
    ask(layers, place_of(layers, "relu"))
    assert tip.title == "ReLU" and tip.picture.case.type_id == "relu"
    assert not (tip.windowFlags() & Qt.WindowType.WindowStaysOnTopHint) and not tip.isActiveWindow()


def test_the_reason_why_a_type_does_not_fit_is_said_too(layers):
    layers.set_reasons({"conv2d": "A convolution needs maps."})
    assert any(layers.model().index(r, 0).data(REASON_ROLE) for r in range(layers.model().rowCount()))
    ask(layers, place_of(layers, "conv2d"))
    assert tip_of(layers).text.endswith("Not behind the selected layer: A convolution needs maps.")


def test_it_goes_when_the_mouse_leaves_the_row_and_stays_while_it_does_not(layers):
    at = place_of(layers, "tanh")
    ask(layers, at)
    tip = tip_of(layers)
    hover(layers, at + QPoint(5, 2))
    assert tip.isVisible()
    hover(layers, at + QPoint(0, 40))
    assert tip.isHidden()


@pytest.mark.parametrize("way", ["press", "wheel", "key", "escape"])
def test_it_goes_at_once(layers, way, qtbot):
    at = place_of(layers, "conv2d")
    ask(layers, at)
    tip, viewport = tip_of(layers), layers.viewport()
    assert tip.isVisible()
    if way == "press":
        qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=at)
    elif way == "wheel":
        none = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
        turn = QWheelEvent(
            QPointF(at),
            QPointF(viewport.mapToGlobal(at)),
            QPoint(),
            QPoint(0, -120),
            *none,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        )
        QApplication.sendEvent(viewport, turn)
    else:
        QTest.keyClick(layers, Qt.Key.Key_Escape if way == "escape" else Qt.Key.Key_Down)
    assert tip.isHidden()


def test_it_takes_no_focus_and_lets_typing_go_on(layers, qtbot):
    field = QLineEdit(layers)
    field.show()
    field.setFocus()
    events()
    ask(layers, place_of(layers, "conv2d"))
    assert QApplication.focusWidget() is field
    qtbot.keyClicks(field, "re")
    assert field.text() == "re" and tip_of(layers).isHidden()


def test_a_card_is_explained_with_its_own_numbers(show):
    view = show()
    layer = view.context.document.layer_at("C3")
    card = view.network.cards[layer.id]
    ask(view, view.mapFromScene(card.sceneBoundingRect().center()))
    tip = view.tips.tip
    assert tip.title == "C3: Convolution" and tip.text == get_spec("conv2d").help
    assert tip.picture.case.inputs == ((6, 14, 14),) and tip.picture.case.output == (16, 10, 10)
    view.edit(SetParams(id=layer.id, changes={"stride": (2, 2)}))
    ask(view, view.mapFromScene(card.sceneBoundingRect().center()))
    assert "does not tile" in tip.text and tip.picture.case.output == (16, 5, 5)
    view.selection.select({layer.id}, layer.id)
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert tip.isHidden() and view.selection.ids == {layer.id}, "Escape dismisses the tip and nothing else"
    QTest.keyClick(view, Qt.Key.Key_Escape)
    assert not view.selection.ids


def test_it_goes_when_something_is_dragged_over_the_canvas(show):
    view = show()
    at = view.mapFromScene(
        view.network.cards[view.context.document.layer_at("C1").id].sceneBoundingRect().center()
    )
    ask(view, at)
    assert view.tips.tip.isVisible()
    drag = Drag(layer_mime("relu"))
    drag.move(view, at)
    assert view.tips.tip.isHidden()
    drag.leave()


def test_it_lies_on_the_screen_wherever_the_card_is(show):
    view = show()
    area = view.screen().availableGeometry()
    for corner in (area.topLeft(), area.bottomRight() - QPoint(view.width(), view.height())):
        view.move(corner)
        events()
        for card in view.network.cards.values():
            ask(view, view.mapFromScene(card.sceneBoundingRect().center()))
            assert view.tips.tip.isVisible() and area.contains(view.tips.tip.geometry())
            view.tips.tip.hide()
