"""The files that were left out of a data set, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QAbstractItemView, QTableView, QWidget
from typing_extensions import override

from cnn_studio.datasets.records import SkippedFile
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel

_COLUMNS = (("File", ""), ("Why it was left out", ""))


class SkippedFiles(RowModel):
    """One row per file: name and reason; the tool tip has the whole path."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self._files: Sequence[SkippedFile] = ()

    def set_files(self, files: Sequence[SkippedFile]) -> None:
        """Show other files."""
        self.beginResetModel()
        self._files = files
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self._files)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        file = self._files[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return (file.path.name, file.reason)[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{file.path}: {file.reason}"
        return None


class SkippedList(QTableView):
    """The view of `SkippedFiles`."""

    def __init__(self, model: SkippedFiles, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName("Files that were left out")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)

    def _take_theme(self) -> None:
        self.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.px(8))
        self.setColumnWidth(0, theme.px(240))
