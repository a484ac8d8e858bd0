"""The wires of the canvas and their ways around the cards; only those that an edit touched are routed again."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QGraphicsScene

from cnn_studio.graph.document import Link
from cnn_studio.graph.layout import Direction
from cnn_studio.ui.canvas.card_index import CardIndex
from cnn_studio.ui.canvas.content import WireContent
from cnn_studio.ui.canvas.geometry import Box, LabelPlace, Route
from cnn_studio.ui.canvas.routing import Router
from cnn_studio.ui.canvas.wire import WireItem

_FEW = 6


class Wiring:
    """The wires between the cards of one scene.

    Attributes:
        wires: the wires by the keys of the cards they join.
    """

    def __init__(self, scene: QGraphicsScene, index: CardIndex) -> None:
        self._scene = scene
        self._index = index
        self._router = Router(index)
        self._of_card: dict[int, set[Link]] = {}
        self._known: dict[int, Box] = {}  # where the cards were when ways were last found
        self.wires: dict[Link, WireItem] = {}

    def clear(self, direction: Direction) -> None:
        """Take all wires away; those to come run in a direction."""
        for wire in self.wires.values():
            self._scene.removeItem(wire)
        self.wires.clear()
        self._of_card.clear()
        self._known.clear()
        self._router = Router(self._index, direction)

    def add(self, link: Link, content: WireContent) -> None:
        """Add a wire, which has no way yet."""
        wire = WireItem(link, content)
        self.wires[link] = wire
        for key in (link.source, link.target):
            self._of_card.setdefault(key, set()).add(link)
        self._scene.addItem(wire)

    def drop(self, link: Link) -> None:
        """Take a wire away."""
        self._scene.removeItem(self.wires.pop(link))
        self._router.release(link)
        for key in (link.source, link.target):
            self._of_card[key].discard(link)

    def of_card(self, key: int) -> frozenset[Link]:
        """Return the wires of a card, in and out."""
        return frozenset(self._of_card.get(key, ()))

    def say(self, link: Link, content: WireContent) -> None:
        """Let a wire say something else; its text may need another place."""
        wire = self.wires[link]
        width = wire.label_width
        if not wire.set_content(content) or wire.route is None:
            return
        if wire.label_width > width or (wire.route.label is None and wire.label_width < width):
            self.route((link,))

    def route(self, links: Iterable[Link]) -> None:
        """Find ways for wires."""
        for link in links:
            wire = self.wires[link]
            wire.set_route(
                self._router.route(link, link.source, link.target, wire.label_width, self._label_place(link))
            )

    def way(self, link: Link, label_width: float) -> Route:
        """Return the way that a wire would run that is not there yet."""
        route = self._router.route("preview", link.source, link.target, label_width, self._label_place(link))
        self._router.release("preview")
        return route

    def crossed(self, labels: dict[Link, Box]) -> set[Link]:
        """Return the wires whose texts, in the given areas, other wires run through.

        Of wires from one card only those are looked for that fan out to a few: they say the same, so that one text less
        is no loss.
        """
        found = self._router.crossed(labels)
        for link, box in labels.items():
            twins = [wire for wire in self._of_card[link.source] if wire.source == link.source != wire.target]
            if link in found or not 1 < len(twins) <= _FEW:
                continue
            for twin in twins:
                route = self.wires[twin].route
                if twin != link and route is not None and any(box.contains(x, y) for x, y in route.points()):
                    found.add(link)
                    break
        return found

    def _label_place(self, link: Link) -> LabelPlace:
        """Return the end of a wire where no other wire joins it."""
        if self._count(link.target, into=True) > 1:
            return "source"
        if self._count(link.source, into=False) > 1:
            return "target"
        return "middle"

    def _count(self, key: int, *, into: bool) -> int:
        return sum((link.target if into else link.source) == key for link in self._of_card.get(key, ()))

    def reroute(self, moved: Collection[int], links: Collection[Link] = ()) -> None:
        """Find new ways for the given wires, for those of the cards that moved, and for those in their way.

        Wires near the place that a card left may have gone around it: they get new ways too.
        """
        wanted = set(links).union(*(self._of_card.get(key, ()) for key in moved))
        now = self._index.snapshot()
        left_behind = [box for key, box in self._known.items() if key in moved or key not in now]
        self._known = now
        for boxes in ([now[key] for key in moved if key in now], left_behind):
            if not boxes:
                continue
            left, top = min(box.left for box in boxes), min(box.top for box in boxes)
            right, bottom = max(box.right for box in boxes), max(box.bottom for box in boxes)
            area = QRectF(left, top, right - left, bottom - top)
            wanted |= {
                link
                for link, wire in self.wires.items()
                if link not in wanted and wire.sceneBoundingRect().intersects(area)
            }
        # short wires choose their lanes first and so get the inner ones
        self.route(sorted(wanted & self.wires.keys(), key=self._span))

    def _span(self, link: Link) -> float:
        if link.source not in self._index or link.target not in self._index:
            return 0.0
        return self._router.span(link.source, link.target)
