"""What is selected on one canvas: the rings of cards, and the one wire that is shown in the accent colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_studio.graph.blocks import block_ends
from cnn_studio.graph.document import Link
from cnn_studio.ui.canvas.geometry import Box

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class Chosen:
    """Keeps the items of one canvas in step with its selection.

    Attributes:
        wire: the wire that is selected, or None; then no card is.
    """

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._ringed: set[int] = set()
        self.wire: Link | None = None

    def show(self) -> None:
        """Ring the cards of the selected layers; blocks that hide some of them are unfolded."""
        view, network = self._view, self._view.network
        ids = view.selection.ids
        if ids:
            self.take_wire(None)
        selected = network.keys_of(ids)
        if len(network.cards) < len(view.context.document.layers):
            view.folds.show_selected()
            selected = network.keys_of(ids)
        for key in self._ringed - selected:
            if key in network.cards:
                network.cards[key].set_selected(False)
        for key in selected:
            network.cards[key].set_selected(True)
        self._ringed = selected

    def take_card(self, key: int) -> None:
        """Select one card: its layer, or all layers of its block."""
        network = self._view.network
        self._view.selection.select(network.picture.members(key), network.lead(key))

    def take_block(self, path: str) -> None:
        """Select all layers of a block; the current one is its result."""
        view = self._view
        members = view.network.tree[path].members
        results = block_ends(view.context.document, members).results
        view.selection.select(members, results[-1] if results else members[-1])

    def take_wire(self, link: Link | None) -> None:
        """Select one wire (and no card), or none."""
        view, wires = self._view, self._view.network.wires
        before, self.wire = self.wire, link
        if before is not None and before != view.hot_link and before in wires:
            wires[before].set_hot(False)
        if link is not None:
            wires[link].set_hot(True)
        view.selection.select_links(view.network.picture.wires[link] if link is not None else ())

    def forget_gone(self) -> None:
        """Forget the wire if it is no longer there; it may stand for other links now."""
        wires = self._view.network.picture.wires
        if self.wire not in wires:
            self.wire = None
        self._view.selection.select_links(wires[self.wire] if self.wire is not None else ())

    def box(self) -> Box | None:
        """Return the area of the selected cards, or None if there are none."""
        network = self._view.network
        boxes = [network.index.box(key) for key in network.keys_of(self._view.selection.ids)]
        if not boxes:
            return None
        lefts, tops, rights, bottoms = zip(*boxes, strict=True)
        return Box(min(lefts), min(tops), max(rights), max(bottoms))
