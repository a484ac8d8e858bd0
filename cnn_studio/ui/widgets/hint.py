"""What stands where there is nothing to show yet."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from cnn_studio.ui import theme


def hint_label(text: str, parent: QWidget | None = None) -> QLabel:
    """Return a muted sentence in the middle of the room that it gets."""
    label = QLabel(text, parent)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    theme.set_role(label, "muted")
    return label
