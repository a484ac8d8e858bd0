"""The items of the canvas, kept in step with the document: only what an edit touched is updated."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtWidgets import QGraphicsScene
from shiboken6 import isValid

from cnn_studio.graph.document import DocumentChange, Link
from cnn_studio.graph.shapes import LayerState, ShapeReport
from cnn_studio.ui.canvas.card import CardItem
from cnn_studio.ui.canvas.content import Badge, badges, card_content, wire_content
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.routing import Box, CardIndex, LabelPlace, Route, Router
from cnn_studio.ui.canvas.wire import WireItem


class NetworkScene(QGraphicsScene):
    """Cards and wires of the open document.

    Attributes:
        cards: the cards by layer id.
        wires: the wires by link.
        updated: emitted after the items follow a change of the document.
        reset: emitted after they show another document.
    """

    updated = Signal()
    reset = Signal()

    def __init__(self, context: EditingContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.cards: dict[int, CardItem] = {}
        self.wires: dict[Link, WireItem] = {}
        self.index = CardIndex()
        self._router = Router(self.index)
        self._of_card: dict[int, set[Link]] = {}
        self._seen: dict[int, LayerState] = {}
        self._badges: dict[int, Badge] = {}
        self._output: int | None = None
        self._shifted: frozenset[int] = frozenset()
        context.changed.connect(self._follow)  # psygnal holds bound methods weakly
        context.replaced.connect(self.rebuild)
        self.rebuild()

    # ------------------------------------------------------------------------------------- following the document

    def rebuild(self) -> None:
        """Show the document of the context from scratch."""
        if not isValid(self):
            return
        for item in (*self.wires.values(), *self.cards.values()):
            self.removeItem(item)
        self.cards.clear()
        self.wires.clear()
        self._of_card.clear()
        self._seen.clear()
        self._shifted = frozenset()
        self.index.clear()
        self._router.clear()
        report = self._context.report()
        document = report.document
        self._badges = badges(report.problems)
        self._output = document.info.output
        for layer_id in document.layers:
            self._add_card(report, layer_id)
        links = sorted(document.links(), key=self._span)
        for link in links:
            self._add_wire(report, link)
        self._route(links)
        self._seen = dict(report.states)
        self.reset.emit()

    def _span(self, link: Link) -> float:
        """Return how far down a link reaches; short wires choose their lanes first and so get the inner ones."""
        layers = self._context.document.layers
        return layers[link.target].y - layers[link.source].y

    def _add_card(self, report: ShapeReport, layer_id: int) -> None:
        layer = report.document.layers[layer_id]
        card = CardItem(layer_id, card_content(report, layer, self._badges.get(layer_id)))
        card.setPos(layer.x, layer.y)
        self.cards[layer_id] = card
        self._of_card[layer_id] = set()
        self.index.put(layer_id, layer.x, layer.y)
        self.addItem(card)

    def _add_wire(self, report: ShapeReport, link: Link) -> None:
        wire = WireItem(link, wire_content(report, link))
        self.wires[link] = wire
        self._of_card[link.source].add(link)
        self._of_card[link.target].add(link)
        self.addItem(wire)

    def _drop_wire(self, link: Link) -> None:
        self.removeItem(self.wires.pop(link))
        self._router.release(link)
        for layer_id in (link.source, link.target):
            self._of_card.get(layer_id, set()).discard(link)

    def _follow(self, change: DocumentChange) -> None:
        if not isValid(self):
            return  # Qt deleted the scene, Python still holds its shell
        self.unshift()
        dirty = self._structure(change)
        moved = self._positions(change)
        if change.added or change.removed or change.edited or change.relinked or change.info:
            self._texts(change)
        self._reroute(moved | change.added, dirty)
        self.updated.emit()

    def _structure(self, change: DocumentChange) -> set[Link]:
        """Add and remove items; return the new wires."""
        document = self._context.document
        for layer_id in change.removed & self.cards.keys():
            for link in list(self._of_card[layer_id]):
                self._drop_wire(link)
            self.removeItem(self.cards.pop(layer_id))
            self.index.drop(layer_id)
            self._of_card.pop(layer_id, None)
            self._seen.pop(layer_id, None)
        if not (change.added or change.relinked or change.removed):
            return set()
        report = self._context.report()
        for layer_id in sorted(change.added):
            if layer_id in document.layers and layer_id not in self.cards:
                self._add_card(report, layer_id)
        new: set[Link] = set()
        for layer_id in (change.relinked | change.added) & document.layers.keys():
            wanted = set(document.inputs_of(layer_id))
            known = {link for link in self._of_card[layer_id] if link.target == layer_id}
            for link in known - wanted:
                self._drop_wire(link)
                self._seen.pop(link.source, None)
            for link in wanted - known:
                self._add_wire(report, link)
                self._seen.pop(link.source, None)
                new.add(link)
        return new

    def _positions(self, change: DocumentChange) -> set[int]:
        layers = self._context.document.layers
        moved = set()
        for layer_id in (change.moved | change.edited | change.added) & layers.keys():
            layer, card = layers[layer_id], self.cards[layer_id]
            if (card.x(), card.y()) != (layer.x, layer.y):
                card.setPos(layer.x, layer.y)
                self.index.put(layer_id, layer.x, layer.y)
                moved.add(layer_id)
        return moved

    def _texts(self, change: DocumentChange) -> None:
        """Give new texts to the cards and wires whose layer, state or problems are other than before."""
        report = self._context.report()
        document, seen = report.document, self._seen
        now = badges(report.problems)
        stale = {i for i, state in report.states.items() if seen.get(i) is not state}
        stale |= {i for i in now.keys() | self._badges.keys() if now.get(i) != self._badges.get(i)}
        stale |= change.edited | change.added
        if change.renamed:
            stale |= {i for i, state in report.states.items() if state.waits_for in change.renamed}
            stale |= {i for i, layer in document.layers.items() if layer.tied_to in change.renamed}
        if document.info.output != self._output:
            stale |= {i for i in (document.info.output, self._output) if i is not None}
        self._badges, self._output = now, document.info.output
        self._seen = dict(report.states)
        for layer_id in stale & self.cards.keys():
            layer = document.layers[layer_id]
            self.cards[layer_id].set_content(card_content(report, layer, now.get(layer_id)))
            for link in self._of_card[layer_id]:
                wire = self.wires[link]
                if wire.set_content(wire_content(report, link)) and wire.route is not None:
                    self._route((link,))

    # ------------------------------------------------------------------------------------------------- wires' ways

    def _route(self, links: Iterable[Link]) -> None:
        for link in links:
            wire = self.wires[link]
            place = self._label_place(link)
            wire.set_route(self._router.route(link, link.source, link.target, wire.label_width, place))

    def _label_place(self, link: Link) -> LabelPlace:
        """Return the end of a wire where no other wire joins it."""
        document = self._context.document
        if link.target in document.layers and len(document.sources_of(link.target)) > 1:
            return "source"
        if link.source in document.layers and len(document.outputs_of(link.source)) > 1:
            return "target"
        return "middle"

    def way(self, link: Link, label_width: float) -> Route:
        """Return the way that the wire of a link which is not there yet would run."""
        place = self._label_place(link)
        route = self._router.route("preview", link.source, link.target, label_width, place)
        self._router.release("preview")
        return route

    def _reroute(self, moved: Collection[int], links: Collection[Link] = ()) -> None:
        """Find new ways for the given wires, for those of the cards that moved, and for those in their way."""
        wanted = set(links).union(*(self._of_card.get(layer_id, ()) for layer_id in moved))
        areas = [self.index.box(layer_id) for layer_id in moved if layer_id in self.cards]
        if areas:
            area = QRectF(0, 0, 0, 0)
            for box in areas:
                area = area.united(QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top))
            wanted |= {
                link
                for link, wire in self.wires.items()
                if link not in wanted and wire.sceneBoundingRect().intersects(area)
            }
        self._route(sorted(wanted & self.wires.keys(), key=self._span))

    # ----------------------------------------------------------------------------------- showing edits beforehand

    def shift(self, ids: Collection[int], dx: float, dy: float) -> None:
        """Show cards away from their places in the document, until `unshift` or the next edit."""
        ids = frozenset(ids) & self.cards.keys()
        layers = self._context.document.layers
        if ids != self._shifted:
            self.unshift()
        self._shifted = ids
        crossing: set[Link] = set()
        for layer_id in ids:
            layer = layers[layer_id]
            self.cards[layer_id].setPos(layer.x + dx, layer.y + dy)
            self.index.put(layer_id, layer.x + dx, layer.y + dy)
            for link in self._of_card[layer_id]:
                if link.source in ids and link.target in ids:
                    self.wires[link].setPos(dx, dy)
                else:
                    crossing.add(link)
        self._route(crossing)

    def unshift(self) -> None:
        """Put all cards back to their places in the document."""
        ids, self._shifted = self._shifted & self.cards.keys(), frozenset()
        layers = self._context.document.layers
        crossing: set[Link] = set()
        for layer_id in ids & layers.keys():
            layer = layers[layer_id]
            self.cards[layer_id].setPos(layer.x, layer.y)
            self.index.put(layer_id, layer.x, layer.y)
            for link in self._of_card[layer_id]:
                self.wires[link].setPos(0, 0)
                crossing.add(link)
        self._route(link for link in crossing if not (link.source in ids and link.target in ids))

    def preview_texts(self, report: ShapeReport | None) -> None:
        """Show on the wires what another report says of their links; None ends it."""
        for link, wire in self.wires.items():
            if report is None:
                wire.set_preview(None)
            elif link.source in report.states and link.target in report.states:
                wire.set_preview(wire_content(report, link))

    # ------------------------------------------------------------------------------------------------------- asking

    def card_at(self, x: float, y: float, margin: float = 0.0) -> int | None:
        """Return the layer whose card is at a place."""
        return self.index.at(x, y, margin)

    def wire_at(self, x: float, y: float, reach: float) -> Link | None:
        """Return the link whose wire comes nearest to a place, within `reach`."""
        area = QRectF(x - reach, y - reach, 2 * reach, 2 * reach)
        found: list[tuple[float, Link]] = [
            (item.distance(x, y), item.link)
            for item in self.items(area)
            if isinstance(item, WireItem) and item.link in self.wires
        ]
        near = [entry for entry in found if entry[0] <= reach]
        return min(near)[1] if near else None

    def links_of(self, layer_id: int) -> frozenset[Link]:
        """Return the links of a card, in and out."""
        return frozenset(self._of_card.get(layer_id, ()))

    def bounds(self) -> Box | None:
        """Return the area of all cards, or None if there are none."""
        return self.index.bounds()

    def messages(self, layer_id: int) -> tuple[str, ...]:
        """Return what the problems of a layer say."""
        badge = self._badges.get(layer_id)
        return badge.messages if badge is not None else ()
