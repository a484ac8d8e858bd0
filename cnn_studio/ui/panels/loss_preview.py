"""A small picture of a run's loss; painted by hand, so that the plot library need not be there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.engine.events import BatchDone
from cnn_studio.ui import theme

Point = tuple[float, float]

_COLUMNS = 400  # more than the picture is wide in pixels would not be seen


def thin(points: Sequence[Point], columns: int) -> list[Point]:
    """Return the lowest and the highest point of each column, in order; peaks stay.

    Args:
        points: with rising x and finite y.
        columns: at least 1.
    """
    if len(points) <= 2 * columns:
        return list(points)
    kept: list[Point] = []
    for column in range(columns):
        part = points[len(points) * column // columns : len(points) * (column + 1) // columns]
        low, high = min(part, key=_height), max(part, key=_height)
        kept += sorted({low, high})
    return kept


def _height(point: Point) -> float:
    return point[1]


def smoothed(points: Sequence[Point]) -> list[Point]:
    """Return the exponential moving average over about a twentieth of the curve, its bias corrected."""
    keep = 1 - 1 / max(1.0, len(points) / 20)
    found, average, weight = [], 0.0, 0.0
    for x, y in points:
        average = keep * average + (1 - keep) * y
        weight = keep * weight + (1 - keep)
        found.append((x, average / weight))
    return found


class LossPreview(QWidget):
    """The loss of every batch, faint, and its running mean, bold."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._raw: list[Point] = []
        self._smooth: list[Point] = []
        self._num_steps = 0
        self._empty = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Loss curve of the selected run")
        theme.manager().changed.connect(self.update)

    def show_curve(self, curve: Sequence[BatchDone], empty: str = "") -> None:
        """Show a run's batches; without any, the text `empty`."""
        points = [(float(batch.step), batch.loss) for batch in curve if math.isfinite(batch.loss)]
        self._num_steps = curve[-1].step if curve else 0
        self._smooth = thin(smoothed(points), _COLUMNS)
        self._raw = thin(points, _COLUMNS)
        self._empty = empty
        self.setToolTip(self.summary)
        self.update()

    @property
    def num_points(self) -> int:
        """How many points of the faint line are painted."""
        return len(self._raw)

    @property
    def summary(self) -> str:
        """The curve in words."""
        if not self._smooth:
            return ""
        first, last = self._smooth[0][1], self._smooth[-1][1]
        return f"Loss {first:.3g} → {last:.3g} in {self._num_steps:,} steps"

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(260), theme.px(120))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(160), theme.px(60))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.ui_font(theme.current().type.small))
        if not self._raw:
            painter.setPen(theme.qcolor("muted"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, self._empty)
        else:
            self._paint_curve(painter)
        painter.end()

    def _paint_curve(self, painter: QPainter) -> None:
        top = max(y for _, y in self._smooth)
        # single peaks of the first batches would press the rest flat
        highest = min(max(y for _, y in self._raw), 1.5 * top) or 1.0
        metrics = QFontMetrics(painter.font())
        labels = f"{highest:.2g}", "0"
        left = max(metrics.horizontalAdvance(text) for text in labels) + theme.px(6)
        area = QRectF(left, theme.px(6), self.width() - left - theme.px(2), self.height() - theme.px(12))
        first, last = self._raw[0][0], self._raw[-1][0]

        def place(point: Point) -> QPointF:
            across = (point[0] - first) / (last - first) if last > first else 0.5
            return QPointF(
                area.left() + across * area.width(),
                area.bottom() - min(1.0, max(0.0, point[1] / highest)) * area.height(),
            )

        for level, text in ((area.top(), labels[0]), (area.bottom(), labels[1])):
            painter.setPen(QPen(theme.qcolor("line"), 1))
            painter.drawLine(QPointF(area.left(), level), QPointF(area.right(), level))
            painter.setPen(theme.qcolor("muted"))
            box = QRectF(0, level - metrics.height() / 2, left - theme.px(6), metrics.height())
            painter.drawText(box, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, text)
        painter.setPen(QPen(theme.qcolor("loss", 0.35), 1))
        painter.drawPolyline([place(point) for point in self._raw])
        painter.setPen(QPen(theme.qcolor("loss"), theme.px(2)))
        painter.drawPolyline([place(point) for point in self._smooth])
