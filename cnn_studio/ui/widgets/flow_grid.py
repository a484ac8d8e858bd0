"""A grid whose number of columns follows its width."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme


class FlowGrid(QWidget):
    """Lays widgets out row by row in as many equal columns as fit, so that narrow panels clip nothing."""

    def __init__(self, column_width: int, parent: QWidget | None = None) -> None:
        """Make an empty grid; `column_width` is the least width of a column at 100 % and 9.5 pt."""
        super().__init__(parent)
        self._column_width = column_width
        self._items: list[QWidget] = []
        self._columns = 0
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.px(theme.current().space.m))
        self._grid.setVerticalSpacing(theme.px(6))
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)

    @property
    def columns(self) -> int:
        """How many columns there are now."""
        return self._columns

    def set_items(self, items: Sequence[QWidget]) -> None:
        """Lay out these widgets, in this order."""
        self._items = list(items)
        self._columns = 0
        self._arrange()

    def _arrange(self) -> None:
        columns = max(1, self.width() // theme.px(self._column_width))
        if columns == self._columns:
            return
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)
        self._columns = columns
        for at, item in enumerate(self._items):
            self._grid.addWidget(item, at // columns, at % columns)
        for column in range(columns):
            self._grid.setColumnStretch(column, 1)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(self._column_width), super().minimumSizeHint().height())
