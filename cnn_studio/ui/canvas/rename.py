"""Renaming a layer on its card."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, Signal, Slot
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.block_edits import rename_block
from cnn_studio.graph.commands import RenameLayer
from cnn_studio.graph.paths import MAX_PATH
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class RenameField(QLineEdit):
    """A field over a card's name.

    Attributes:
        entered: with the text, on Enter or when the field loses the focus; it stays open until `close_quietly`.
        left: after it closed, so that the canvas takes the focus back.
    """

    entered = Signal(int, str)
    left = Signal()

    def __init__(self, key: int, path: str, area: QRect, parent: QWidget) -> None:
        super().__init__(path, parent)
        self.key = key
        self._before = path
        self._is_done = False
        self.setMaxLength(MAX_PATH)
        self.setAccessibleName("Name of the layer")
        self.setGeometry(area)
        self.selectAll()
        self.show()
        self.setFocus(Qt.FocusReason.OtherFocusReason)
        self.textEdited.connect(self._mark_right)

    def refuse(self) -> None:
        """Show that the name was not taken; the text stays."""
        theme.set_style_property(self, "invalid", True)

    def _mark_right(self) -> None:
        theme.set_style_property(self, "invalid", False)

    def close_quietly(self) -> None:
        """Close it without entering anything."""
        if not self._is_done:
            self._is_done = True
            self.hide()
            self.deleteLater()
            self.left.emit()

    def _enter(self) -> None:
        if self.text() == self._before:
            self.close_quietly()
        elif not self._is_done:
            self.entered.emit(self.key, self.text().strip())

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()  # Delete, Ctrl+C and the like belong to the text while it is open
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_quietly()
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._enter()
        else:
            super().keyPressEvent(event)
            return
        event.accept()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.FocusReason.PopupFocusReason and self.isVisible():
            self._enter()


class Renamer(QObject):
    """Opens the field on a card and carries out what is entered; a refused name stays open with the reason.

    Cards are given by their keys, so that a folded block is renamed on its card too.

    Attributes:
        field: the field while it is open, else None.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.field: RenameField | None = None

    def open(self, key: int) -> None:
        """Open the field for the name of a card's layer or block."""
        view = self._view
        card = view.network.cards.get(key)
        if card is None:
            return
        self.close()
        inner = style.CARD.adjusted(style.BAR_WIDTH + 3, 3, -3, 0)
        top = view.mapFromScene(card.pos() + inner.topLeft())
        right = view.mapFromScene(card.pos() + inner.topRight())
        width = max(right.x() - top.x(), theme.px(120))
        area = QRect(top, QPoint(top.x() + width, top.y() + theme.px(theme.current().space.control)))
        self.field = RenameField(key, view.network.name_of(key), area, view.viewport())
        self.field.entered.connect(self._take)
        self.field.left.connect(self._leave)

    def close(self) -> None:
        """Close the field; what was typed is dropped."""
        if self.field is not None:
            self.field.close_quietly()

    def forget_gone(self) -> None:
        """Close the field if its layer is no longer there."""
        if self.field is not None and self.field.key not in self._view.network.cards:
            self.field.close_quietly()

    @Slot(int, str)
    def _take(self, key: int, path: str) -> None:
        field, view = self.field, self._view
        if field is None:
            return
        try:
            if key in view.network.picture.folded:
                view.context.stack.push(rename_block(view.context.document, view.network.name_of(key), path))
            else:
                view.context.stack.push(RenameLayer(id=key, path=path))
        except StudioError as error:
            field.refuse()
            # beside the field alone: it stays open, and takes the sentence along when it closes
            view.bubble.say(str(error), field.geometry().bottomLeft())
            return
        view.bubble.hide()
        field.close_quietly()

    @Slot()
    def _leave(self) -> None:
        self.field = None
        self._view.bubble.hide()
        self._view.setFocus()
