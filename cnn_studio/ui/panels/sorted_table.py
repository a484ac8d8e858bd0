"""Tables with whole rows, headings that sort, Enter and Ctrl+C; shared by the panels that show tables."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QSize,
    QSortFilterProxyModel,
    Qt,
    Signal,
    Slot,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index

SORT_ROLE = Qt.ItemDataRole.UserRole
"""What a column sorts by: a float or a text."""

_MEASURED_ROWS = 60
_WIDEST = 260


class SortedRows(QSortFilterProxyModel):
    """The rows of a table in the order of a column; its heading carries an arrow.

    Qt's own arrow is painted over the text of right-aligned headings.
    """

    def __init__(self, source: QAbstractTableModel, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.setSortRole(SORT_ROLE)
        self.setSourceModel(source)

    @override
    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        text = super().headerData(section, orientation, role)
        if role == Qt.ItemDataRole.DisplayRole and section == self.sortColumn() and section > 0:
            return f"{text} {'↑' if self.sortOrder() == Qt.SortOrder.AscendingOrder else '↓'}"
        return text


class FilteredRows(SortedRows):
    """The rows that hold a text in one of some columns."""

    def __init__(
        self, source: QAbstractTableModel, columns: Collection[int], parent: QObject | None = None
    ) -> None:
        """Make a view of all rows.

        Args:
            source: the table.
            columns: those that are searched.
            parent: the object it belongs to.
        """
        self._columns, self._needle = columns, ""
        super().__init__(source, parent)

    def set_needle(self, text: str) -> None:
        """Show the rows that hold a text, whatever its case."""
        self._needle = text.strip().casefold()
        self.invalidate()

    @override
    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        model = self.sourceModel()
        texts = (str(model.index(row, column, parent).data() or "").casefold() for column in self._columns)
        return any(self._needle in text for text in texts)


class SortedTable(QTableView):
    """A view of `SortedRows`.

    Attributes:
        row_entered: emitted with the index at which Enter was pressed, or that was double-clicked.
        copy_requested: Ctrl+C was pressed.
    """

    row_entered = Signal(QModelIndex)
    copy_requested = Signal()

    def __init__(
        self,
        rows: SortedRows,
        *,
        stretched: int,
        least: int,
        text_columns: Collection[int],
        parent: QWidget | None = None,
    ) -> None:
        """Make a view.

        Args:
            rows: what is shown.
            stretched: the column that takes the room left over.
            least: its least width at 100 % and 9.5 pt.
            text_columns: columns that a first click sorts from A to Z; others start with the largest number.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._rows = rows
        self._stretched, self._least, self._text_columns = stretched, least, frozenset(text_columns)
        self.setModel(rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.verticalHeader().hide()
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionsClickable(True)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.sectionClicked.connect(self.sort_by)
        self.doubleClicked.connect(self.row_entered)
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)

    def _take_theme(self) -> None:
        self.setFont(theme.ui_font())
        self.setIconSize(QSize(theme.px(8), theme.px(8)))
        metrics = QFontMetrics(theme.ui_font())
        self.verticalHeader().setDefaultSectionSize(metrics.height() + theme.px(10))
        self.fit_columns()

    @Slot(int)
    def sort_by(self, column: int) -> None:
        """Sort by a column; a second time turns the order round."""
        first = Qt.SortOrder.DescendingOrder
        if column in self._text_columns:
            first = Qt.SortOrder.AscendingOrder
        if self._rows.sortColumn() == column:
            up = self._rows.sortOrder() == Qt.SortOrder.AscendingOrder
            first = Qt.SortOrder.DescendingOrder if up else Qt.SortOrder.AscendingOrder
        self._rows.sort(column, first)
        self.horizontalHeader().viewport().update()
        self.fit_columns()

    def fit_columns(self, *, grow_only: bool = False) -> None:
        """Make each column as wide as its heading and the texts of its first rows.

        Args:
            grow_only: leave columns that are wide enough as they are, so that nothing jumps.
        """
        heads = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
        model, header = self.model(), self.horizontalHeader()
        role = Qt.ItemDataRole
        for column in range(model.columnCount()):
            if column == self._stretched:
                continue
            title = model.headerData(column, Qt.Orientation.Horizontal, role.DisplayRole)
            width = heads.horizontalAdvance(str(title))
            icon = 0
            for row in range(min(model.rowCount(), _MEASURED_ROWS)):
                index = model.index(row, column)
                width = max(width, heads.horizontalAdvance(str(index.data() or "")))
                icon = icon or (theme.px(16) if index.data(role.DecorationRole) is not None else 0)
            wanted = min(width + icon + theme.px(24), theme.px(_WIDEST))
            header.resizeSection(column, max(wanted, header.sectionSize(column)) if grow_only else wanted)
        self._stretch()

    def _stretch(self) -> None:
        header = self.horizontalHeader()
        others = header.length() - header.sectionSize(self._stretched)
        room = self.viewport().width() - others
        header.resizeSection(self._stretched, max(theme.px(self._least), room))

    def selected_rows(self) -> list[int]:
        """Return the numbers of the selected rows, in the order of the view."""
        return sorted(index.row() for index in self.selectionModel().selectedRows())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._stretch()

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.row_entered.emit(self.currentIndex())
        else:
            super().keyPressEvent(event)
