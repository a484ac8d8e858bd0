"""What the mouse does on the canvas: hovering, pressing, and which gesture a press begins."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication
from shiboken6 import isValid

from cnn_studio.graph.document import Link
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.frame import FrameItem
from cnn_studio.ui.canvas.gestures import Connect, Gesture, MoveCards, Pan, RubberBand

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnn_studio.ui.canvas.view import CanvasView

_LEFT, _MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton


class Hand:
    """The mouse over one canvas; places are in its viewport.

    Attributes:
        hot: the link whose wire is under the mouse, or None.
    """

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._gesture: Gesture | None = None
        self._button = Qt.MouseButton.NoButton  # the one that began the gesture
        # where the button went down, and what begins once the mouse moves
        self._pressed: tuple[QPoint, Callable[[], Gesture | None]] | None = None
        self._clicked: int | None = None  # the card that is selected alone if the mouse does not move
        self._ported: int | None = None
        self.hot: Link | None = None

        self._framed: FrameItem | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a gesture is going on."""
        return self._gesture is not None

    def press(self, at: QPoint, button: Qt.MouseButton, keys: Qt.KeyboardModifier) -> None:
        """Begin what a press at this place means."""
        if self._gesture is not None or self._pressed is not None:
            return
        if button == _MIDDLE or (button == _LEFT and keys & Qt.KeyboardModifier.ShiftModifier):
            self._button = button
            self._gesture = Pan(self._view, at)
        elif button == _LEFT:
            self._button = button
            self._press_left(at, adds=bool(keys & Qt.KeyboardModifier.ControlModifier))

    def _press_left(self, at: QPoint, *, adds: bool) -> None:
        view, selection = self._view, self._view.selection
        place = view.mapToScene(at)
        network = view.network
        card = network.card_at(place.x(), place.y())
        link = None if card is not None else network.wire_at(place.x(), place.y(), style.WIRE_REACH)
        port = self._port_at(place)
        if port is None and self._press_mark(place, card):
            return
        start: Callable[[], Gesture | None] | None = None
        if port is not None:
            start = self._wire_from(at, *port)
        if card is not None:
            members = network.picture.members(card)
            is_selected = selection.ids.issuperset(members)
            if adds:
                rest = selection.ids.difference(members) if is_selected else selection.ids.union(members)
                selection.select(rest, network.lead(card))
            else:
                selection.select(selection.ids if is_selected else members, network.lead(card))
                self._clicked = card
            if start is None and selection.ids.issuperset(members):
                start = partial(MoveCards, view, at, card)
        elif link is not None:
            view.select_link(link)
            start = start or partial(self._take_wire, at)
        if start is not None:
            self._pressed = (at, start)
        elif card is None:
            view.select_link(None)
            self._gesture = RubberBand(view, at, adds=adds)

    def _press_mark(self, place: QPointF, card: int | None) -> bool:
        """Fold or unfold if a place is on a mark, select a block if it is on its name; return whether it was."""
        view = self._view
        if card is not None:
            item = view.network.cards[card]
            if not item.mark_at(place.x() - item.x(), place.y() - item.y()):
                return False
            view.folds.unfold(view.network.name_of(card))
            return True
        frame = view.network.frames.at(place.x(), place.y())
        if frame is None or view.zoom < style.TILE_ZOOM:
            return False
        if frame.mark_at(place.x(), place.y()):
            view.folds.fold(frame.path)
        else:
            view.select_block(frame.path)
        return True

    def move(self, at: QPoint, keys: Qt.KeyboardModifier, *, is_held: bool) -> None:
        """Follow the mouse: the gesture's business, or else hovering."""
        if self._pressed is not None:
            start, begin = self._pressed
            if (at - start).manhattanLength() >= QApplication.startDragDistance():
                self._pressed = self._clicked = None
                self._gesture = begin()
        if self._gesture is not None:
            self._gesture.keys = keys
            self._gesture.move(at)
            if self._gesture.scrolls:
                self._view.scroller.follow(at, self._gesture.move)
        elif not is_held:
            self._hover(at)

    def release(self, at: QPoint, button: Qt.MouseButton) -> None:
        """End the gesture that this button began."""
        if button != self._button:
            return
        clicked, self._clicked, self._pressed = self._clicked, None, None
        gesture, self._gesture = self._gesture, None
        self._view.scroller.stop()
        if gesture is not None:
            gesture.finish(at)
        elif clicked is not None and clicked in self._view.network.cards:
            self._view.select_card(clicked)  # a click on one of several selects it alone

    def cancel(self) -> None:
        """Give the gesture up; everything is as before."""
        gesture, self._gesture = self._gesture, None
        self._pressed = self._clicked = None
        self._view.scroller.stop()
        if gesture is not None:
            gesture.cancel()

    def _hover_frame(self, place: QPointF, card: int | None) -> None:
        view = self._view
        frame = None
        if card is None and view.zoom >= style.TILE_ZOOM:
            frame = view.network.frames.at(place.x(), place.y())
        if frame is not self._framed:
            if self._framed is not None and isValid(self._framed):
                self._framed.set_hot(False)
            if frame is not None:
                frame.set_hot(True)
            self._framed = frame

    def leave(self) -> None:
        """The mouse left the canvas."""
        if self._gesture is None:
            self.show_ports(None, "")

    def forget_gone(self) -> None:
        """Forget cards and wires that are no longer there."""
        if self.hot not in self._view.network.wires:
            self.hot = None
        if self._ported not in self._view.network.cards:
            self._ported = None

    # --------------------------------------------------------------------------------------------- ports and wires

    def show_ports(self, layer_id: int | None, ports: str) -> None:
        """Show ports of one card; those of the card before vanish."""
        cards = self._view.network.cards
        if self._ported is not None and self._ported != layer_id and self._ported in cards:
            cards[self._ported].set_ports("")
        self._ported = layer_id
        if layer_id is not None:
            cards[layer_id].set_ports(ports)

    def _port_at(self, place: QPointF) -> tuple[int, str] | None:
        """Return the card and the port (``i`` or ``o``) at a place."""
        view = self._view
        if view.zoom < style.TILE_ZOOM:
            return None
        card = view.network.card_at(place.x(), place.y(), style.PORT_REACH)
        if card is None:
            return None
        item = view.network.cards[card]
        offset = place - item.pos()
        for port in ("i", "o"):
            off = offset - item.port(port)
            along, across = (off.y(), off.x()) if item.port(port).x() == 0 else (off.x(), off.y())
            outwards = along if port == "o" else -along
            if abs(across) <= style.PORT_WIDTH and -style.PORT_DEPTH <= outwards <= style.PORT_REACH:
                return card, port
        return None

    def _wire_from(self, at: QPoint, card: int, port: str) -> Callable[[], Gesture] | None:
        """Return what draws a wire from a port, or takes off the wire that ends there; None if nothing does."""
        view = self._view
        layer_id = view.network.outlet(card) if port == "o" else view.network.inlet(card)
        if layer_id is None:
            return None
        if port == "o":
            return partial(Connect, view, at, layer_id, leads_out=True)
        links = view.context.document.inputs_of(layer_id)
        spec = view.context.document.layer(layer_id).spec
        if spec is None or spec.max_inputs == 0:
            return None
        if links and spec.max_inputs == 1:
            return partial(Connect, view, at, links[0].source, leads_out=True, link=links[0])
        return partial(Connect, view, at, layer_id, leads_out=False)

    def _take_wire(self, at: QPoint) -> Gesture | None:
        """Start moving the end of the selected wire that is nearer."""
        view, wire = self._view, self._view.selected_link
        if wire is None:
            return None
        links = view.network.picture.wires[wire]
        if len(links) != 1:
            view.complain("This wire stands for several. Unfold the block to move one of them.", at)
            return None
        link = links[0]
        place, cards = view.mapToScene(at), view.network.cards
        from_source = (place - cards[wire.source].pos()).manhattanLength()
        to_target = (place - cards[wire.target].pos()).manhattanLength()
        if from_source < to_target:
            return Connect(view, at, link.target, leads_out=False, link=link)
        return Connect(view, at, link.source, leads_out=True, link=link)

    def _hover(self, at: QPoint) -> None:
        view = self._view
        place = view.mapToScene(at)
        card = view.network.card_at(place.x(), place.y(), style.PORT_REACH)
        ports = ""
        if card is not None and view.zoom >= style.TILE_ZOOM:
            inlet = view.network.inlet(card)
            spec = view.context.document.layer(inlet).spec if inlet is not None else None
            has_inlet = inlet is not None and (spec is None or spec.max_inputs != 0)
            ports = ("i" if has_inlet else "") + ("o" if view.network.outlet(card) is not None else "")
        self.show_ports(card, ports)
        inside = view.network.card_at(place.x(), place.y())
        self._hover_frame(place, inside)
        link = None
        if inside is None:
            link = view.network.wire_at(place.x(), place.y(), style.WIRE_REACH)
        if link == self.hot:
            return
        before, self.hot = self.hot, link
        if before is not None and before in view.network.wires and before != view.selected_link:
            view.network.wires[before].set_hot(False)
        if link is not None:
            view.network.wires[link].set_hot(True)
