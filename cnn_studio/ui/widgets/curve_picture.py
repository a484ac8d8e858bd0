"""A small line in a box: a plan or a test, painted by hand so that the plot library need not be there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

Point = tuple[float, float]


class CurvePicture(QWidget):
    """Points joined by a line, with the ends of both axes written, and one place marked.

    Args:
        name: what assistive programs call it.
        y_title: what stands at the top left.
        x_title: what stands at the bottom.
        log_x: whether equal ratios are equally wide.
    """

    def __init__(
        self, name: str, y_title: str, x_title: str, *, log_x: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._titles = (y_title, x_title)
        self._log_x = log_x
        self._faint: Sequence[Point] = ()
        self._points: Sequence[Point] = ()
        self._mark: Point | None = None
        self._mark_text = ""
        self._x_range: tuple[float, float] | None = None
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.manager().changed.connect(self.update)

    def show_points(
        self,
        points: Sequence[Point],
        *,
        faint: Sequence[Point] = (),
        mark: Point | None = None,
        mark_text: str = "",
        x_range: tuple[float, float] | None = None,
    ) -> None:
        """Show a line.

        Args:
            points: with rising x; what is not finite is left out.
            faint: another line behind it, such as the raw values of an average.
            mark: where a ring is drawn.
            mark_text: what stands beside it.
            x_range: ends of the x axis; those of the points if None.
        """
        self._points = [point for point in points if all(map(math.isfinite, point))]
        self._faint = [point for point in faint if all(map(math.isfinite, point))]
        self._mark, self._mark_text, self._x_range = mark, mark_text, x_range
        self.update()

    @property
    def num_points(self) -> int:
        """How many points the line has."""
        return len(self._points)

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(200), theme.px(72))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(120), theme.px(64))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = painter.fontMetrics()
        line = metrics.height()
        area = QRectF(0.5, line + 2.5, self.width() - 1, self.height() - 2 * line - 6)
        painter.setPen(QPen(theme.qcolor("line"), 1))
        painter.drawRect(area)
        if self._points and area.height() > 4:
            self._paint(painter, area, line)
        painter.end()

    def _paint(self, painter: QPainter, area: QRectF, line: int) -> None:
        first, last = self._x_range or (self._points[0][0], self._points[-1][0])
        top = max(y for _, y in self._points)
        low = min(0.0, *(y for _, y in self._points))
        across = math.log(last / first) if self._log_x else last - first

        def place(point: Point) -> QPointF:
            x = math.log(point[0] / first) if self._log_x else point[0] - first
            y = (point[1] - low) / ((top - low) or 1.0)
            return QPointF(
                area.left() + (x / across if across else 0.5) * area.width(),
                area.bottom() - 0.92 * y * area.height(),
            )

        painter.save()
        painter.setClipRect(area)
        painter.setPen(QPen(theme.qcolor("accent", 0.35), 1))
        painter.drawPolyline([place(point) for point in self._faint])
        painter.setPen(QPen(theme.qcolor("accent"), theme.px(2)))
        painter.drawPolyline([place(point) for point in self._points])
        painter.restore()
        painter.setPen(theme.qcolor("muted"))
        full = QRectF(0, 0, self.width(), line)
        painter.drawText(full, Qt.AlignmentFlag.AlignLeft, self._titles[0])
        painter.drawText(full, Qt.AlignmentFlag.AlignRight, _number(top))
        below = QRectF(0, self.height() - line - 1, self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, _number(first))
        painter.drawText(below, Qt.AlignmentFlag.AlignHCenter, self._titles[1])
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, _number(last))
        if self._mark is not None:
            self._paint_mark(painter, place(self._mark), area, line)

    def _paint_mark(self, painter: QPainter, at: QPointF, area: QRectF, line: int) -> None:
        ring = float(theme.px(5))
        painter.setPen(QPen(theme.qcolor("text"), theme.px(2)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawEllipse(at, ring, ring)
        width = painter.fontMetrics().horizontalAdvance(self._mark_text) + 4
        left = min(max(at.x() - width / 2, area.left() + 2), area.right() - width - 2)
        above = at.y() - ring - line > area.top()
        top = at.y() - ring - line if above else at.y() + ring
        painter.drawText(QRectF(left, top, width, line), Qt.AlignmentFlag.AlignCenter, self._mark_text)


def _number(value: float) -> str:
    """Return the end of an axis as people read it."""
    return f"{value:,.0f}" if 1000 <= abs(value) < 10**7 else f"{value:.3g}"
