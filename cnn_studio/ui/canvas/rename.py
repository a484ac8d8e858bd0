"""The field that opens on a card to give its layer another name."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRect, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QLineEdit, QWidget
from typing_extensions import override

from cnn_studio.graph.paths import MAX_PATH
from cnn_studio.ui import theme


class RenameField(QLineEdit):
    """A field over a card's name.

    Attributes:
        entered: with the text, on Enter or when the field loses the focus; it stays open until `close_quietly`.
        left: after it closed, so that the canvas takes the focus back.
    """

    entered = Signal(int, str)
    left = Signal()

    def __init__(self, layer_id: int, path: str, area: QRect, parent: QWidget) -> None:
        super().__init__(path, parent)
        self.layer_id = layer_id
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
            self.entered.emit(self.layer_id, self.text().strip())

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
