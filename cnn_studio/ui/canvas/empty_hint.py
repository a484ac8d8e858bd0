"""What an empty canvas says: how to begin."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from cnn_studio.ui import theme

_TEXT = (
    "This network is empty.\n\nDrag an Input from the palette onto the canvas,\n"
    "or press Ctrl K here and choose one.\n\nOr open a starter from the File menu."
)


class EmptyHint(QLabel):
    """A few lines in the middle of the canvas; it takes no mouse events."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(_TEXT, parent)
        self._holder = parent
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.set_role(self, "muted")

    def place(self, *, is_shown: bool) -> None:
        """Show it in the middle, or hide it."""
        self.setVisible(is_shown)
        self.adjustSize()
        self.move(self._holder.rect().center() - self.rect().center())
