"""Drawing a wire without a mouse: a key begins it, the arrow keys choose a card, Enter links."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QKeyEvent

from cnn_studio.graph.document import Link
from cnn_studio.ui.canvas.gestures import Connect

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_ENTER = {Qt.Key.Key_Return, Qt.Key.Key_Enter}
_HELP = "Arrow keys or Tab choose the card, Enter links, Esc gives up."


class KeyLink:
    """At most one wire at a time that is drawn by keys; only cards that it may lead to can be chosen."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._connect: Connect | None = None
        self._start = 0
        self._chosen: int | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a wire is being drawn."""
        return self._connect is not None

    def begin(self, *, leads_out: bool) -> None:
        """Begin a wire from the current card, or into it; with a wire selected, take one of its ends."""
        self.cancel()
        connect = self._of_wire(leads_out) if self._view.selected_link else self._of_card(leads_out)
        if connect is None:
            return
        self._connect, self._chosen = connect, None
        first = next(self._legal(self._by_distance()), None)
        if first is None:
            self.cancel()
            way = "take" if leads_out else "give"
            self._view.complain(
                f"No card here could {way} that wire. Each input takes one wire, and wires make no circles."
            )
            return
        self._choose(first)

    def _of_card(self, leads_out: bool) -> Connect | None:
        view, here = self._view, self._view.walker.here
        if here is None:
            view.complain("Select the card that the wire begins at.")
            return None
        layer_id = view.network.outlet(here) if leads_out else view.network.inlet(here)
        spec = view.context.document.layer(layer_id).spec if layer_id is not None else None
        if layer_id is None or (not leads_out and spec is not None and spec.max_inputs == 0):
            kind = "result" if leads_out else "open input"
            view.complain(f"{view.network.name_of(here)} has not exactly one {kind} for a wire.")
            return None
        self._start = here
        return Connect(view, self._place(here), layer_id, leads_out=leads_out)

    def _of_wire(self, leads_out: bool) -> Connect | None:
        view, wire = self._view, self._view.selected_link
        links = view.network.picture.wires[wire] if wire is not None else ()
        if wire is None or len(links) != 1:
            view.complain("This wire stands for several. Unfold the block to move one of them.")
            return None
        link: Link = links[0]
        self._start = wire.source if leads_out else wire.target
        fixed = link.source if leads_out else link.target
        return Connect(view, self._place(self._start), fixed, leads_out=leads_out, link=link)

    def _place(self, key: int) -> QPoint:
        return self._view.mapFromScene(self._view.network.cards[key].pos())

    # ------------------------------------------------------------------------------------------------- choosing

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key means while a wire is drawn; return whether one is drawn at all."""
        if self._connect is None:
            return False
        key = Qt.Key(event.key())
        if key in _ARROWS:
            self._step(next(self._legal(self._towards(*_ARROWS[key])), None))
        elif key in {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}:
            self._step(next(self._legal(self._round(-1 if key == Qt.Key.Key_Backtab else 1)), None))
        elif key in _ENTER:
            self._finish()
        elif key == Qt.Key.Key_Escape:
            self.cancel()
        return True

    def _legal(self, cards: Iterator[int]) -> Iterator[int]:
        connect = self._connect
        return (key for key in cards if connect is not None and not connect.refusal(key))

    def _by_distance(self) -> Iterator[int]:
        """Return all other cards, the nearest first, those further along the network before those behind."""
        places = self._view.network.picture.places
        x, y = places[self._start]
        connect = self._connect
        sign = 1 if connect is not None and connect.leads_out else -1
        axis = 1 if self._view.network.picture.direction == "down" else 0

        def far(key: int) -> tuple[bool, float]:
            at = places[key]
            return sign * (at[axis] - (x, y)[axis]) <= 0, abs(at[0] - x) + abs(at[1] - y)

        return iter(sorted(places.keys() - {self._start}, key=far))

    def _towards(self, dx: int, dy: int) -> Iterator[int]:
        places = self._view.network.picture.places
        x, y = places[self._chosen if self._chosen in places else self._start]
        found = []
        for key, at in places.items():
            along = dx * (at[0] - x) + dy * (at[1] - y)
            aside = abs(dy * (at[0] - x)) + abs(dx * (at[1] - y))
            if along > 1 and key != self._start:
                found.append((along + 2 * aside, key))
        return (key for _, key in sorted(found))

    def _round(self, step: int) -> Iterator[int]:
        """Return the cards in the order of execution, from the chosen one on and round."""
        network = self._view.network
        order = list(dict.fromkeys(network.picture.faces[i] for i in self._view.context.report().order))
        at = order.index(self._chosen) if self._chosen in order else 0
        around = [*order[at + 1 :], *order[:at]]
        return (key for key in around[::step] if key != self._start)

    def _step(self, key: int | None) -> None:
        if key is not None:
            self._choose(key)

    def _choose(self, key: int) -> None:
        view = self._view
        self._chosen = key
        view.show_card(view.network.lead(key))
        if self._connect is not None:
            self._connect.move(self._place(key))
            view.bubble.say(_HELP, self._place(key), "info", stays=True)

    def _finish(self) -> None:
        connect, self._connect = self._connect, None
        if connect is not None and self._chosen in self._view.network.cards:
            connect.finish(self._place(self._chosen))
        elif connect is not None:
            connect.cancel()

    def cancel(self) -> None:
        """Give the wire up; everything is as before."""
        connect, self._connect = self._connect, None
        if connect is not None:
            connect.cancel()
