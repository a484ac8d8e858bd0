"""Windows that stay beside the main one."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QMessageBox, QVBoxLayout, QWidget

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


def may_end(window: QWidget, work: str, kept: str) -> bool:
    """Ask whether to end work that goes on and close a window; return what the user says.

    Args:
        window: the window that is to close.
        work: what goes on.
        kept: the sentence on what stays in any case.
    """
    box = QMessageBox(window)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(window.windowTitle())
    box.setText(f"{work} goes on. End it and close the {window.windowTitle().lower()}?")
    box.setInformativeText(kept)
    end = box.addButton("End it and close", QMessageBox.ButtonRole.AcceptRole)
    box.addButton("Let it go on", QMessageBox.ButtonRole.RejectRole)
    box.exec()
    return box.clickedButton() is end
