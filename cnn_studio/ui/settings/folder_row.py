"""A folder's path, and a button that shows it in the file manager."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.elided import ElidedLabel


class FolderRow(QWidget):
    """Shows a folder; it may not be there yet."""

    def __init__(self, folder: Callable[[], Path], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self.path = ElidedLabel()
        self.open = QPushButton("Open folder")
        self.open.clicked.connect(self._open)
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.px(theme.current().space.s))
        line.addWidget(self.path, 1)
        line.addWidget(self.open)
        self.refresh()

    def refresh(self) -> None:
        """Show where it is, and whether it is there."""
        folder = self._folder()
        self.path.setText(str(folder))
        self.path.setToolTip(str(folder))
        is_there = folder.is_dir()
        self.open.setEnabled(is_there)
        self.open.setAccessibleName(f"Open {folder}")
        self.open.setToolTip(
            "Show it in the file manager"
            if is_there
            else "There is no such folder yet: nothing was kept in it"
        )

    @Slot()
    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._folder())))
