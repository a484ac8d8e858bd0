"""What all tables of rows share: how many there are, and headings with a tool tip and an alignment."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from typing_extensions import override

Index = QModelIndex | QPersistentModelIndex


class RowModel(QAbstractTableModel):
    """Rows under fixed headings; a subclass says what the cells are (`data`) and how many rows there are."""

    def __init__(self, columns: Sequence[tuple[str, str]], parent: QObject | None = None) -> None:
        """Make an empty table.

        Args:
            columns: heading and tool tip of each.
            parent: the object it belongs to.
        """
        super().__init__(parent)
        self._columns = columns

    def num_rows(self) -> int:
        """Return the number of rows."""
        raise TypeError(f"{type(self).__name__} has no rows")

    def alignment(self, column: int) -> Qt.AlignmentFlag:
        """Return where a heading stands: at the left, unless a subclass knows better."""
        del column
        return Qt.AlignmentFlag.AlignLeft

    @override
    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else self.num_rows()

    @override
    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self._columns)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section][0]
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._columns[section][1]
        return self.alignment(section) if role == Qt.ItemDataRole.TextAlignmentRole else None
