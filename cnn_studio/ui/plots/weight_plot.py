"""How the weights of each layer are spread, epoch after epoch: one small ridge plot per layer."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPen, QPolygonF, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget
from typing_extensions import override

from cnn_studio.engine.events import Histogram, WeightsMeasured
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import mixed
from cnn_studio.ui.plots.gradient_bars import value_text
from cnn_studio.ui.plots.header import Part
from cnn_studio.ui.plots.painted import LEFT, RIGHT, PaintedPlot, elided

_EMPTY = "Press Train (Ctrl+T): after each epoch the weights of every layer are counted here"
_CELL = (190, 120)
_RIDGES = 10
_KEPT = 64  # epochs; of a longer run every second, then every fourth...
_TALL = 2.4  # how many steps between ridges the highest one reaches over


class WeightHistograms(PaintedPlot):
    """A cell per layer; the oldest epoch at the back, the latest in front, all on one scale of values."""

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        self._epochs: list[WeightsMeasured] = []
        self._every = 1
        super().__init__("Weights by layer", _EMPTY, clock, parent)

    @override
    def _holder(self) -> QWidget:
        self._scroll = QScrollArea(self)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.body)
        return self._scroll

    # ----------------------------------------------------------------------------------------------------- content

    def clear(self) -> None:
        """Show the empty state again."""
        self._epochs.clear()
        self._every = 1
        self.request()

    def add(self, event: WeightsMeasured) -> None:
        """Take the histograms after an epoch; those of another network begin anew."""
        if self._epochs and _paths(self._epochs[-1]) != _paths(event):
            self.clear()
        if len(self._epochs) >= 2 and len(self._epochs) % _KEPT == 0:
            del self._epochs[1::2]
            self._every *= 2
        if len(self._epochs) >= 2 and (self._epochs[-1].epoch - self._epochs[0].epoch) % self._every:
            self._epochs[-1] = event  # the latest is always there
        else:
            self._epochs.append(event)
        self.request()

    @property
    def epochs(self) -> list[int]:
        """The epochs that are kept."""
        return [event.epoch for event in self._epochs]

    @property
    def is_empty(self) -> bool:
        """Whether no epoch is done yet."""
        return not self._epochs

    def parts(self) -> tuple[Part, ...]:
        """Return what the line above says."""
        first, last = self._epochs[0].epoch, self._epochs[-1].epoch
        if first == last:
            return (Part(f"after epoch {last}"),)
        return (Part(f"epoch {first} at the back", "muted"), Part(f"epoch {last} in front", "accent"))

    def repaint_now(self) -> None:
        """Show all that has come since the last time; called by the clock."""
        self._fit()
        super().repaint_now()

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV: one row per bin."""
        epochs = list(self._epochs)

        def make() -> str:
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["epoch", "layer", "from", "to", "weights"])
            for event in epochs:
                for histogram in event.histograms:
                    width = (histogram.high - histogram.low) / max(1, len(histogram.counts))
                    for at, count in enumerate(histogram.counts):
                        low = histogram.low + at * width
                        writer.writerow(
                            [event.epoch, histogram.path, f"{low:.6g}", f"{low + width:.6g}", count]
                        )
            return out.getvalue()

        return make

    # ---------------------------------------------------------------------------------------------------- painting

    def _columns(self, width: float) -> int:
        return max(1, int(width / theme.px(_CELL[0])))

    def _fit(self) -> None:
        """Make the body as high as its cells."""
        count = len(self._epochs[-1].histograms) if self._epochs else 0
        rows = math.ceil(count / self._columns(self._scroll.viewport().width()))
        self.body.setMinimumHeight(rows * theme.px(_CELL[1]))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    @override
    def figure_size(self) -> QSize:
        count = len(self._epochs[-1].histograms) if self._epochs else 1
        columns = min(4, count)
        return QSize(max(360, 230 * columns), 60 + 130 * math.ceil(count / columns))

    def paint(self, painter: QPainter, area: QRectF, exposed: QRectF) -> None:
        """Paint the cells that are seen."""
        histograms = self._epochs[-1].histograms
        columns = self._columns(area.width())
        width = area.width() / columns
        height = float(theme.px(_CELL[1]))
        for at in range(len(histograms)):
            cell = QRectF(
                area.left() + at % columns * width, area.top() + at // columns * height, width, height
            )
            if cell.intersects(exposed):
                self._paint_cell(painter, cell.adjusted(0, 0, -theme.px(12), -theme.px(8)), at)

    def _paint_cell(self, painter: QPainter, cell: QRectF, at: int) -> None:
        tokens = theme.current()
        chosen = _spread(self._epochs, _RIDGES)
        ridges = [event.histograms[at] for event in chosen]
        low, high = min(h.low for h in ridges), max(h.high for h in ridges)
        if not (math.isfinite(low) and math.isfinite(high)):
            low, high = -1.0, 1.0
        if high <= low:
            low, high = low - 0.5, high + 0.5
        font, small = theme.ui_font(tokens.type.small, tokens.type.medium), theme.ui_font(tokens.type.caption)
        line = QFontMetricsF(font).height()
        painter.setPen(theme.qcolor("text"))
        name = elided(painter, font, ridges[-1].path, cell.width())
        painter.drawText(QRectF(cell.left(), cell.top(), cell.width(), line), LEFT, name)
        bottom = QFontMetricsF(small).height()
        inside = cell.adjusted(0, line + theme.px(2), 0, -bottom - theme.px(2))
        self._paint_ridges(painter, inside, ridges, low, high)
        painter.setFont(small)
        painter.setPen(theme.qcolor("muted"))
        numbers = QRectF(cell.left(), inside.bottom() + theme.px(2), cell.width(), bottom)
        painter.drawText(numbers, LEFT, value_text_signed(low))
        painter.drawText(numbers, RIGHT, value_text_signed(high))

    def _paint_ridges(
        self, painter: QPainter, inside: QRectF, ridges: Sequence[Histogram], low: float, high: float
    ) -> None:
        painter.setPen(QPen(theme.qcolor("line"), 1))
        if low < 0 < high:
            zero = inside.left() - low / (high - low) * inside.width()
            painter.drawLine(QPointF(zero, inside.top()), QPointF(zero, inside.bottom()))
        step = inside.height() / (len(ridges) - 1 + _TALL)
        peak = max(_densest(h) for h in ridges) or 1.0
        for at, histogram in enumerate(ridges):
            base = inside.bottom() - (len(ridges) - 1 - at) * step
            age = at / max(1, len(ridges) - 1)
            color = mixed(theme.qcolor("muted"), theme.qcolor("accent"), age)
            fill = theme.qcolor("accent_ground" if at == len(ridges) - 1 else "panel", 0.8)
            painter.setBrush(fill)
            painter.setPen(QPen(color, theme.px(1.5) if at == len(ridges) - 1 else 1))
            painter.drawPolygon(_ridge(histogram, inside, base, _TALL * step / peak, low, high))


