"""Which images an experiment uses, where it takes others than the digits: a short list and a folder of one's own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import describe
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.page import text_label

_LEAST_WIDE, _MOST_WIDE, _FRAME = 320, 560, 48


class LabImages(QWidget):
    """A list: the digits, the images of the open project, a folder."""

    def __init__(
        self, hint: str, project_data: Callable[[], DataSource], parent: QWidget | None = None
    ) -> None:
        """Make the list.

        Args:
            hint: what images of one's own show.
            project_data: tells the images of the open project.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._project_data = project_data
        self._folder: Path | None = None
        self.box = QComboBox()
        self.box.setAccessibleName("Images")
        self.box.setMinimumWidth(theme.px(_LEAST_WIDE))
        self.box.setMaximumWidth(theme.px(_MOST_WIDE))
        self.box.activated.connect(self._choose)
        row = QHBoxLayout()
        row.setSpacing(theme.px(theme.current().space.s))
        row.addWidget(QLabel("Images"))
        row.addWidget(self.box)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(theme.current().space.xs))
        column.addLayout(row)
        column.addWidget(text_label(hint, "muted"))
        self.refresh()

    @property
    def choice(self) -> DataSource | Path:
        """The images; a folder of which it is not known yet what it holds is a `Path`."""
        found = self.box.currentData()
        return found if isinstance(found, DataSource | Path) else DataSource()

    @Slot()
    def refresh(self) -> None:
        """Bring the list in step with the open project."""
        now = self.box.currentData()
        entries: list[tuple[str, DataSource | Path]] = [(describe(DataSource()), DataSource())]
        project = self._project_data()
        if project.kind != "digits" and project.folder:
            entries.append((f"Of this project: {describe(project)}", project))
        if self._folder is not None:
            entries.append((f"Folder {self._folder}", self._folder))
        self.box.clear()
        room = theme.px(_MOST_WIDE - _FRAME)
        for text, data in entries:
            short = self.box.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room)
            self.box.addItem(short, data)
            self.box.setItemData(self.box.count() - 1, text, Qt.ItemDataRole.ToolTipRole)
        self.box.addItem("Another folder…" if self._folder else "Folder of images…", None)
        self.box.setCurrentIndex(next((at for at, (_, data) in enumerate(entries) if data == now), 0))

    def take_folder(self, path: Path) -> None:
        """Use the images of a folder."""
        self._folder = path
        self.refresh()
        self.box.setCurrentIndex(self.box.count() - 2)

    @Slot(int)
    def _choose(self, row: int) -> None:
        if self.box.itemData(row) is not None:
            return
        name = QFileDialog.getExistingDirectory(self, "Folder with one folder of images per class")
        if name:
            self.take_folder(Path(name))
        else:
            self.box.setCurrentIndex(0)
