"""What keys and menus do to the selected layers: delete, duplicate, clipboard, freeze, walk along the wires."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import MoveLayers, RemoveLink, SetOutput, SetTraining
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import add_part, part_of, remove_and_heal
from cnn_studio.graph.layout import arrange
from cnn_studio.ui.canvas import clipboard
from cnn_studio.ui.canvas.routing import card_box

if TYPE_CHECKING:
    from collections.abc import Callable

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

    def _with_control(self, key: int) -> Callable[[], None] | None:
        keys = Qt.Key
        return {
            keys.Key_D: self.duplicate,
            keys.Key_0: self._view.fit,
            keys.Key_Plus: self._view.zoom_in,
            keys.Key_Equal: self._view.zoom_in,
            keys.Key_Minus: self._view.zoom_out,
            keys.Key_K: self._view.open_search,
        }.get(Qt.Key(key))

    def _plain(self, event: QKeyEvent) -> Callable[[], None] | None:
        if event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier:
            return None
        keys = Qt.Key
        return {
            keys.Key_Delete: self.delete,
            keys.Key_Backspace: self.delete,
            keys.Key_F2: self.rename,
            keys.Key_Up: self.walk_up,
            keys.Key_Down: self.walk_down,
            keys.Key_Left: self.walk_left,
            keys.Key_Right: self.walk_right,
        }.get(Qt.Key(event.key()))

    # -------------------------------------------------------------------------------------------------------- editing

    def delete(self) -> None:
        """Delete the selected layers and join what they stood between; or the selected wire."""
        view = self._view
        ids = [layer_id for layer_id in self._document.layers if layer_id in view.selection.ids]
        if not ids:
            link = view.selected_link
            if link is not None:
                view.edit(RemoveLink(source=link.source, target=link.target, port=link.port))
            return
        neighbours = [s for s in self._document.sources_of(ids[0]) if s not in ids]
        if view.edit(remove_and_heal(self._document, ids)) and neighbours:
            view.selection.select({neighbours[0]}, neighbours[0])

    def duplicate(self) -> None:
        """Add copies of the selected layers, with the links among them, and select the copies."""
        ids = self._view.selection.ids
        if ids:
            self._add(part_of(self._document, ids), _OFFSET, 0.0)

    def _add(self, part: NetworkDocument, dx: float, dy: float) -> None:
        """Add copies at the first free place to the right, and select them."""
        document, index = self._document, self._view.network.index
        boxes = [card_box(layer.x, layer.y + dy) for layer in part.layers.values()]
        while any(index.inside(box.moved(dx, 0)) for box in boxes):
            dx += _OFFSET
        first = document.next_id
        if self._view.edit(add_part(document, part, dx, dy)):
            self._view.selection.select(range(first, first + len(part.layers)))

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
            part = clipboard.from_text(QGuiApplication.clipboard().text())
        except StudioError as error:
            view.complain(str(error))
            return
        layers = part.layers.values()
        seen = view.mapToScene(view.viewport().rect()).boundingRect()
        if all(seen.contains(layer.x, layer.y) for layer in layers):
            self._add(part, 0.0, 0.0)
        else:
            center = seen.center()
            x = sum(layer.x for layer in layers) / len(part.layers)
            y = sum(layer.y for layer in layers) / len(part.layers)
            self._add(part, round(center.x() - x), round(center.y() - y))

    def rename(self) -> None:
        """Open the field for the current layer's name."""
        if self._view.selection.current is not None:
            self._view.renamer.open(self._view.selection.current)

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
            for layer_id, place in arrange(self._document).items()
            if place != (layers[layer_id].x, layers[layer_id].y)
        }
        if places:
            stack = self._view.context.stack
            stack.seal()
            self._view.edit(MoveLayers(places=places))
            stack.seal()
        self._view.fit()

    # ------------------------------------------------------------------------------------------- selecting and walking

    def select_all(self) -> None:
        """Select all layers."""
        self._view.selection.select(self._document.layers, self._view.selection.current)

    def walk_up(self) -> None:
        """Go to the layer that feeds the current one."""
        current = self._view.selection.current
        sources = self._document.sources_of(current) if current is not None else []
        self._go(sources[0] if sources else current)

    def walk_down(self) -> None:
        """Go to the layer that the current one feeds."""
        current = self._view.selection.current
        links = self._document.outputs_of(current) if current is not None else []
        self._go(links[0].target if links else current)

    def walk_left(self) -> None:
        """Go to the nearest layer on the left."""
        self._walk_aside(-1)

    def walk_right(self) -> None:
        """Go to the nearest layer on the right."""
        self._walk_aside(1)

    def _walk_aside(self, sign: int) -> None:
        current, layers = self._view.selection.current, self._document.layers
        if current is None:
            self._go(None)
            return
        here = layers[current]
        aside = [
            (sign * (layer.x - here.x) + 4 * abs(layer.y - here.y), layer.id)
            for layer in layers.values()
            if sign * (layer.x - here.x) > max(1.0, abs(layer.y - here.y) / 2)
        ]
        self._go(min(aside)[1] if aside else current)

    def _go(self, layer_id: int | None) -> None:
        if layer_id is None:  # nothing is selected yet: start at the first layer
            layer_id = next(iter(self._view.context.report().order), None)
        if layer_id is not None:
            self._view.selection.select({layer_id}, layer_id)
            self._view.show_card(layer_id)

    def tool_tip(self, layer_id: int) -> str:
        """Return what hovering over a card says: its whole name, and its problems or what the layer does."""
        layer = self._document.layer(layer_id)
        lines = [f"{layer.path}: {layer.spec.title if layer.spec is not None else layer.type}"]
        messages = self._view.network.messages(layer_id)
        lines += messages
        if not layer.trainable:
            lines.append("Frozen: training leaves it exactly as it is.")
        if not messages and layer.spec is not None:
            lines.append(layer.spec.help)
        return "\n\n".join(lines)
