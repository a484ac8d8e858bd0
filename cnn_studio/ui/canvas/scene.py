"""The items of the canvas, kept in step with the document: only what an edit touched is updated."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import QObject, QRectF, Signal
from PySide6.QtWidgets import QGraphicsScene
from shiboken6 import isValid

from cnn_studio.graph.blocks import BlockTree, block_ends
from cnn_studio.graph.document import DocumentChange, Link
from cnn_studio.graph.shapes import LayerState, ShapeReport
from cnn_studio.ui.canvas.card import CardItem
from cnn_studio.ui.canvas.card_index import CardIndex
from cnn_studio.ui.canvas.content import (
    Badge,
    CardContent,
    WireContent,
    badges,
    block_content,
    card_content,
    merged_content,
    wire_content,
)
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.folding import Folder, Picture, name_within, place
from cnn_studio.ui.canvas.frames import Frames
from cnn_studio.ui.canvas.geometry import Box, Route
from cnn_studio.ui.canvas.wire import WireItem
from cnn_studio.ui.canvas.wiring import Wiring

_MANY = 60  # networks of more layers are opened with their blocks folded


class NetworkScene(QGraphicsScene):
    """Cards and wires of the open document.

    Attributes:
        cards: the cards by key: a layer's id, or a negative number for a folded block.
        picture: which cards and wires are shown, and where.
        updated: emitted after the items follow a change of the document, or blocks were folded.
        reset: emitted after they show another document.
    """

    updated = Signal()
    reset = Signal()

    def __init__(self, context: EditingContext, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.BspTreeIndex)
        self.cards: dict[int, CardItem] = {}
        self.index = CardIndex()
        self.wiring = Wiring(self, self.index)
        self.frames = Frames(self)
        self._folder = Folder()
        self.picture = Picture()
        self.tree = BlockTree(context.document)
        self._seen: dict[int, LayerState] = {}
        self._badges: dict[int, Badge] = {}
        self._output: int | None = None
        self._shifted: frozenset[int] = frozenset()
        context.changed.connect(self._follow)  # psygnal holds bound methods weakly
        context.replaced.connect(self.rebuild)
        self.rebuild()

    @property
    def wires(self) -> dict[Link, WireItem]:
        """The wires, by the keys of the cards they join."""
        return self.wiring.wires

    # ------------------------------------------------------------------------------------- following the document

    def rebuild(self) -> None:
        """Show the document of the context from scratch."""
        if not isValid(self):
            return
        for card in self.cards.values():
            self.removeItem(card)
        self.cards.clear()
        self.wiring.clear(self._context.view.direction)
        self.frames.clear()
        self.index.clear()
        self._shifted = frozenset()
        report = self._context.report()
        document = report.document
        self.tree = BlockTree(document)
        view = self._context.view
        if view.folded is None:
            folded = self.tree.to_look_at() if len(document.layers) > _MANY else frozenset()
            self._context.view = view.model_copy(update={"folded": folded})
        self._badges = badges(report.problems)
        self._output = document.info.output
        self._seen = dict(report.states)
        self._look()
        self.wiring.reroute((), self._show(report))
        self.frames.follow(self)
        self.reset.emit()

    def refold(self) -> None:
        """Show what the view state of the context says is folded, the rest staying where it is."""
        self.unshift()
        before = self.picture
        self._look()
        wires = self._show(self._context.report())
        moved = self._put({key for key in self.picture.places if key not in before.places})
        self._say(self._changed_members(before))
        self._reroute(moved, wires)
        self.updated.emit()

    def _look(self) -> None:
        """Work out the picture anew."""
        view = self._context.view
        self.picture = self._folder.picture(
            self._context.document, self.tree, view.folded or frozenset(), view.direction
        )

    def _show(self, report: ShapeReport) -> set[Link]:
        """Add and take away cards and wires so that they are those of the picture; return the new wires."""
        picture = self.picture
        for wire in self.wires.keys() - picture.wires.keys():
            self.wiring.drop(wire)
        for key in self.cards.keys() - picture.places.keys():
            self.removeItem(self.cards.pop(key))
            self.index.drop(key)
        for key, (x, y) in picture.places.items():
            if key not in self.cards:
                card = CardItem(key, self._card_content(report, key), picture.direction)
                card.setPos(x, y)
                self.cards[key] = card
                self.index.put(key, x, y)
                self.addItem(card)
        new = picture.wires.keys() - self.wires.keys()
        for wire in new:
            self.wiring.add(wire, self._wire_content(report, wire))
        return set(new)

    def _card_content(self, report: ShapeReport, key: int) -> CardContent:
        name = name_within(self.name_of(key), self.picture.outer.get(key, ""))
        if key in self.picture.folded:
            return block_content(report, self.picture.folded[key], self._badges, name)
        return card_content(report, report.document.layers[key], self._badges.get(key), name)

    def _wire_content(self, report: ShapeReport, wire: Link) -> WireContent:
        links = self.picture.wires[wire]
        return wire_content(report, links[0]) if len(links) == 1 else merged_content(report, links)

    def _follow(self, change: DocumentChange) -> None:
        if not isValid(self):
            return  # Qt deleted the scene, Python still holds its shell
        self.unshift()
        new: set[Link] = set()
        before = self.picture
        moved: set[int] = set()
        if change.added or change.removed or change.relinked or change.renamed:
            if change.added or change.removed or change.renamed:
                self.tree = BlockTree(self._context.document)
                self._keep_folded(before)
            known = self.cards.keys() | ()
            self._look()
            new = self._show(self._context.report())
            moved = self._put(self.cards.keys() - known)
        elif change.moved or change.edited:
            if not self.picture.folded:
                layers = self._context.document.layers
                self.picture.places |= {i: (layers[i].x, layers[i].y) for i in change.moved | change.edited}
            elif change.moved:
                place(self._context.document, self.picture)
            moved = self._put(())
        if change.added or change.removed or change.edited or change.relinked or change.info:
            self._texts(change, before)
        self._reroute(moved, new)
        self.updated.emit()

    def _keep_folded(self, before: Picture) -> None:
        """Let a folded block stay folded that got another name."""
        folded = self._context.view.folded or frozenset()
        layers = self._context.document.layers
        for block in before.folded.values():
            if block.path in self.tree or block.members[0] not in layers:
                continue
            path = layers[block.members[0]].path
            for found in (path.rsplit(".", n)[0] for n in range(1, path.count(".") + 1)):
                if self.tree[found].members == block.members:
                    folded |= {found}
                    break
        self._context.view = self._context.view.model_copy(update={"folded": folded})

    def _put(self, new: Collection[int]) -> set[int]:
        """Put the cards where the picture has them; return those that moved, and the new ones."""
        moved = set(new)
        for key, (x, y) in self.picture.places.items():
            card = self.cards[key]
            if (card.x(), card.y()) != (x, y):
                card.setPos(x, y)
                self.index.put(key, x, y)
                moved.add(key)
        return moved

    def _reroute(self, moved: set[int], new: set[Link]) -> None:
        self.wiring.reroute(moved, new)
        if moved or new or self.picture.open.keys() != self.frames.items.keys():
            self.frames.follow(self)

    def _changed_members(self, before: Picture) -> set[int]:
        """Return the cards that stand for other layers, have other wires, or lie in another frame than before."""
        now = self.picture
        found = {key for key, block in now.folded.items() if before.folded.get(key) != block}
        found |= {key for key in now.places if now.outer.get(key) != before.outer.get(key)}
        for wire, links in now.wires.items():
            if before.wires.get(wire) != links:
                found |= {wire.source, wire.target}
        return found

    def _texts(self, change: DocumentChange, before: Picture) -> None:
        """Give new texts to the cards and wires whose layer, state or problems are other than before."""
        report = self._context.report()
        document, seen = report.document, self._seen
        now = badges(report.problems)
        stale = {i for i, state in report.states.items() if seen.get(i) is not state}
        stale |= {i for i in now.keys() | self._badges.keys() if now.get(i) != self._badges.get(i)}
        stale |= change.edited | change.added
        for target in change.relinked & document.layers.keys():  # what stood below an end goes or comes
            stale.update(document.sources_of(target))
        if change.renamed:
            stale |= {i for i, state in report.states.items() if state.waits_for in change.renamed}
            stale |= {i for i, layer in document.layers.items() if layer.tied_to in change.renamed}
        if document.info.output != self._output:
            stale |= {i for i in (document.info.output, self._output) if i is not None}
        self._badges, self._output = now, document.info.output
        self._seen = dict(report.states)
        faces = self.picture.faces
        keys = {faces[layer_id] for layer_id in stale if layer_id in faces}
        if before is not self.picture:
            keys |= self._changed_members(before)
            keys |= {wire.source for wire in before.wires.keys() - self.picture.wires.keys()}
        self._say(keys)

    def _say(self, keys: Collection[int]) -> None:
        """Let cards and their wires say what is so now."""
        report = self._context.report()
        wires: set[Link] = set()
        for key in keys:
            if key in self.cards:
                self.cards[key].set_content(self._card_content(report, key))
                wires |= self.wiring.of_card(key)
        for wire in wires:
            self.wiring.say(wire, self._wire_content(report, wire))

    # ----------------------------------------------------------------------------------- showing edits beforehand

    def way(self, link: Link, label_width: float) -> Route:
        """Return the way that the wire of a link which is not there yet would run."""
        faces = self.picture.faces
        ends = faces.get(link.source, link.source), faces.get(link.target, link.target)
        return self.wiring.way(Link(*ends, link.port), label_width)

    def shift(self, keys: Collection[int], dx: float, dy: float) -> None:
        """Show cards away from their places, until `unshift` or the next edit."""
        moving = frozenset(keys) & self.cards.keys()
        if moving != self._shifted:
            self.unshift()
        self._shifted = moving
        crossing: set[Link] = set()
        for key in moving:
            x, y = self.picture.places[key]
            self.cards[key].setPos(x + dx, y + dy)
            self.index.put(key, x + dx, y + dy)
            for wire in self.wiring.of_card(key):
                if wire.source in moving and wire.target in moving:
                    self.wires[wire].setPos(dx, dy)
                else:
                    crossing.add(wire)
        self.wiring.route(crossing)
        self.frames.follow(self, moving)

    def unshift(self) -> None:
        """Put all cards back to their places."""
        keys, self._shifted = self._shifted & self.cards.keys(), frozenset()
        crossing: set[Link] = set()
        for key in keys:
            x, y = self.picture.places[key]
            self.cards[key].setPos(x, y)
            self.index.put(key, x, y)
            for wire in self.wiring.of_card(key):
                self.wires[wire].setPos(0, 0)
                if not (wire.source in keys and wire.target in keys):
                    crossing.add(wire)
        self.wiring.route(crossing)
        if keys:
            self.frames.follow(self, keys)

    def preview_texts(self, report: ShapeReport | None) -> None:
        """Show on the wires what another report says of their links; None ends it."""
        for wire, item in self.wires.items():
            links = self.picture.wires[wire]
            if report is None:
                item.set_preview(None)
            elif all(link.source in report.states and link.target in report.states for link in links):
                item.set_preview(self._wire_content(report, wire))

    # ------------------------------------------------------------------------------------------------------- asking

    def card_at(self, x: float, y: float, margin: float = 0.0) -> int | None:
        """Return the card at a place."""
        return self.index.at(x, y, margin)

    def wire_at(self, x: float, y: float, reach: float) -> Link | None:
        """Return the wire that comes nearest to a place, within `reach`."""
        area = QRectF(x - reach, y - reach, 2 * reach, 2 * reach)
        found: list[tuple[float, Link]] = [
            (item.distance(x, y), item.link)
            for item in self.items(area)
            if isinstance(item, WireItem) and item.link in self.wires
        ]
        near = [entry for entry in found if entry[0] <= reach]
        return min(near)[1] if near else None

    def face(self, layer_id: int) -> int | None:
        """Return the card that stands for a layer."""
        return self.picture.faces.get(layer_id)

    def keys_of(self, ids: Collection[int]) -> set[int]:
        """Return the cards all of whose layers are among `ids`."""
        faces = self.picture.faces
        keys = {faces[layer_id] for layer_id in ids if layer_id in faces}
        return {key for key in keys if key > 0 or all(i in ids for i in self.picture.members(key))}

    def outlet(self, key: int) -> int | None:
        """Return the layer whose result leaves a card; None for a block with several, or none."""
        if key not in self.picture.folded:
            return key
        results = block_ends(self._context.document, self.picture.members(key)).results
        return results[0] if len(results) == 1 else None

    def lead(self, key: int) -> int:
        """Return the layer that is the current one when a card is selected: a block's result, or its last layer."""
        return self.outlet(key) or self.picture.members(key)[-1]

    def inlet(self, key: int) -> int | None:
        """Return the layer that a wire into a card would lead to; None for a block without exactly one open input."""
        if key not in self.picture.folded:
            return key
        document = self._context.document
        found = []
        for layer_id in self.picture.members(key):
            spec = document.layer(layer_id).spec
            if spec is not None and spec.max_inputs != 0 and not document.sources_of(layer_id):
                found.append(layer_id)
        return found[0] if len(found) == 1 else None

    def name_of(self, key: int) -> str:
        """Return the path of a card's layer or block."""
        if key in self.picture.folded:
            return self.picture.folded[key].path
        return self._context.document.layer(key).path

    def bounds(self) -> Box | None:
        """Return the area of all cards, or None if there are none."""
        return self.index.bounds()

    def messages(self, key: int) -> tuple[str, ...]:
        """Return what the problems of a card's layers say."""
        card = self.cards.get(key)
        return card.content.badge.messages if card is not None and card.content.badge is not None else ()
