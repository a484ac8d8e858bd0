"""One object for each thing that is done with the mouse: it starts, follows the mouse, and finishes or is cancelled.

Nothing in the document changes before `finish`, so that Esc leaves no trace.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem, QGraphicsRectItem
from typing_extensions import override

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import MoveLayers
from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import connect, move_link
from cnn_studio.graph.legality import check_link, free_port
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.geometry import Box, card_box
from cnn_studio.ui.canvas.snapping import GuideItem, Snap, snap

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_SNAP = 8.0


class Gesture:
    """What the mouse is doing with its button down; places are in the viewport.

    Attributes:
        keys: the modifier keys that are held.
        scrolls: the canvas moves by itself when the mouse comes to the edge of the view.
    """

    scrolls = True

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        self.view = view
        self.start = at
        self.keys = Qt.KeyboardModifier.NoModifier
        self.start_scene = view.mapToScene(at)

    def move(self, at: QPoint) -> None:
        """Follow the mouse."""

    def finish(self, at: QPoint) -> None:
        """The button was released: carry it out."""

    def cancel(self) -> None:
        """Put everything back as it was."""

    def passed(self, at: QPointF) -> QPointF:
        """Return how far the mouse has come, in canvas units."""
        return at - self.start_scene


class Pan(Gesture):
    """Moves the canvas under the mouse."""

    scrolls = False

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        super().__init__(view, at)
        self._last = at
        view.viewport().setCursor(Qt.CursorShape.ClosedHandCursor)

    @override
    def move(self, at: QPoint) -> None:
        self.view.pan(at - self._last)
        self._last = at

    @override
    def finish(self, at: QPoint) -> None:
        self.view.viewport().unsetCursor()

    @override
    def cancel(self) -> None:
        self.view.viewport().unsetCursor()


class RubberBand(Gesture):
    """Selects the cards that a rectangle touches; with `adds`, besides those selected before."""

    def __init__(self, view: CanvasView, at: QPoint, *, adds: bool) -> None:
        super().__init__(view, at)
        self._before = view.selection.ids
        self._kept = self._before if adds else frozenset()
        self._band = QGraphicsRectItem()
        pen = QPen(theme.qcolor("accent"), 1)
        pen.setCosmetic(True)
        self._band.setPen(pen)
        self._band.setBrush(theme.qcolor("accent", 0.10))
        self._band.setZValue(5)
        view.network.addItem(self._band)

    @override
    def move(self, at: QPoint) -> None:
        area = QRectF(self.start_scene, self.view.mapToScene(at)).normalized()
        self._band.setRect(area)
        network = self.view.network
        cards = network.index.inside(Box(area.left(), area.top(), area.right(), area.bottom()))
        self.view.selection.select(self._kept.union(*(network.picture.members(card) for card in cards)))

    @override
    def finish(self, at: QPoint) -> None:
        self.move(at)
        self.view.network.removeItem(self._band)

    @override
    def cancel(self) -> None:
        self.view.network.removeItem(self._band)
        self.view.selection.select(self._before)


class MoveCards(Gesture):
    """Moves the selected cards; they snap to the lines of others, unless Alt is held."""

    def __init__(self, view: CanvasView, at: QPoint, grabbed: int) -> None:
        super().__init__(view, at)
        network = view.network
        self._keys = network.keys_of(view.selection.ids)
        self._grabbed = grabbed
        self._from = network.picture.places[grabbed]
        self._near = {key for wire in network.wiring.of_card(grabbed) for key in (wire.source, wire.target)}
        self._boxes = [card_box(*self._from)]
        if len(self._keys) > 1:
            lefts, tops, rights, bottoms = zip(
                *(card_box(*network.picture.places[key]) for key in self._keys), strict=True
            )
            self._boxes.append(Box(min(lefts), min(tops), max(rights), max(bottoms)))
        self._by = QPointF()
        self._guides = GuideItem()
        network.addItem(self._guides)

    def _snapped(self, by: QPointF) -> Snap:
        if self.keys & Qt.KeyboardModifier.AltModifier:
            return Snap(by.x(), by.y(), ())
        network = self.view.network
        others = (network.index.inside(self.view.seen()) | self._near) - self._keys
        boxes = [network.index.box(key) for key in others]
        return (
            snap(self._boxes, boxes, by.x(), by.y(), _SNAP / self.view.zoom)
            if boxes
            else Snap(by.x(), by.y(), ())
        )

    @override
    def move(self, at: QPoint) -> None:
        snapped = self._snapped(self.passed(self.view.mapToScene(at)))
        self._by = QPointF(round(snapped.dx), round(snapped.dy))
        self._guides.show_guides(snapped.guides)
        self.view.network.shift(self._keys, self._by.x(), self._by.y())

    @override
    def finish(self, at: QPoint) -> None:
        self.move(at)
        self.view.network.removeItem(self._guides)
        self.view.network.unshift()
        if self._by.isNull():
            return
        network = self.view.network
        places = network.picture.moved(
            self.view.context.document, self._keys & network.cards.keys(), self._by.x(), self._by.y()
        )
        stack = self.view.context.stack
        stack.seal()  # two moves are two steps
        self.view.edit(MoveLayers(places=places))
        stack.seal()
        # a card that passed a folded block may take the room of its rows along: it stays under the mouse
        if self._grabbed in network.picture.places:
            x, y = network.picture.places[self._grabbed]
            off = QPointF(x - self._from[0], y - self._from[1]) - self._by
            if off.manhattanLength() > 1:
                self.view.pan(-(off * self.view.transform().m11()).toPoint())

    @override
    def cancel(self) -> None:
        self.view.network.removeItem(self._guides)
        self.view.network.unshift()


class Connect(Gesture):
    """Draws a wire from a card to another, or takes the end of an existing wire to another card.

    Args:
        view: the canvas.
        at: where the button went down.
        fixed: the layer at the end that stays.
        leads_out: whether the wire leaves the fixed layer; else it leads into it.
        link: the existing link whose other end is taken along, or None for a new one.
    """

    def __init__(
        self, view: CanvasView, at: QPoint, fixed: int, *, leads_out: bool, link: Link | None = None
    ) -> None:
        super().__init__(view, at)
        self._fixed = fixed
        self.leads_out = leads_out
        self._link = link
        self._over: int | None = None  # a card
        self._card = view.network.face(fixed)
        # legality is asked of the network without the wire that is being taken away
        self._scratch = view.context.document.copy()
        if link is not None:
            self._scratch.drop_link(link)
        self._fade(0.25)
        self._wire = QGraphicsPathItem()
        self._wire.setZValue(4)
        view.network.addItem(self._wire)
        self.move(at)

    def _ends(self, other: int) -> tuple[int, int]:
        return (self._fixed, other) if self.leads_out else (other, self._fixed)

    def _fade(self, opacity: float) -> None:
        """Show the wire that is being taken away as such."""
        wire = None if self._link is None else self.view.network.picture.wire_of(self._link)
        if wire is not None and wire in self.view.network.wires:
            self.view.network.wires[wire].setOpacity(opacity)

    def _layer_of(self, card: int) -> int | None:
        """Return the layer of a card that the wire would lead to, or come from."""
        network = self.view.network
        return network.inlet(card) if self.leads_out else network.outlet(card)

    def refusal(self, card: int) -> str:
        """Return why the wire cannot end at a card; empty if it can."""
        other = self._layer_of(card)
        if other is None:
            kind = "open input" if self.leads_out else "result"
            return (
                f"{self.view.network.name_of(card)} has not exactly one {kind}. Unfold it and choose a layer."
            )
        source, target = self._ends(other)
        port = free_port(self._scratch, target)
        if self._link is not None and target == self._link.target:
            port = self._link.port
        try:
            check_link(self._scratch, Link(source, target, port))
        except StudioError as error:
            return str(error)
        return ""

    @override
    def move(self, at: QPoint) -> None:
        place = self.view.mapToScene(at)
        over = self.view.network.card_at(place.x(), place.y(), 2 * style.PORT_REACH)
        if over == self._card:
            over = None
        refusal = self.refusal(over) if over is not None else ""
        if over != self._over:
            self.view.show_ports(over, "" if refusal else ("i" if self.leads_out else "o"))
            self._over = over
        self.view.bubble.say(refusal, at, stays=True)
        self._draw(place, over if not refusal else None, is_refused=bool(refusal))

    def _draw(self, place: QPointF, over: int | None, *, is_refused: bool) -> None:
        cards = self.view.network.cards
        if self._card not in cards:
            return
        sign = 1 if self.leads_out else -1
        here, there = ("o", "i") if self.leads_out else ("i", "o")
        start = cards[self._card].pos() + cards[self._card].port(here)
        end = place if over is None else cards[over].pos() + cards[over].port(there)
        if self.view.network.picture.direction == "down":
            bend = QPointF(0, max(24.0, abs(end.y() - start.y()) / 2) * sign)
        else:
            bend = QPointF(max(24.0, abs(end.x() - start.x()) / 2) * sign, 0)
        path = QPainterPath(start)
        path.cubicTo(start + bend, end - bend, end)
        color = theme.qcolor("error" if is_refused else "accent")
        line = Qt.PenStyle.SolidLine if over is not None else Qt.PenStyle.DashLine
        self._wire.setPen(QPen(color, 2 * style.WIRE_WIDTH, line))
        self._wire.setPath(path)

    @override
    def finish(self, at: QPoint) -> None:
        self.move(at)
        over = self._over
        self._clear()
        if over is None:
            return
        refusal = self.refusal(over)
        other = self._layer_of(over)
        if refusal or other is None:
            if other is None or self._link is None or self._ends(other) != self._link[:2]:
                self.view.complain(refusal, at)
            return
        source, target = self._ends(other)
        if self._link is not None and (source, target) == self._link[:2]:
            return
        document = self.view.context.document
        if self._link is None:
            self.view.edit(connect(document, source, target))
        else:
            self.view.edit(move_link(document, self._link, source, target))

    @override
    def cancel(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self.view.network.removeItem(self._wire)
        self.view.bubble.hide()
        self.view.show_ports(None, "")
        self._fade(1)
