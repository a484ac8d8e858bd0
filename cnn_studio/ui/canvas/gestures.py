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
from cnn_studio.ui.canvas.routing import HALF_HEIGHT, Box

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_SNAP = 8.0


class Gesture:
    """What the mouse is doing with its button down; places are in the viewport."""

    def __init__(self, view: CanvasView, at: QPoint) -> None:
        self.view = view
        self.start = at
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
        touched = self.view.network.index.inside(Box(area.left(), area.top(), area.right(), area.bottom()))
        self.view.selection.select(self._kept | touched)

    @override
    def finish(self, at: QPoint) -> None:
        self.move(at)
        self.view.network.removeItem(self._band)

    @override
    def cancel(self) -> None:
        self.view.network.removeItem(self._band)
        self.view.selection.select(self._before)


class MoveCards(Gesture):
    """Moves the selected cards; the one under the mouse snaps to the columns of its neighbours."""

    def __init__(self, view: CanvasView, at: QPoint, grabbed: int) -> None:
        super().__init__(view, at)
        self._ids = view.selection.ids
        document = view.context.document
        layer = document.layer(grabbed)
        self._from_x = layer.x
        near = [*document.sources_of(grabbed), *(link.target for link in document.outputs_of(grabbed))]
        self._columns = sorted({document.layer(i).x for i in near if i not in self._ids})
        self._by = QPointF()

    @override
    def move(self, at: QPoint) -> None:
        by = self.passed(self.view.mapToScene(at))
        x = self._from_x + by.x()
        for column in self._columns:
            if abs(x - column) < _SNAP / self.view.zoom:
                by.setX(column - self._from_x)
        self._by = QPointF(round(by.x()), round(by.y()))
        self.view.network.shift(self._ids, self._by.x(), self._by.y())

    @override
    def finish(self, at: QPoint) -> None:
        self.move(at)
        self.view.network.unshift()
        layers = self.view.context.document.layers
        if self._by.isNull():
            return
        places = {
            i: (layers[i].x + self._by.x(), layers[i].y + self._by.y()) for i in self._ids if i in layers
        }
        stack = self.view.context.stack
        stack.seal()  # two moves are two steps
        self.view.edit(MoveLayers(places=places))
        stack.seal()

    @override
    def cancel(self) -> None:
        self.view.network.unshift()


class Connect(Gesture):
    """Draws a wire from a card to another, or takes the end of an existing wire to another card.

    Args:
        view: the canvas.
        at: where the button went down.
        fixed: the card at the end that stays.
        leads_out: whether the wire leaves the fixed card; else it leads into it.
        link: the existing wire whose other end is taken along, or None for a new one.
    """

    def __init__(
        self, view: CanvasView, at: QPoint, fixed: int, *, leads_out: bool, link: Link | None = None
    ) -> None:
        super().__init__(view, at)
        self._fixed = fixed
        self._leads_out = leads_out
        self._link = link
        self._over: int | None = None
        # legality is asked of the network without the wire that is being taken away
        self._scratch = view.context.document.copy()
        if link is not None:
            self._scratch.drop_link(link)
            view.network.wires[link].setOpacity(0.25)
        self._wire = QGraphicsPathItem()
        self._wire.setZValue(4)
        view.network.addItem(self._wire)
        self.move(at)

    def _ends(self, other: int) -> tuple[int, int]:
        return (self._fixed, other) if self._leads_out else (other, self._fixed)

    def _refusal(self, other: int) -> str:
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
        if over == self._fixed:
            over = None
        refusal = self._refusal(over) if over is not None else ""
        if over != self._over:
            self.view.show_ports(over, "" if refusal else ("i" if self._leads_out else "o"))
            self._over = over
        self.view.bubble.say(refusal, at, stays=True)
        self._draw(place, over if not refusal else None, is_refused=bool(refusal))

    def _draw(self, place: QPointF, over: int | None, *, is_refused: bool) -> None:
        cards = self.view.network.cards
        sign = 1 if self._leads_out else -1
        start = cards[self._fixed].pos() + QPointF(0, sign * HALF_HEIGHT)
        end = place if over is None else cards[over].pos() - QPointF(0, sign * HALF_HEIGHT)
        reach = max(24.0, abs(end.y() - start.y()) / 2) * sign
        path = QPainterPath(start)
        path.cubicTo(start + QPointF(0, reach), end - QPointF(0, reach), end)
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
        source, target = self._ends(over)
        if self._link is not None and (source, target) == (self._link.source, self._link.target):
            return
        refusal = self._refusal(over)
        if refusal:
            self.view.complain(refusal, at)
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
        if self._link is not None and self._link in self.view.network.wires:
            self.view.network.wires[self._link].setOpacity(1)
