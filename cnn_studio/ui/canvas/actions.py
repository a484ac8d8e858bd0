"""What keys and menus do to the selected layers: delete, duplicate, clipboard, freeze, arrange."""

from __future__ import annotations

from functools import cached_property, partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF
from PySide6.QtGui import QGuiApplication, QKeyEvent
from shiboken6 import isValid

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.block_edits import paste
from cnn_studio.graph.commands import Macro, MoveLayers, RemoveLink, SetOutput, SetTraining
from cnn_studio.graph.document import DocumentChange, NetworkDocument
from cnn_studio.graph.edits import part_of, remove_and_heal
from cnn_studio.graph.layout import Direction, arrange, direction_of
from cnn_studio.ui.canvas import clipboard
from cnn_studio.ui.canvas.alignment import Edge
from cnn_studio.ui.canvas.card_index import BoxIndex
from cnn_studio.ui.canvas.geometry import card_box
from cnn_studio.ui.canvas.keys import action_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cnn_studio.ui.canvas.view import CanvasView

_OFFSET = 32.0  # copies look for a free place in steps of this to the right
_WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
_EDGES: dict[str, Edge] = {"left": "left", "right": "right", "up": "top", "down": "bottom"}


class CanvasActions:
    """The actions of one canvas; menus of the window call the same methods as the keys."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        view.context.changed.connect(self._turn_along)  # psygnal holds bound methods weakly

    @property
    def _document(self) -> NetworkDocument:
        return self._view.context.document

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; return whether it stands for anything."""
        name = action_of(event)
        if name is None:
            return False
        self.commands[name]()
        return True

    @cached_property
    def commands(self) -> dict[str, Callable[[], object]]:
        """What each action of the table of keys does, by its name."""
        view = self._view
        walker, align, linker = view.walker, view.align, view.linker
        found: dict[str, Callable[[], object]] = {
            "search": view.open_search,
            "rename": self.rename,
            "delete": self.delete,
            "cut": self.cut,
            "copy": self.copy,
            "paste": self.paste,
            "duplicate": self.duplicate,
            "select_all": self.select_all,
            "fit": view.fit,
            "zoom_to_selection": view.zoom_to_selection,
            "actual_size": view.actual_size,
            "zoom_in": view.zoom_in,
            "zoom_out": view.zoom_out,
            "page_up": partial(view.turn_page, -1),
            "page_down": partial(view.turn_page, 1),
            "first": partial(walker.to_end, last=False),
            "last": partial(walker.to_end, last=True),
            "next_wire": walker.next_wire,
            "link_from": partial(linker.begin, leads_out=True),
            "link_into": partial(linker.begin, leads_out=False),
            "align_center": partial(align.align, "center"),
            "align_middle": partial(align.align, "middle"),
            "distribute_across": partial(align.distribute, "across"),
            "distribute_down": partial(align.distribute, "down"),
            "space_evenly": align.space_evenly,
            "toggle_fold": view.folds.toggle_selection,
            "fold": view.folds.fold_selection,
            "unfold": view.folds.unfold_selection,
            "group": view.blocks.group,
            "ungroup": view.blocks.ungroup,
            "repeat": view.blocks.ask_repeat,
            "help": view.show_keys,
        }
        for way, (dx, dy) in _WAYS.items():
            found[f"walk_{way}"] = partial(walker.walk, dx, dy)
            found[f"extend_{way}"] = partial(walker.walk, dx, dy, extends=True)
            found[f"nudge_{way}"] = partial(align.nudge, dx, dy)
            found[f"align_{way}"] = partial(align.align, _EDGES[way])
        return found

    # -------------------------------------------------------------------------------------------------------- editing

    def delete(self) -> None:
        """Delete the selected layers and join what they stood between; or the selected wire."""
        view = self._view
        ids = [layer_id for layer_id in self._document.layers if layer_id in view.selection.ids]
        if not ids:
            wire = view.selected_link
            if wire is not None:
                cuts = tuple(RemoveLink(**link._asdict()) for link in view.network.picture.wires[wire])
                view.edit(cuts[0] if len(cuts) == 1 else Macro(text="remove links", commands=cuts))
            return
        neighbours = [s for i in ids for s in self._document.sources_of(i) if s not in ids]
        if view.edit(remove_and_heal(self._document, ids)) and neighbours:
            face = view.network.face(neighbours[0])
            if face is not None:
                view.select_card(face)

    def duplicate(self) -> None:
        """Add copies of the selected layers, with the links among them, and select the copies."""
        ids = self._view.selection.ids
        if ids:
            blocks = self._view.network.tree.of_layers(ids)
            self._add(part_of(self._document, ids), blocks, _OFFSET, 0.0)

    def _add(self, part: NetworkDocument, blocks: Collection[str], dx: float, dy: float) -> None:
        """Add copies at the first free place to the right, and select them; copies of folded blocks are folded."""
        document, view = self._document, self._view
        taken = BoxIndex()
        for layer in document.layers.values():
            taken.put_box(layer.id, card_box(layer.x, layer.y))
        boxes = [card_box(layer.x, layer.y + dy) for layer in part.layers.values()]
        while any(taken.inside(box.moved(dx, 0)) for box in boxes):
            dx += _OFFSET
        first = document.next_id
        known = set(view.network.tree)
        if view.edit(paste(document, part, blocks, dx, dy)):
            new = view.network.tree.keys() - known
            if view.folds.folded.intersection(blocks):
                view.folds.fold(*(path for path in new if view.network.tree[path].parent not in new))
            view.selection.select(range(first, first + len(part.layers)))

    def copy(self) -> None:
        """Put the selected layers on the clipboard, as JSON text."""
        ids = self._view.selection.ids
        if ids:
            QGuiApplication.clipboard().setText(clipboard.to_text(self._document, ids))

    def cut(self) -> None:
        """Put the selected layers on the clipboard and delete them."""
        if self._view.selection.ids:
            self.copy()
            self.delete()

    def paste(self) -> None:
        """Add the layers on the clipboard and select them; other text is refused with a message."""
        view = self._view
        try:
            part, blocks = clipboard.from_text(QGuiApplication.clipboard().text())
        except StudioError as error:
            view.complain(str(error))
            return
        layers = part.layers.values()
        seen = view.mapToScene(view.viewport().rect()).boundingRect()
        picture = view.network.picture
        if all(seen.contains(*picture.to_view(layer.x, layer.y)) for layer in layers):
            self._add(part, blocks, 0.0, 0.0)
        else:
            center = QPointF(*picture.to_document(seen.center().x(), seen.center().y()))
            x = sum(layer.x for layer in layers) / len(part.layers)
            y = sum(layer.y for layer in layers) / len(part.layers)
            self._add(part, blocks, round(center.x() - x), round(center.y() - y))

    def rename(self) -> None:
        """Open the field for the current layer's name."""
        current = self._view.selection.current
        face = self._view.network.face(current) if current is not None else None
        if face is not None:
            self._view.renamer.open(face)

    def set_frozen(self, is_frozen: bool) -> None:
        """Freeze or unfreeze the selected layers."""
        ids = tuple(sorted(self._view.selection.ids))
        if ids:
            self._view.edit(SetTraining(ids=ids, trainable=not is_frozen))

    def mark_output(self) -> None:
        """Mark the current layer as the network's output."""
        if self._view.selection.current is not None:
            self._view.edit(SetOutput(id=self._view.selection.current))

    def arrange(self) -> None:
        """Lay the network out anew, as one undo step; the selection stays in view, without one all is shown."""
        view, layers = self._view, self._document.layers
        places = {
            layer_id: place
            for layer_id, place in arrange(self._document, view.context.view.direction).items()
            if place != (layers[layer_id].x, layers[layer_id].y)
        }
        if places:
            stack = view.context.stack
            stack.seal()
            view.edit(Macro(text="arrange", commands=(MoveLayers(places=places),)))
            stack.seal()
        here = view.walker.here
        if here is None:
            view.fit()
        else:
            view.look_at(view.network.cards[here].pos())

    def run_to(self, direction: Direction, _checked: bool = False) -> None:
        """Let the network run from top to bottom or from left to right, and lay it out anew."""
        self._turn(direction)
        self.arrange()

    def _turn(self, direction: Direction) -> None:
        view = self._view
        if direction != view.context.view.direction:
            view.context.view = view.context.view.model_copy(update={"direction": direction})
            view.network.rebuild()

    def _turn_along(self, change: DocumentChange) -> None:
        """Follow an undo that takes the layout of the other direction back: the direction itself is no edit."""
        if isValid(self._view) and 2 * len(change.moved) > len(self._document.layers) > 2:
            self._turn(direction_of(self._document))

    def select_all(self) -> None:
        """Select all layers."""
        self._view.selection.select(self._document.layers, self._view.selection.current)
