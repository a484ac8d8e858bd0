"""Something dragged from the palette: the gap that opens, the cards in it, and the shapes that would follow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEasingCurve, QMimeData, QPoint, QPointF, QVariantAnimation

from cnn_studio.graph.commands import AddLayer
from cnn_studio.graph.edits import CARD_HEIGHT, STEP
from cnn_studio.graph.paths import common_block
from cnn_studio.ui.canvas.card import CardItem
from cnn_studio.ui.canvas.card_index import BoxIndex
from cnn_studio.ui.canvas.catalogue import Entry
from cnn_studio.ui.canvas.content import CardContent, card_content, wire_content
from cnn_studio.ui.canvas.drop import DropPlan, Planner, Spot
from cnn_studio.ui.canvas.folding import name_within
from cnn_studio.ui.canvas.geometry import HALF_HEIGHT, HALF_WIDTH, card_box
from cnn_studio.ui.canvas.navigation import ANIMATION_MS
from cnn_studio.ui.canvas.wire import WireItem

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

LAYER_MIME = "application/x-cnn-studio-layer"

_WIRE_REACH = 16.0
_MOST_GHOSTS = 60  # of a larger block the first cards say enough
_GAP = STEP - CARD_HEIGHT
_BELOW = 80.0  # how far below the last card a drop still goes behind it


def layer_mime(key: str) -> QMimeData:
    """Return what a drag of an entry of the palette carries."""
    mime = QMimeData()
    mime.setData(LAYER_MIME, key.encode())
    return mime


def dragged_key(mime: QMimeData) -> str | None:
    """Return the key of the entry that a drag carries, or None if it carries something else."""
    if not mime.hasFormat(LAYER_MIME):
        return None
    return bytes(mime.data(LAYER_MIME).data()).decode("utf-8", "replace")


class PaletteDrag:
    """One drag of an entry of the palette over a canvas, from entering it to leaving or dropping."""

    def __init__(self, view: CanvasView, planner: Planner, entry: Entry) -> None:
        self._view = view
        self._planner = planner
        self._entry = entry
        self._spot: Spot | None = None
        self.plan: DropPlan | None = None
        self._ghosts: list[CardItem] = []
        self._wires: list[WireItem] = []
        self._moves: dict[int, tuple[float, float]] = {}  # cards that make room, and how far
        self._is_closed = False  # the cards are back in their places while the gap should be open
        self._opening = QVariantAnimation(view)
        self._opening.setDuration(ANIMATION_MS)
        self._opening.setStartValue(0.0)
        self._opening.setEndValue(1.0)
        self._opening.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._opening.valueChanged.connect(self._open_step)

    def move(self, at: QPoint) -> bool:
        """Show what a drop at a place of the viewport would do; return whether it is possible."""
        place = self._view.mapToScene(at)
        spot = self.spot_at(place)
        if spot.is_free and self._spot is not None and self._spot.is_free:
            self._spot = spot
            self.plan = self._planner.plan(self._view.context.report(), self._entry, spot)
        elif spot != self._spot:
            self._close()
            self._spot = spot
            self.plan = self._planner.plan(self._view.context.report(), self._entry, spot)
            if not self.plan.refusal:
                self._show(self.plan)
        elif self._is_closed:
            self._open_step(1.0)
        plan = self.plan
        if plan is None:
            return False
        if spot.is_free and self._ghosts:
            self._ghosts[0].setPos(place)
        # beside the card, which is either in its gap or, as the drag's picture, around the mouse
        center = self._ghosts[0].pos() if self._ghosts else place
        beside = self._view.mapFromScene(center + QPointF(HALF_WIDTH, -HALF_HEIGHT))
        self._view.bubble.say(
            plan.refusal or plan.trouble, beside, "error" if plan.refusal else "warning", stays=True
        )
        return plan.command is not None

    def end(self) -> None:
        """Take away all that the drag shows."""
        self._close()
        self._view.bubble.hide()

    # -------------------------------------------------------------------------------------------------- where it is

    def spot_at(self, place: QPointF) -> Spot:
        """Return where a drop at a place of the scene would put the layer."""
        x, y = place.x(), place.y()
        if self._is_in_gap(x, y) and self._spot is not None:
            return self._spot  # the gap is open: stay in it until the mouse leaves it
        network = self._view.network
        # as if nothing had made room: otherwise the wires would run away from the mouse
        self._restore()
        link = network.wire_at(x, y, _WIRE_REACH)
        card = network.card_at(x, y)
        if card is None and link is not None:
            links = network.picture.wires[link]
            return Spot(link=links[0], others=links[1:])
        if card is None:
            card = self._card_above(x, y)
        after = network.outlet(card) if card is not None else None
        if after is None:
            x, y = network.picture.to_document(x, y)
            return Spot(x=x, y=y)
        document = self._view.context.document
        found = document.outputs_of(after)
        if len(found) == 1 and document.info.output != after:
            return Spot(link=found[0])  # the same edit, so that the gap is the same one
        return Spot(after=after)

    def _is_in_gap(self, x: float, y: float) -> bool:
        if self._spot is None or self._spot.is_free:
            return False
        boxes = [card_box(ghost.x(), ghost.y()) for ghost in self._ghosts]
        return any(box.contains(x, y, 4.0) for box in boxes)

    def _card_above(self, x: float, y: float) -> int | None:
        """Return the card that a place is right behind: close to it, or less close where its chain ends there."""
        network = self._view.network
        index: BoxIndex = network.index
        if network.picture.direction == "right":
            x, y, index = y, x, network.index.turned
        for key, box in index.between(y - _BELOW, y).items():
            is_last = not any(wire.source == key for wire in network.wiring.of_card(key))
            reach = _BELOW if is_last else _GAP
            if box.bottom <= y <= box.bottom + reach and box.left < x < box.right:
                return key
        return None

    # ---------------------------------------------------------------------------------------------- what it shows

    def _show(self, plan: DropPlan) -> None:
        network = self._view.network
        direction = network.picture.direction
        if plan.report is None:
            card = CardItem(plan.new_ids[0], self._loose_card(plan), direction)
            card.setPos(*network.picture.to_view(plan.spot.x, plan.spot.y))
            self._add_ghost(card)
            return
        new = [plan.report.document.layers[layer_id] for layer_id in plan.new_ids]
        block = common_block([layer.path for layer in new]) if len(new) > 1 else ""
        for layer in new[:_MOST_GHOSTS]:
            name = name_within(layer.path, block)
            card = CardItem(layer.id, card_content(plan.report, layer, None, name), direction)
            card.setPos(*network.picture.to_view(layer.x, layer.y))
            self._add_ghost(card)
        layers = self._view.context.document.layers
        self._moves = {network.picture.faces[i]: (x - layers[i].x, y - layers[i].y) for i, x, y in plan.moves}
        network.preview_texts(plan.report)
        self._open_wire(is_open=True)
        if self._moves and self._view.animated and self._view.isVisible():
            self._opening.start()
        self._open_step(0.0 if self._opening.state() == QVariantAnimation.State.Running else 1.0)

    def _add_ghost(self, card: CardItem) -> None:
        card.set_ghost()
        self._ghosts.append(card)
        self._view.network.addItem(card)

    def _loose_card(self, plan: DropPlan) -> CardContent:
        card = self._entry.card()
        if isinstance(plan.command, AddLayer):
            return card._replace(name=plan.command.path, caption=card.caption or self._entry.title)
        return card

    def _open_step(self, share: float) -> None:
        """Move the cards below out of the way by a share of the whole, and run the new wires there."""
        network = self._view.network
        self._is_closed = False
        if self._moves:
            dx, dy = max(self._moves.values())
            network.shift(self._moves.keys(), dx * share, dy * share)
        self._draw_wires()

    def _draw_wires(self) -> None:
        self._drop_wires()
        plan = self.plan
        if plan is None or plan.report is None:
            return
        network, report = self._view.network, plan.report
        document = report.document
        shown = [ghost for ghost in self._ghosts if ghost.key in document.layers]
        for ghost in shown:
            network.index.put(ghost.key, ghost.x(), ghost.y())
        seen = network.picture.faces.keys() | {ghost.key for ghost in shown}
        links = dict.fromkeys(
            link
            for ghost in shown
            for link in (*document.inputs_of(ghost.key), *document.outputs_of(ghost.key))
            if link.source in seen and link.target in seen
        )
        for link in links:
            wire = WireItem(link, wire_content(report, link))
            wire.set_hot(wire.content.state == "plain")
            wire.setZValue(0.6)
            wire.set_route(network.way(link, wire.label_width))
            network.addItem(wire)
            self._wires.append(wire)
        for ghost in shown:
            network.index.drop(ghost.key)

    def _drop_wires(self) -> None:
        for wire in self._wires:
            self._view.network.removeItem(wire)
        self._wires.clear()

    def _open_wire(self, *, is_open: bool) -> None:
        """Take the wire away that the layer goes into, or bring it back."""
        network = self._view.network
        if self._spot is not None and self._spot.link is not None:
            wire = network.picture.wire_of(self._spot.link)
            if wire is not None and wire in network.wires:
                network.wires[wire].set_open(is_open)

    def _restore(self) -> None:
        if self._moves:
            self._opening.stop()
            self._view.network.unshift()
            self._is_closed = True

    def _close(self) -> None:
        network = self._view.network
        self._opening.stop()
        self._drop_wires()
        for ghost in self._ghosts:
            network.removeItem(ghost)
        self._ghosts.clear()
        self._open_wire(is_open=False)
        self._restore()
        self._moves = {}
        self._is_closed = False
        if self.plan is not None and self.plan.report is not None:
            network.preview_texts(None)
        self.plan = self._spot = None
