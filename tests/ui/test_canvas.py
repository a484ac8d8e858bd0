"""The canvas with real mouse, key and drop events on a real document."""

import json
from itertools import pairwise

import pytest
from psygnal import Signal
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from cnn_studio.core.commands import CommandStack
from cnn_studio.core.params import parse_values
from cnn_studio.graph.commands import SetOutput, SetParams
from cnn_studio.graph.document import DocumentChange, Layer, Link, NetworkDocument
from cnn_studio.graph.edits import STEP
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import ShapeEngine
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.card import fitting_subtitle
from cnn_studio.ui.canvas.menus import card_menu, wire_menu
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.canvas.view import CanvasView
from tests.helpers.ui import Drag, drag_and_drop, events, grab, hover, press_drag_release

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


class Context:
    """An open document, as the session offers it."""

    changed = Signal(DocumentChange)
    replaced = Signal()

    def __init__(self, document):
        self._take(document)

    def _take(self, document):
        self.document = document
        self.stack = CommandStack(document)
        self._shapes = ShapeEngine(document)
        document.changed.connect(self._pass_on)

    def _pass_on(self, change):
        self.changed.emit(change)

    def report(self):
        return self._shapes.report()

    def open(self, document):
        self._take(document)
        self.replaced.emit()


def network(*layers):
    """Return a document of (path, type, sources, parameters), arranged."""
    document = NetworkDocument()
    ids = {}
    for path, type_id, sources, params in layers:
        ids[path] = document.next_id
        values = parse_values(get_spec(type_id).params, params, path)
        document.put_layer(Layer(ids[path], path, type_id, values))
        for port, source in enumerate(sources):
            document.put_link(Link(ids[source], ids[path], port))
    document.change_info(output=ids[path])
    for layer_id, (x, y) in arrange(document).items():
        document.change_layer(layer_id, x=x, y=y)
    return document


