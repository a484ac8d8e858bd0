"""What keys and menus do to the selected layers: delete, duplicate, clipboard, freeze, walk along the wires."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.block_edits import paste
from cnn_studio.graph.commands import Macro, MoveLayers, RemoveLink, SetOutput, SetTraining
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import part_of, remove_and_heal
from cnn_studio.graph.layout import Direction, arrange
from cnn_studio.ui.canvas import clipboard
from cnn_studio.ui.canvas.card_index import BoxIndex
from cnn_studio.ui.canvas.geometry import card_box

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cnn_studio.ui.canvas.view import CanvasView

_OFFSET = 32.0  # copies look for a free place in steps of this to the right
_KEYS = QKeySequence.StandardKey


class CanvasActions:
    """The actions of one canvas; menus of the window call the same methods as the keys."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    @property
    def _document(self) -> NetworkDocument:
        return self._view.context.document

    def press(self, event: QKeyEvent) -> bool:
        """Do what a key stands for; return whether it stands for anything."""
        for key, action in self._standard():
            if event.matches(key):
                action()
                return True
        is_control = event.modifiers() == Qt.KeyboardModifier.ControlModifier
        is_shifted = (
            event.modifiers() == Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        )
        if is_shifted and event.key() == Qt.Key.Key_G:
            self._view.blocks.ungroup()
            return True
        found = self._with_control(event.key()) if is_control else self._plain(event)
        if found is not None:
            found()
        return found is not None

    def _standard(self) -> list[tuple[QKeySequence.StandardKey, Callable[[], None]]]:
        return [
            (_KEYS.SelectAll, self.select_all),
            (_KEYS.Copy, self.copy),
            (_KEYS.Cut, self.cut),
            (_KEYS.Paste, self.paste),
            (_KEYS.ZoomIn, self._view.zoom_in),
            (_KEYS.ZoomOut, self._view.zoom_out),
        ]

    def _with_control(self, key: int) -> Callable[[], object] | None:
        keys = Qt.Key
        found: dict[Qt.Key, Callable[[], object]] = {
            keys.Key_D: self.duplicate,
            keys.Key_0: self._view.fit,
            keys.Key_Plus: self._view.zoom_in,
            keys.Key_Equal: self._view.zoom_in,
            keys.Key_Minus: self._view.zoom_out,
            keys.Key_K: self._view.open_search,
            keys.Key_G: self._view.blocks.group,
            keys.Key_R: self._view.blocks.ask_repeat,
            keys.Key_Up: self._view.folds.fold_selection,
            keys.Key_Down: self._view.folds.unfold_selection,
        }
        return found.get(Qt.Key(key))

    def _plain(self, event: QKeyEvent) -> Callable[[], object] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        keys = Qt.Key
        found: dict[Qt.Key, Callable[[], object]] = {
            keys.Key_Delete: self.delete,
            keys.Key_Backspace: self.delete,
            keys.Key_F2: self.rename,
            keys.Key_Return: self._view.folds.toggle_selection,
            keys.Key_Enter: self._view.folds.toggle_selection,
            keys.Key_Up: partial(self.walk, 0, -1),
            keys.Key_Down: partial(self.walk, 0, 1),
            keys.Key_Left: partial(self.walk, -1, 0),
            keys.Key_Right: partial(self.walk, 1, 0),
        }
        return found.get(Qt.Key(event.key()))

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
        """Lay the network out anew, as one undo step, and show all of it."""
        layers = self._document.layers
        places = {
            layer_id: place
            for layer_id, place in arrange(self._document, self._view.context.view.direction).items()
            if place != (layers[layer_id].x, layers[layer_id].y)
        }
        if places:
            stack = self._view.context.stack
            stack.seal()
            self._view.edit(MoveLayers(places=places))
            stack.seal()
        self._view.fit()

    def run_to(self, direction: Direction, _checked: bool = False) -> None:
        """Let the network run from top to bottom or from left to right, and lay it out anew."""
        view = self._view
        if direction != view.context.view.direction:
            view.context.view = view.context.view.model_copy(update={"direction": direction})
            view.network.rebuild()
        self.arrange()

    # ------------------------------------------------------------------------------------------- selecting and walking

    def select_all(self) -> None:
        """Select all layers."""
        self._view.selection.select(self._document.layers, self._view.selection.current)

    def walk(self, dx: int, dy: int) -> None:
        """Go from the current card to another: along the wires, or to the nearest one beside it."""
        view = self._view
        network, current = view.network, view.selection.current
        here = network.face(current) if current is not None else None
        if here is None:  # nothing is selected yet: start at the first layer
            first = next(iter(view.context.report().order), None)
            here = network.face(first) if first is not None else None
            if here is not None:
                self._go(here)
            return
        along = dy if network.picture.direction == "down" else dx
        if along:
            wires = network.wiring.of_card(here)
            ends = [wire.source for wire in sorted(wires, key=lambda w: w.port) if wire.target == here]
            if along > 0:
                ends = [wire.target for wire in sorted(wires, key=self._age) if wire.source == here]
            self._go(ends[0] if ends else here)
        else:
            self._go(self._beside(here, dx or dy))

    def _age(self, wire: Link) -> tuple[int, int]:
        """Return the place of a wire among those of its source, oldest first."""
        link = self._view.network.picture.wires[wire][0]
        return link.source, self._document.outputs_of(link.source).index(link)

    def _beside(self, key: int, sign: int) -> int:
        """Return the nearest card across the way of the network."""
        picture = self._view.network.picture
        across = 0 if picture.direction == "down" else 1
        here = picture.places[key]
        aside = [
            (sign * (at[across] - here[across]) + 4 * abs(at[1 - across] - here[1 - across]), other)
            for other, at in picture.places.items()
            if sign * (at[across] - here[across]) > max(1.0, abs(at[1 - across] - here[1 - across]) / 2)
        ]
        return min(aside)[1] if aside else key

    def _go(self, key: int) -> None:
        self._view.select_card(key)
        self._view.show_card(self._view.network.lead(key))

    def tool_tip(self, key: int) -> str:
        """Return what hovering over a card says: its whole name, and its problems or what the layer does."""
        if key in self._view.network.picture.folded:
            card = self._view.network.cards[key].content
            lines = [f"{card.name}: a block, {card.caption[2:]}", *self._view.network.messages(key)]
            return "\n\n".join([*lines, "Double click or Enter unfolds it."])
        layer = self._document.layer(key)
        lines = [f"{layer.path}: {layer.spec.title if layer.spec is not None else layer.type}"]
        messages = self._view.network.messages(key)
        lines += messages
        if not layer.trainable:
            lines.append("Frozen: training leaves it exactly as it is.")
        if not messages and layer.spec is not None:
            lines.append(layer.spec.help)
        return "\n\n".join(lines)
