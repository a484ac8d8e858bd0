"""A view of many equal cells in rows; where a cell is follows from its number, so a million cost what ten do.

`QListView` keeps a place for every item and asks the model about each whenever anything changes: 0.3 s at 70,000.
"""

from __future__ import annotations

from PySide6.QtCore import (
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QCursor, QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyleOptionViewItem, QWidget
from typing_extensions import override

_Index = QModelIndex | QPersistentModelIndex
_Action = QAbstractItemView.CursorAction


class CellView(QAbstractItemView):
    """Shows a list model as a grid of as many columns as fit; arrows, Home, End and the page keys walk through it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cell = QSize(1, 1)
        self.setMouseTracking(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setTabKeyNavigation(False)

    def set_cell_size(self, size: QSize) -> None:
        """Give all cells this size in pixels."""
        self._cell = QSize(max(1, size.width()), max(1, size.height()))
        self.updateGeometries()
        self.viewport().update()

    @property
    def columns(self) -> int:
        """How many cells stand beside each other."""
        return max(1, self.viewport().width() // self._cell.width())

    @property
    def count(self) -> int:
        """How many cells there are."""
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _place(self, number: int) -> QRect:
        """Where a cell stands in the viewport."""
        row, column = divmod(number, self.columns)
        width, height = self._cell.width(), self._cell.height()
        return QRect(column * width, row * height - self.verticalOffset(), width, height)

    # ------------------------------------------------------------------------------------------- what Qt asks a view

    @override
    def visualRect(self, index: _Index) -> QRect:
        return self._place(index.row()) if index.isValid() else QRect()

    @override
    def indexAt(self, point: QPoint) -> QModelIndex:
        column = point.x() // self._cell.width()
        number = (point.y() + self.verticalOffset()) // self._cell.height() * self.columns + column
        if not 0 <= column < self.columns or not 0 <= number < self.count:
            return QModelIndex()
        return self.model().index(number, 0)

    @override
    def scrollTo(
        self, index: _Index, hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible
    ) -> None:
        if not index.isValid():
            return
        bar, place, height = self.verticalScrollBar(), self.visualRect(index), self.viewport().height()
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtTop or (hint == hints.EnsureVisible and place.top() < 0):
            bar.setValue(bar.value() + place.top())
        elif hint == hints.PositionAtBottom or (hint == hints.EnsureVisible and place.bottom() >= height):
            bar.setValue(bar.value() + place.bottom() + 1 - height)
        elif hint == hints.PositionAtCenter:
            bar.setValue(bar.value() + place.center().y() - height // 2)

    @override
    def moveCursor(self, action: _Action, modifiers: Qt.KeyboardModifier) -> QModelIndex:
        if not self.count:
            return QModelIndex()
        now = self.currentIndex()
        if not now.isValid():
            return self.model().index(0, 0)
        page = self.columns * max(1, self.viewport().height() // self._cell.height())
        last, number = self.count - 1, now.row()
        steps = {
            _Action.MoveLeft: -1,
            _Action.MovePrevious: -1,
            _Action.MoveRight: 1,
            _Action.MoveNext: 1,
            _Action.MoveUp: -self.columns,
            _Action.MoveDown: self.columns,
            _Action.MovePageUp: -page,
            _Action.MovePageDown: page,
            _Action.MoveHome: -number,
            _Action.MoveEnd: last - number,
        }
        goal = number + steps.get(action, 0)
        if action in (_Action.MoveUp, _Action.MoveDown) and not 0 <= goal <= last:
            goal = number  # a column ends where it ends
        return self.model().index(min(max(goal, 0), last), 0)

    @override
    def horizontalOffset(self) -> int:
        return 0

    @override
    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    @override
    def isIndexHidden(self, index: _Index) -> bool:
        return False

    @override
    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        chosen = QItemSelection()
        for first, last in self._runs(rect.normalized()):
            chosen.select(self.model().index(first, 0), self.model().index(last, 0))
        self.selectionModel().select(chosen, command)

    @override
    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        return QRegion(self.viewport().rect())  # cheaper to paint than a long selection is to add up

    @override
    def updateGeometries(self) -> None:
        height = -(-self.count // self.columns) * self._cell.height()
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setRange(0, max(0, height - room))
        bar.setPageStep(room)
        bar.setSingleStep(max(1, self._cell.height() // 3))
        super().updateGeometries()

    # --------------------------------------------------------------------------------------------------- painting

    def _runs(self, rect: QRect) -> list[tuple[int, int]]:
        """First and last number of the cells that a rectangle of the viewport touches, row by row."""
        columns, count, offset = self.columns, self.count, self.verticalOffset()
        left = max(0, rect.left() // self._cell.width())
        right = min(columns - 1, rect.right() // self._cell.width())
        top = max(0, (rect.top() + offset) // self._cell.height())
        bottom = min((count - 1) // columns, (rect.bottom() + offset) // self._cell.height()) if count else -1
        runs = [
            (row * columns + left, min(row * columns + right, count - 1)) for row in range(top, bottom + 1)
        ]
        return [(first, last) for first, last in runs if first <= last]

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        selection, current = self.selectionModel(), self.currentIndex()
        under = QModelIndex()
        if self.viewport().underMouse():
            under = self.indexAt(self.viewport().mapFromGlobal(QCursor.pos()))
        flags = QStyle.StateFlag
        plain = option.state & ~(flags.State_Selected | flags.State_MouseOver | flags.State_HasFocus)
        for first, last in self._runs(event.rect()):
            for number in range(first, last + 1):
                index = self.model().index(number, 0)
                state = plain
                if selection is not None and selection.isSelected(index):
                    state |= flags.State_Selected
                if index == under:
                    state |= flags.State_MouseOver
                if self.hasFocus() and index == current:
                    state |= flags.State_HasFocus
                option.state = state
                option.rect = self._place(number)
                self.itemDelegate().paint(painter, option, index)
        painter.end()

    @override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self.viewport().scroll(dx, dy)  # only what comes into view is painted
