"""What keys, menus and panels do to the selected block: group, ungroup, rename, repeat, keep for other networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtWidgets import QInputDialog

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.block_edits import MAX_COPIES, group, rename_block, repeat_block, ungroup
from cnn_studio.graph.blocks import Block, Totals, totals
from cnn_studio.graph.commands import AnyCommand, RenameLayers
from cnn_studio.ui.canvas.own_blocks import OwnBlockDialogs

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnn_studio.ui.canvas.view import CanvasView

_NO_BLOCK = "Select a block first: click on its card, or on the name of its frame."


class BlockActions:
    """The actions of one canvas on blocks; each is one undo step."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    @property
    def current(self) -> Block | None:
        """The block whose layers are exactly the selected ones, or None.

        Of blocks with the same layers it is the one whose card is seen, or else the innermost one.
        """
        network, ids = self._view.network, self._view.selection.ids
        outer = network.tree.of_layers(ids)
        if len(outer) != 1 or len(network.tree[outer[0]].members) != len(ids):
            return None
        for block in network.picture.folded.values():
            if ids == {*block.members}:
                return block
        block = network.tree[outer[0]]
        while len(block.children) == 1 and len(network.tree[block.children[0]].members) == len(ids):
            block = network.tree[block.children[0]]
        return block

    @property
    def totals(self) -> Totals | None:
        """What the current block comes to."""
        block = self.current
        return None if block is None else totals(self._view.context.report(), block.members)

    def group(self, name: str = "") -> bool:
        """Put the selected layers into a new block; return whether it was done."""
        view = self._view
        ids = view.selection.ids
        return self._try(lambda: group(view.context.document, ids, name))

    def ungroup(self) -> bool:
        """Dissolve the selected block, or the innermost one that the current layer lies in."""
        view = self._view
        block, current = self.current, view.selection.current
        path = block.path if block is not None else ""
        if not path and current is not None:
            path = view.context.document.layer(current).path.rpartition(".")[0]
        if not path:
            view.complain(_NO_BLOCK)
            return False
        return self._try(lambda: ungroup(view.context.document, path))

    def rename(self, path: str, new: str) -> bool:
        """Give a block another path."""
        document = self._view.context.document
        return self._try(lambda: rename_block(document, path, new))

    def repeat(self, copies: int) -> bool:
        """Chain copies of the selected block behind it; copies of a folded block are folded too."""
        view = self._view
        block = self.current
        if block is None:
            view.complain(_NO_BLOCK)
            return False
        report = view.context.report()
        known = set(view.network.tree)
        if not self._try(lambda: repeat_block(report, block.path, copies, view.context.view.direction)):
            return False
        tree = view.network.tree
        inner = {
            path[len(block.path) :] for path in view.folds.folded if f"{path}.".startswith(f"{block.path}.")
        }
        view.folds.fold(*(path + end for path in tree.keys() - known for end in inner if path + end in tree))
        return True

    def ask_repeat(self) -> None:
        """Ask how many copies to add, and add them."""
        view = self._view
        block = self.current
        if block is None:
            view.complain(_NO_BLOCK)
            return
        copies, is_taken = QInputDialog.getInt(
            view, "Repeat block", f"Copies of {block.path} to add behind it", 1, 1, MAX_COPIES
        )
        if is_taken:
            self.repeat(copies)

    def keep(self) -> None:
        """Ask for a name, and keep the selected layers as one of the user's own blocks."""
        view, block = self._view, self.current
        name = block.path.rpartition(".")[2] if block is not None else ""
        suggestion = "" if name.isdigit() else name
        self._own_blocks().save(view.context.report(), view.selection.ids, suggestion)

    def take(self) -> None:
        """Ask for a file with a block, and add it to the user's own."""
        self._own_blocks().take()

    def _own_blocks(self) -> OwnBlockDialogs:
        view = self._view
        return OwnBlockDialogs(view.inserter.catalogue.blocks, view, view.message.emit)

    def _try(self, make: Callable[[], AnyCommand | RenameLayers]) -> bool:
        """Make an edit and carry it out; a refusal is said beside the mouse."""
        try:
            command = make()
        except StudioError as error:
            self._view.complain(str(error))
            return False
        stack = self._view.context.stack
        stack.seal()
        return self._view.edit(command)
