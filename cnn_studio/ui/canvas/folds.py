"""Folding and unfolding blocks on one canvas. What is folded belongs to the view: it is saved, but no undo step."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from cnn_studio.graph.paths import prefixes

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class Folds:
    """What is folded on one canvas."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    @property
    def folded(self) -> frozenset[str]:
        """Paths of the folded blocks, those inside of folded ones and stale ones included."""
        return self._view.context.view.folded or frozenset()

    def fold(self, *paths: str) -> None:
        """Show blocks as one card each; a block of one layer stays as it is."""
        tree = self._view.network.tree
        wanted = {path for path in paths if path in tree and len(tree[path].members) > 1}
        self._set(self.folded | wanted)

    def unfold(self, *paths: str) -> None:
        """Show what is in blocks."""
        self._set(self.folded - set(paths))

    def fold_to_depth(self, depth: int) -> None:
        """Show blocks down to a depth as cards, 1 being the outermost, and all of the network."""
        self._set(self._view.network.tree.to_depth(depth))
        self._view.fit_readable()

    def fold_all(self) -> None:
        """Show each outermost block as one card."""
        self.fold_to_depth(1)

    def unfold_all(self) -> None:
        """Show all layers."""
        self._set(frozenset())
        self._view.fit_readable()

    def reveal(self, layer_ids: Collection[int]) -> None:
        """Unfold the blocks that hide some layers."""
        layers = self._view.context.document.layers
        hiding = {block for layer_id in layer_ids for block in prefixes(layers[layer_id].path)}
        if hiding & self.folded:
            self.unfold(*hiding)

    def show_selected(self) -> None:
        """Unfold blocks that hide some of the selected layers; those that are selected as a whole stay folded."""
        network, ids = self._view.network, self._view.selection.ids
        seen = {i for key in network.keys_of(ids) for i in network.picture.members(key)}
        if hidden := ids - seen:
            self.reveal(hidden & self._view.context.document.layers.keys())

    def fold_selection(self) -> None:
        """Fold the innermost blocks, among those that are not folded yet, that the selected cards lie in."""
        network = self._view.network
        found: set[str] = set()
        for key in network.keys_of(self._view.selection.ids):
            above = [path for path in prefixes(network.name_of(key)) if path in network.picture.open]
            found.update(above[-1:])
        self.fold(*found)

    def unfold_selection(self) -> bool:
        """Unfold the blocks whose cards are selected; return whether there are any."""
        network = self._view.network
        keys = network.keys_of(self._view.selection.ids) & network.picture.folded.keys()
        if keys:
            self.unfold(*(network.name_of(key) for key in keys))
        return bool(keys)

    def toggle_selection(self) -> None:
        """Unfold the selected cards of blocks; if there are none, fold the block that is selected as a whole."""
        network, ids = self._view.network, self._view.selection.ids
        if not self.unfold_selection():
            self.fold(*(path for path in network.tree.of_layers(ids) if path in network.picture.open))

    def _set(self, folded: frozenset[str]) -> None:
        view = self._view
        if folded == view.context.view.folded:
            return
        # nothing is selected that cannot be seen: a card that is to hide a selected layer is selected as a whole
        selection, tree = view.selection, view.network.tree
        hidden = [tree[path] for path in folded & tree.keys() if selection.ids & {*tree[path].members}]
        selection.select(selection.ids.union(*(block.members for block in hidden)), selection.current)
        view.context.view = view.context.view.model_copy(update={"folded": folded})
        view.network.refold()
