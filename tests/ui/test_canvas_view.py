"""Arranging, zooming, fitting and following the theme."""

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt

from cnn_studio.graph.commands import MoveLayers, RemoveLayer, SetOutput, SetParams
from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import STEP, new_layer
from cnn_studio.graph.registry import get_spec
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.card_paint import fitting_subtitle
from cnn_studio.ui.canvas.palette_drag import layer_mime
from cnn_studio.ui.canvas.tips import card_tip
from tests.helpers.canvas import (
    CTRL,
    boxes,
    key,
    labels_on_cards,
    layer,
    overlapping_cards,
    place,
    residual,
    snapshot,
    wires_through_cards,
)
from tests.helpers.ui import drag_and_drop, events, grab, press_drag_release


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


@pytest.mark.parametrize("is_deleted", [False, True], ids=["moved", "deleted"])
def test_a_wire_is_straight_again_when_nothing_is_in_its_way_any_more(show, is_deleted):
    view = show(residual(), 1200, 1200)
    wire = next(w for w in view.network.wires.values() if w.route.lane is None)
    source = view.context.document.layer(wire.link.source)
    free = [w.link for w in view.network.wires.values() if w.route.lane is None]
    new = new_layer(view.context.document, "relu", source.x, source.y + STEP / 2)
    view.edit(new)
    assert wire.route.lane is not None, "it goes around the card"
    if is_deleted:
        view.edit(RemoveLayer(id=new.id))
    else:
        view.edit(MoveLayers(places={new.id: (source.x + 900, source.y)}))
    assert [w.link for w in view.network.wires.values() if w.route.lane is None] == free


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
    assert get_spec("conv2d").help in card_tip(view, layer(view, "C1").id)
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    text = card_tip(view, layer(view, "C5").id)
    assert text.startswith("C5: Convolution") and "5 × 5 filter" in text


def test_the_output_mark_follows_the_document(show):
    view = show()
    view.edit(SetOutput(id=None))
    assert not any(card.content.is_output for card in view.network.cards.values())


def test_undo_of_another_direction_turns_the_wires_too(show):
    view = show(residual())
    view.operations.run_to("right")
    assert view.network.picture.direction == "right"
    view.context.stack.undo()
    assert view.context.view.direction == view.network.picture.direction == "down"
    assert not wires_through_cards(view) and not labels_on_cards(view)
    view.context.stack.redo()
    assert view.network.picture.direction == "right"
    assert not wires_through_cards(view) and not labels_on_cards(view)


def test_moving_everything_by_hand_turns_nothing(show):
    view = show(residual())
    view.selection.select(view.context.document.layers)
    press_drag_release(view, place(view, "a1", 60), place(view, "a1", 60) + QPoint(80, 30))
    assert view.network.picture.direction == "down"


def test_arranging_keeps_the_selected_card_in_view_and_the_zoom(show):
    view = show(residual(), 500, 400)
    view.set_zoom(0.9)
    view.selection.select({layer(view, "c5").id})
    view.context.document.change_layer(layer(view, "c5").id, x=700.0)
    view.arrange()
    assert view.zoom == 0.9
    assert view.seen().contains(layer(view, "c5").x, layer(view, "c5").y)
    view.selection.clear()
    view.arrange()
    assert view.zoom < 0.9  # without a selection everything is shown
