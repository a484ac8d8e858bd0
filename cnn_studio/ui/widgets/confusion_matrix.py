"""How often each class was taken for each other one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

_LARGEST_CELL = 34


def count_confusions(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Return how often class i was taken for class j, int64 of shape [num_classes, num_classes]."""
    import numpy as np

    flat = labels.astype(np.int64) * num_classes + predictions.astype(np.int64)
    return np.bincount(flat, minlength=num_classes**2).reshape(num_classes, num_classes)


def _tints(counts: np.ndarray) -> QImage:
    """Return a picture with one pixel per cell, tinted by the cell's share of its true class."""
    import numpy as np

    def channels(token: str) -> np.ndarray:
        color = theme.qcolor(token)
        return np.array([color.red(), color.green(), color.blue()], dtype=np.float64)

    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    # a square root: single mistakes among hundreds must still be seen
    alpha = np.where(counts > 0, 0.10 + 0.28 * np.sqrt(share), 0.0)[..., None]
    right = np.eye(len(counts), dtype=bool)[..., None]
    tint = np.where(right, channels("ok"), channels("error"))
    pixels = np.ascontiguousarray(np.rint(alpha * tint + (1 - alpha) * channels("field")), dtype=np.uint8)
    side = len(counts)
    return QImage(pixels.data, side, side, 3 * side, QImage.Format.Format_RGB888).copy()


class ConfusionMatrix(QWidget):
    """Rows are true classes, columns predictions; the diagonal is right.

    Attributes:
        cell_clicked: (true class, predicted class) of a cell that was clicked and is not empty.
    """

    cell_clicked = Signal(int, int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._counts: np.ndarray | None = None
        self._classes: tuple[str, ...] = ()
        self._marked: tuple[int, int] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Expanding)
        theme.manager().changed.connect(self.update)

    def set_counts(self, counts: np.ndarray | None, classes: tuple[str, ...]) -> None:
        """Show these counts, int of shape [K, K]; None shows nothing."""
        self._counts, self._classes = counts, classes
        self.update()

    def set_marked(self, cell: tuple[int, int] | None) -> None:
        """Draw a ring around one cell."""
        self._marked = cell
        self.update()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(180), theme.px(120))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(320), theme.px(260))

    def _layout(self) -> tuple[QRectF, float]:
        """Return the area of the cells and the size of one."""
        metrics = QFontMetricsF(theme.ui_font(theme.current().type.caption))
        longest = max((metrics.horizontalAdvance(name) for name in self._classes), default=0.0)
        left = min(longest, 0.3 * self.width()) + theme.px(8)
        top = 2 * metrics.height() + theme.px(8)
        room = min(self.width() - left - 2, self.height() - top - 2)
        size = max(1.0, min(float(theme.px(_LARGEST_CELL)), room / max(1, len(self._classes))))
        return QRectF(left, top, size * len(self._classes), size * len(self._classes)), size

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._counts is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area, size = self._layout()
        self._paint_names(painter, area, size)
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        widest = metrics.horizontalAdvance(f"{int(self._counts.max()):,}")
        gap = 1 if size > 6 else 0
        # one picture of one pixel per class: thousands of rectangles from Python would take half a second
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawImage(area, _tints(self._counts))
        if gap:
            self._paint_gaps(painter, area, size)
        if widest + 2 <= size and metrics.height() <= size + 2:
            painter.setPen(theme.qcolor("text"))
            for true, guess in zip(*self._counts.nonzero(), strict=True):
                box = QRectF(area.left() + guess * size, area.top() + true * size, size, size)
                painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"{int(self._counts[true, guess]):,}")
        if self._marked is not None:
            true, guess = self._marked
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(theme.qcolor("accent"), theme.px(2)))
            painter.drawRect(
                QRectF(area.left() + guess * size, area.top() + true * size, size - gap, size - gap)
            )
        painter.end()

    def _paint_gaps(self, painter: QPainter, area: QRectF, size: float) -> None:
        painter.setPen(QPen(theme.qcolor("panel"), 1))
        for at in range(len(self._classes) + 1):
            x, y = area.left() + at * size - 0.5, area.top() + at * size - 0.5
            painter.drawLine(QPointF(x, area.top()), QPointF(x, area.bottom()))
            painter.drawLine(QPointF(area.left(), y), QPointF(area.right(), y))

    def _paint_names(self, painter: QPainter, area: QRectF, size: float) -> None:
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        painter.setPen(theme.qcolor("muted"))
        painter.drawText(QPointF(0, metrics.ascent()), "true class ↓ · predicted →")
        down = max(1, math.ceil(0.9 * metrics.height() / size))
        longest = max(metrics.horizontalAdvance(name) for name in self._classes)
        across = max(1, math.ceil((min(longest, theme.px(60)) + theme.px(4)) / size))
        middle = Qt.AlignmentFlag.AlignVCenter
        for at, name in enumerate(self._classes):
            if at % down == 0:
                line = QRectF(0, area.top() + (at + 0.5) * size - metrics.height(), area.left() - theme.px(6),
                              2 * metrics.height())  # fmt: skip
                shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, line.width())
                painter.drawText(line, Qt.AlignmentFlag.AlignRight | middle, shown)
            if at % across == 0:
                line = QRectF(area.left() + at * size, area.top() - metrics.height() - theme.px(3),
                              across * size, metrics.height())  # fmt: skip
                shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, line.width())
                side = Qt.AlignmentFlag.AlignHCenter if across == 1 else Qt.AlignmentFlag.AlignLeft
                painter.drawText(line, side | middle, shown)

    def cell_at(self, at: QPointF) -> tuple[int, int] | None:
        """Return (true class, predicted class) of the cell at a place, or None."""
        if self._counts is None:
            return None
        area, size = self._layout()
        guess, true = math.floor((at.x() - area.left()) / size), math.floor((at.y() - area.top()) / size)
        inside = 0 <= true < len(self._classes) and 0 <= guess < len(self._classes)
        return (true, guess) if inside else None

    def cell_text(self, true: int, guess: int) -> str:
        """Return what a cell says in words."""
        count = int(self._counts[true, guess]) if self._counts is not None else 0
        if true == guess:
            return f"{self._classes[true]}: {count:,} right"
        return f"{self._classes[true]} taken for {self._classes[guess]}: {count:,} times"

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        cell = self.cell_at(event.position())
        if (
            event.button() == Qt.MouseButton.LeftButton
            and cell
            and self._counts is not None
            and self._counts[cell]
        ):
            self.cell_clicked.emit(*cell)

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            cell = self.cell_at(QPointF(event.pos()))
            text = self.cell_text(*cell) if cell else "Rows: the true class. Columns: what the network says."
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)