def _ridge(
    histogram: Histogram, inside: QRectF, base: float, scale: float, low: float, high: float
) -> QPolygonF:
    counts = histogram.counts
    total = sum(counts) or 1
    width = (histogram.high - histogram.low) / max(1, len(counts)) or 1.0
    left, across = inside.left(), inside.width() / (high - low)

    def place(value: float) -> float:
        return left + (min(max(value, low), high) - low) * across

    points = [QPointF(place(histogram.low), base)]
    for at, count in enumerate(counts):
        middle = histogram.low + (at + 0.5) * width
        points.append(QPointF(place(middle), base - count / (total * width) * scale))
    points.append(QPointF(place(histogram.high), base))
    return QPolygonF(points)


def _densest(histogram: Histogram) -> float:
    """Return the highest share of the weights per unit of their value."""
    width = (histogram.high - histogram.low) / max(1, len(histogram.counts)) or 1.0
    density = max(histogram.counts, default=0) / ((sum(histogram.counts) or 1) * width)
    return density if math.isfinite(density) else 0.0


def _paths(event: WeightsMeasured) -> tuple[str, ...]:
    return tuple(histogram.path for histogram in event.histograms)


def _spread(epochs: Sequence[WeightsMeasured], most: int) -> list[WeightsMeasured]:
    """Return at most so many epochs, evenly chosen, the first and the last among them."""
    if len(epochs) <= most:
        return list(epochs)
    return [epochs[round(at * (len(epochs) - 1) / (most - 1))] for at in range(most)]


def value_text_signed(value: float) -> str:
    """Return a weight as people read it, with its sign."""
    return f"−{value_text(-value)}" if value < 0 else value_text(value)
