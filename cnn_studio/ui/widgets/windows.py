"""Windows that stay beside the main one."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from cnn_studio.ui import theme


def bring_forward(window: QWidget) -> None:
    """Show a window in front of all others, with the keys going to it."""
    window.show()
    window.raise_()
    window.activateWindow()


def in_dialog(content: QWidget, title: str, width: float, height: float, parent: QWidget) -> QDialog:
    """Return a dialog that holds one widget and nothing else; sizes are those at 100 % and 9.5 pt."""
    dialog = QDialog(parent)
    dialog.setWindowTitle(title)
    dialog.resize(theme.px(width), theme.px(height))
    layout = QVBoxLayout(dialog)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.addWidget(content)
    return dialog