def residual():
    conv = {"out_channels": 8, "kernel_size": 3, "padding": 1}
    half = {**conv, "stride": 2}
    return network(
        ("input", "input", (), {"channels": 8, "height": 16, "width": 16}),
        ("a1", "conv2d", ("input",), conv),
        ("a2", "conv2d", ("a1",), conv),
        ("a3", "add", ("a2", "input"), {}),
        ("b1", "conv2d", ("a3",), half),
        ("b2", "conv2d", ("b1",), conv),
        ("down", "conv2d", ("a3",), {"out_channels": 8, "kernel_size": 1, "stride": 2}),
        ("b3", "add", ("b2", "down"), {}),
        ("c1", "conv2d", ("b3",), conv),
        ("c2", "relu", ("c1",), {}),
        ("c3", "max_pool2d", ("b3",), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("c4", "avg_pool2d", ("b3",), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("c5", "concat", ("c2", "c3", "c4", "b3"), {}),
        ("flatten", "flatten", ("c5",), {}),
        ("out", "linear", ("flatten",), {}),
    )


def lenet():
    return find_starter("lenet5").build()


@pytest.fixture
def show(qtbot):
    def make(document=None, width=900, height=860):
        view = CanvasView(Context(document if document is not None else lenet()))
        qtbot.addWidget(view)
        view.animated = False
        view.resize(width, height)
        view.show()
        events()
        return view

    return make


def layer(view, path):
    return view.context.document.layer_at(path)


def place(view, path, dx=0.0, dy=0.0):
    """Return where in the viewport a card's centre is, moved by canvas units."""
    at = layer(view, path)
    return view.mapFromScene(QPointF(at.x + dx, at.y + dy))


def chain(view):
    """Return the paths from the input downwards, following the first link of each layer."""
    document = view.context.document
    here, found = document.layer_at("input"), ["input"]
    while document.outputs_of(here.id):
        here = document.layers[document.outputs_of(here.id)[0].target]
        found.append(here.path)
    return found


def label_of(view, source, target):
    ids = layer(view, source).id, layer(view, target).id
    return next(w.content.text for k, w in view.network.wires.items() if (k.source, k.target) == ids)


def snapshot(view):
    document = view.context.document
    return dict(document.layers), set(document.links()), document.info


def key(view, code, keys=Qt.KeyboardModifier.NoModifier):
    QTest.keyClick(view, code, keys)
    events()


# ------------------------------------------------------------------------------------------------- what it shows


def test_cards_and_wires_say_what_the_network_is(show):
    view = show()
    card = view.network.cards[layer(view, "C3").id]
    assert card.content.name == "C3"
    assert card.content.caption == "Conv 5×5"
    assert card.content.parameters == "2,416"
    assert label_of(view, "C1", "S2") == "6×28×28"
    out = view.network.cards[layer(view, "OUT").id]
    assert out.content.is_output and out.content.end.startswith("10")


def test_an_error_shows_where_it_is_and_who_waits(show):
    view = show()
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    assert view.network.cards[layer(view, "C5").id].content.badge.severity == "error"
    assert view.network.cards[layer(view, "C3").id].content.badge.severity == "warning"
    assert label_of(view, "S4", "C5") == "16×2×2"
    assert label_of(view, "C5", "flatten") == "waits for C5"
    assert label_of(view, "F6", "OUT") == "waits for C5"
    view.context.stack.undo()
    assert label_of(view, "F6", "OUT") == "84"
    assert view.network.cards[layer(view, "C5").id].content.badge is None


def test_an_edit_touches_only_what_it_changes(show):
    view = show()
    before = {path: view.network.cards[i] for path, i in view.context.document.paths.items()}
    contents = {path: card.content for path, card in before.items()}
    view.edit(SetParams(id=layer(view, "F6").id, changes={"out_features": 85}))
    changed = {path for path, card in before.items() if card.content is not contents[path]}
    assert changed == {"F6", "OUT"}
    assert all(view.network.cards[layer(view, path).id] is card for path, card in before.items())


def test_waiting_wires_follow_a_new_name(show):
    view = show()
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    view.renamer.open(layer(view, "C5").id)
    view.renamer.field.setText("fifth")
    QTest.keyClick(view.renamer.field, Qt.Key.Key_Return)
    assert label_of(view, "F6", "OUT") == "waits for fifth"


def test_another_document_takes_the_place(show):
    view = show()
    view.selection.select({layer(view, "C1").id})
    view.context.open(find_starter("mlp").build())
    assert {card.content.name for card in view.network.cards.values()} == {
        "input",
        "flatten",
        "fc1",
        "relu1",
        "fc2",
    }
    assert not view.selection.ids
    assert len(view.network.wires) == 4


def test_the_empty_canvas_says_what_to_do(show):
    view = show(NetworkDocument())
    assert view._hint.isVisible() and "palette" in view._hint.text()
    view.append_layer("input")
    assert not view._hint.isVisible()
    view.context.stack.undo()
    assert view._hint.isVisible()


# ------------------------------------------------------------------------------------------------ palette and drops


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
    assert not view.network.links_of(new.id)


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


# ------------------------------------------------------------------------------------------------------- mouse


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


# --------------------------------------------------------------------------------------------------------- keys


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


# ------------------------------------------------------------------------------------------------ seeing it all


def boxes(view):
    return {path: view.network.index.box(i) for path, i in view.context.document.paths.items()}


def overlapping_cards(view):
    found = sorted(boxes(view).items())
    return [(a, b) for n, (a, one) in enumerate(found) for b, other in found[n + 1 :] if one.meets(other)]


def labels_on_cards(view):
    return [
        (wire.content.text, path)
        for wire in view.network.wires.values()
        if wire.label_box is not None
        for path, box in boxes(view).items()
        if wire.label_box.meets(box)
    ]


def wires_through_cards(view):
    document = view.context.document
    return [
        (link, path)
        for link, wire in view.network.wires.items()
        for path, box in boxes(view).items()
        if document.paths[path] not in (link.source, link.target)
        if any(box.contains(x, y) for x, y in dense(wire.route.points()))
    ]


def dense(points):
    """Return places along a line, at most 4 units apart."""
    for (ax, ay), (bx, by) in pairwise(points):
        count = int(max(abs(bx - ax), abs(by - ay)) / 4) + 1
        yield from ((ax + (bx - ax) * n / count, ay + (by - ay) * n / count) for n in range(count + 1))


def test_arranging_a_residual_network_leaves_nothing_on_top_of_another(show):
    document = residual()
    for n, layer_id in enumerate(document.layers):
        document.change_layer(layer_id, x=40.0 * (n % 3), y=30.0 * n)
    view = show(document)
    assert overlapping_cards(view)
    before = snapshot(view)
    view.arrange()
    assert not overlapping_cards(view)
    assert not labels_on_cards(view)
    assert not wires_through_cards(view)
    view.context.stack.undo()
    assert snapshot(view) == before


def test_a_shortcut_goes_around_a_card_that_is_moved_into_it(show):
    view = show(residual(), 1200, 1200)
    view.fit()
    lane = next(w.route.lane for w in view.network.wires.values() if w.route.lane is not None)
    at = view.mapFromScene(QPointF(lane[0], (lane[1] + lane[2]) / 2))
    drag_and_drop(view, layer_mime("relu"), view, at + QPoint(-120, 0))
    press_drag_release(view, place(view, "relu1", 60), place(view, "relu1", 60) + QPoint(50, 0))
    assert not wires_through_cards(view)


def test_below_forty_percent_cards_are_tiles_without_shapes(show):
    view = show()
    view.set_zoom(0.5)
    at = view.mapFromScene(QPointF(layer(view, "C1").x + 90, layer(view, "C1").y))
    card = theme.qcolor("card").getRgb()[:3]
    assert tuple(grab(view)[at.y(), at.x(), :3]) == card
    view.set_zoom(0.35)
    at = view.mapFromScene(QPointF(layer(view, "C1").x + 90, layer(view, "C1").y))
    family = theme.qcolor("convolution").getRgb()[:3]
    picture = grab(view, "canvas-tiles")
    assert tuple(picture[at.y(), at.x(), :3]) == family
    # beside the wire, where the shape was, is nothing but ground and dots
    label = view.network.wires[Link(layer(view, "C1").id, layer(view, "S2").id)].label_box
    corner = view.mapFromScene(QPointF(label.left + 2, label.top + 2))
    end = view.mapFromScene(QPointF(label.right, label.bottom - 2))
    area = picture[corner.y() : end.y(), corner.x() : end.x(), :3].reshape(-1, 3)
    muted = theme.qcolor("muted").getRgb()[:3]
    assert abs(area.astype(int) - muted).sum(axis=1).min() > 60


def test_a_convolution_shows_its_padding_beside_a_long_count():
    metrics = style.fonts().detail_metrics
    room = style.CARD.width() - style.INSET - style.PADDING - metrics.horizontalAdvance("2,359,808") - 8
    text = fitting_subtitle(metrics, "512 filters · stride 1 · pad 1", room)
    assert text == "512 filters · s 1 · p 1"
    assert metrics.horizontalAdvance(text) <= room
    assert fitting_subtitle(metrics, "6 filters · stride 1", room) == "6 filters · stride 1"


def test_fit_shows_every_card(show):
    view = show(residual(), 500, 400)
    view.set_zoom(2.0)
    key(view, Qt.Key.Key_0, CTRL)
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert all(
        seen.contains(QPointF(box.left, box.top)) and seen.contains(QPointF(box.right, box.bottom))
        for box in boxes(view).values()
    )


def test_what_was_fitted_is_fitted_again_in_a_smaller_view(show):
    view = show(residual(), 900, 900)
    view.fit()
    view.resize(400, 350)
    events()
    seen = view.mapToScene(view.viewport().rect()).boundingRect()
    assert all(
        seen.contains(QPointF(box.left, box.top)) and seen.contains(QPointF(box.right, box.bottom))
        for box in boxes(view).values()
    )


def test_a_view_set_by_hand_keeps_its_zoom_and_its_middle_when_resized(show):
    view = show(residual(), 900, 600)
    view.zoom_in()
    view.pan(QPoint(40, 30))
    middle, zoom = view.mapToScene(450, 0), view.zoom
    view.resize(500, 500)
    events()
    assert view.zoom == zoom
    assert (view.mapToScene(250, 0) - middle).manhattanLength() < 2


def test_reveal_selects_and_centres(show, qtbot):
    view = show(residual(), 400, 300)
    view.animated = True
    view.reveal(layer(view, "out").id)
    assert view.selection.current == layer(view, "out").id
    middle = view.viewport().rect().center()
    qtbot.waitUntil(lambda: (place(view, "out") - middle).manhattanLength() < 6, timeout=2000)


def test_the_canvas_follows_the_theme(show):
    view = show()
    light = grab(view, "canvas-light")
    theme.manager().set_mode("dark")
    events()
    dark = grab(view, "canvas-dark")
    assert tuple(light[2, 2, :3]) == theme.qcolor("#eef0f4").getRgb()[:3]
    assert tuple(dark[2, 2, :3]) == theme.qcolor("#13151a").getRgb()[:3]
    at = place(view, "C1", 20)
    assert tuple(dark[at.y() - 2, at.x(), :3]) == theme.qcolor("#262a32").getRgb()[:3]


def test_cards_grow_with_the_text(show):
    view = show()
    zoom, width = view.zoom, place(view, "C1", 100).x() - place(view, "C1", -100).x()
    theme.manager().set_font_size(14.25)
    events()
    assert view.zoom == zoom
    assert place(view, "C1", 100).x() - place(view, "C1", -100).x() == pytest.approx(1.5 * width, abs=3)


def test_hovering_tells_the_whole_name_and_the_problem(show):
    view = show()
    assert get_spec("conv2d").help in view.operations.tool_tip(layer(view, "C1").id)
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    text = view.operations.tool_tip(layer(view, "C5").id)
    assert text.startswith("C5: Convolution") and "5 × 5 filter" in text


def test_the_output_mark_follows_the_document(show):
    view = show()
    view.edit(SetOutput(id=None))
    assert not any(card.content.is_output for card in view.network.cards.values())
