"""A drawing of what a layer's window sees: the input grid, one window, the padding, and what is left out."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from cnn_studio.graph.window import Axis, Window
from cnn_studio.ui import theme

_MOST_CELLS = 34  # more cells than this along an axis would be finer than one can see


class WindowPicture(QWidget):
    """The input grid with one window on it and, beside it, the output grid with the cell it makes."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._window: Window | None = None
        self._family = "convolution"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.manager().changed.connect(self.update)

    def show_window(self, window: Window | None, family: str) -> None:
        """Draw this window in the colour of its family; None draws nothing."""
        self._window = window
        self._family = family
        self.setVisible(window is not None and self._drawable(window))
        if window is not None:
            rows, columns = window
            self.setToolTip(
                f"One {rows.filter} × {columns.filter} window on the {rows.size} × {columns.size} input, and the "
                f"cell it gives in the {rows.output} × {columns.output} output. Hatched cells are never seen."
            )
        self.updateGeometry()
        self.update()

    @staticmethod
    def _drawable(window: Window) -> bool:
        return all(axis.padded <= _MOST_CELLS and axis.output >= 1 for axis in window)

    def sizeHint(self) -> QSize:
        """Return the size of both grids at the present width."""
        if self._window is None:
            return QSize(0, 0)
        return QSize(theme.px(240), theme.px(150))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the grids."""
        if self._window is None or not self._drawable(self._window):
            return
        rows, columns = self._window
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        gap = theme.px(20)
        across = columns.padded + columns.output
        cell = min((self.width() - gap) / across, self.height() / max(rows.padded, rows.output))
        self._draw_input(painter, rows, columns, cell)
        left = columns.padded * cell + gap
        self._draw_output(painter, rows.output, columns.output, cell, left)

    def _draw_input(self, painter: QPainter, rows: Axis, columns: Axis, cell: float) -> None:
        # a window that is not at the edge shows the stride best
        start_row = rows.stride if rows.output > 1 else 0
        start_column = columns.stride if columns.output > 1 else 0
        seen_rows = {start_row + k * rows.dilation for k in range(rows.filter)}
        seen_columns = {start_column + k * columns.dilation for k in range(columns.filter)}
        for row in range(rows.padded):
            for column in range(columns.padded):
                is_padding = not (
                    rows.before <= row < rows.before + rows.size
                    and columns.before <= column < columns.before + columns.size
                )
                never = row >= rows.padded - rows.left_out or column >= columns.padded - columns.left_out
                color = self._cell_color(
                    in_window=row in seen_rows and column in seen_columns, is_padding=is_padding, never=never
                )
                self._draw_cell(painter, QRectF(column * cell, row * cell, cell, cell), color, hatched=never)

    def _draw_output(self, painter: QPainter, height: int, width: int, cell: float, left: float) -> None:
        made = (1 if height > 1 else 0, 1 if width > 1 else 0)
        for row in range(height):
            for column in range(width):
                color = self._cell_color(in_window=(row, column) == made, is_padding=False, never=False)
                self._draw_cell(
                    painter, QRectF(left + column * cell, row * cell, cell, cell), color, hatched=False
                )

    def _cell_color(self, *, in_window: bool, is_padding: bool, never: bool) -> QColor:
        if in_window:
            return theme.qcolor(self._family)
        if never:
            return theme.qcolor("warning", 0.45)
        return theme.qcolor("line", 0.35 if is_padding else 1.0)

    def _draw_cell(self, painter: QPainter, rect: QRectF, color: QColor, *, hatched: bool) -> None:
        inset = max(0.5, rect.width() * 0.06)
        box = rect.adjusted(inset, inset, -inset, -inset)
        painter.setBrush(color)
        painter.drawRoundedRect(box, inset, inset)
        if hatched and rect.width() >= 4:
            painter.setPen(theme.qcolor("warning"))
            painter.drawLine(box.bottomLeft(), box.topRight())
            painter.setPen(Qt.PenStyle.NoPen)
