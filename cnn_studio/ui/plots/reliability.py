"""Whether a network is as often right as it says: accuracy against confidence, bin by bin."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.header import Part
from cnn_studio.ui.plots.painted import LEFT, RIGHT, PaintedPlot

if TYPE_CHECKING:
    from cnn_studio.engine.classification import Calibration

_EMPTY = "Train to see whether the network is as often right as it says"
_CLOSE = 0.02


class ReliabilityDiagram(PaintedPlot):
    """A bar per bin of confidence, as high as the share that was right; the diagonal is perfect honesty."""

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        self._calibration: Calibration | None = None
        super().__init__("Calibration", _EMPTY, clock, parent)
        self.body.setToolTip(
            "Each bar holds the images of which the network was so sure; its height is how many of them were right. "
            "Bars below the line: too sure. The error is the mean distance from the line."
        )

    def set_calibration(self, calibration: Calibration | None) -> None:
        """Show these numbers; None shows nothing."""
        self._calibration = calibration
        self.repaint_now()

    @property
    def is_empty(self) -> bool:
        """Whether there are no predictions."""
        return self._calibration is None or not self._calibration.counts.any()

    def parts(self) -> tuple[Part, ...]:
        """Return the error in words."""
        found = self._calibration
        if found is None:
            return ()
        gap = found.mean_gap
        words = "about right" if abs(gap) < _CLOSE else "too sure" if gap > 0 else "not sure enough"
        return (Part(f"error {100 * found.error:.1f} %"), Part(words))

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the bins as CSV."""
        found = self._calibration

        def make() -> str:
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["from", "to", "images", "mean confidence", "right"])
            if found is not None:
                for at, count in enumerate(found.counts.tolist()):
                    means = (found.confidence[at], found.accuracy[at]) if count else ("", "")
                    writer.writerow([f"{found.edges[at]:.4g}", f"{found.edges[at + 1]:.4g}", count, *means])
            return out.getvalue()

        return make

    @override
    def figure_size(self) -> QSize:
        return QSize(460, 460)

    def paint(self, painter: QPainter, area: QRectF, exposed: QRectF) -> None:
        """Paint bars, diagonal and axes."""
        del exposed
        found = self._calibration
        if found is None:
            return
        font = theme.ui_font(theme.current().type.caption)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        left = metrics.horizontalAdvance("100 %") + theme.px(8)
        inside = area.adjusted(left, theme.px(6), -theme.px(8), -metrics.height() - theme.px(6))
        for share in (0.0, 0.5, 1.0):
            y = inside.bottom() - share * inside.height()
            painter.setPen(QPen(theme.qcolor("line"), 1))
            painter.drawLine(QPointF(inside.left(), y), QPointF(inside.right(), y))
            painter.setPen(theme.qcolor("muted"))
            box = QRectF(area.left(), y - metrics.height() / 2, left - theme.px(6), metrics.height())
            painter.drawText(box, RIGHT, f"{100 * share:.0f} %")
        self._paint_bars(painter, inside, found)
        painter.setPen(QPen(theme.qcolor("muted"), 1, Qt.PenStyle.DashLine))
        painter.drawLine(inside.bottomLeft(), inside.topRight())
        painter.setPen(theme.qcolor("muted"))
        below = QRectF(inside.left(), inside.bottom() + theme.px(3), inside.width(), metrics.height())
        painter.drawText(below, LEFT, "0 % sure")
        painter.drawText(below, RIGHT, "100 %")
        painter.drawText(
            QRectF(inside.left() + theme.px(6), inside.top(), inside.width(), metrics.height()), LEFT, "right"
        )

    @staticmethod
    def _paint_bars(painter: QPainter, inside: QRectF, found: Calibration) -> None:
        most = int(found.counts.max())
        for at, count in enumerate(found.counts.tolist()):
            if not count:
                continue
            x0 = inside.left() + found.edges[at] * inside.width()
            width = (found.edges[at + 1] - found.edges[at]) * inside.width()
            height = found.accuracy[at] * inside.height()
            # few images say little: their bar is paler
            color = theme.qcolor("accent", 0.35 + 0.55 * (count / most) ** 0.5)
            bar = QRectF(x0 + 1, inside.bottom() - height, width - 2, height)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            painter.drawRect(bar)
            # the mark is where the bar would end if the network were honest
            wanted = inside.bottom() - found.confidence[at] * inside.height()
            painter.setPen(QPen(theme.qcolor("text"), theme.px(2)))
            painter.drawLine(QPointF(x0 + 1, wanted), QPointF(x0 + width - 1, wanted))
