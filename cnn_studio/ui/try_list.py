"""What a network says of several images: a row per file, to sort, to look at, and to save as a table."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from cnn_studio.app.trying import Tried
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, SortedRows, SortedTable

_COLUMNS = (
    ("File", "Select one to see it"),
    ("Class", "The likeliest class"),
    ("Score", "Its probability, or its margin where the network gives margins"),
)


class TriedModel(RowModel):
    """One row per image, in the order in which they were tried."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self.tried: list[Tried] = []

    def clear(self) -> None:
        """Forget all images."""
        self.beginResetModel()
        self.tried = []
        self.endResetModel()

    def add(self, found: list[Tried]) -> None:
        """Add images at the end."""
        first = len(self.tried)
        self.beginInsertRows(QModelIndex(), first, first + len(found) - 1)
        self.tried += found
        self.endInsertRows()

    @override
    def num_rows(self) -> int:
        return len(self.tried)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignRight if column == 2 else Qt.AlignmentFlag.AlignLeft
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        tried, column = self.tried[index.row()], index.column()
        best = tried.guesses[0] if tried.guesses else None
        if role == Qt.ItemDataRole.DisplayRole:
            if best is None:
                return (tried.file.name, "cannot be read", "")[column]
            return (tried.file.name, best.label, best.text)[column]
        if role == SORT_ROLE:
            label = best.label.casefold() if best is not None else ""
            return (tried.file.name.casefold(), label, best.score if best is not None else -1e9)[column]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tried.error or str(tried.file)
        return self.alignment(column) if role == Qt.ItemDataRole.TextAlignmentRole else None


class TriedList(SortedTable):
    """The view of `TriedModel`.

    Attributes:
        chosen: emitted with the `Tried` of the row that is selected now.
    """

    chosen = Signal(object)

    def __init__(self, model: TriedModel, parent: QWidget | None = None) -> None:
        self._rows = SortedRows(model)
        super().__init__(self._rows, stretched=0, least=120, text_columns=(0, 1), parent=parent)
        self._rows.setParent(self)
        self._tried = model
        self.setAccessibleName("What the network says of each image")
        self.selectionModel().currentRowChanged.connect(self._choose)

    @Slot(QModelIndex)
    def _choose(self, index: QModelIndex) -> None:
        if index.isValid():
            self.chosen.emit(self._tried.tried[self._rows.mapToSource(index).row()])
