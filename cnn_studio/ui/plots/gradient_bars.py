"""How large the gradient is in each layer, as bars on a logarithmic scale."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFontMetricsF,
    QHelpEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.plot_menu import PlotMenu

_DECADES = 8  # of the scale at most; what is smaller counts as vanished and shows as a dot
_ROW = 20
_TITLE = "Gradient size by layer"
_EMPTY = "Press Train (Ctrl+T) to see which layers learn"


class GradientBars(QWidget):
    """One bar per layer in the order of the network; a scale of decades, so that vanishing gradients show.

    Attributes:
        message: what was copied or written, or why not.

    With more layers than rows the bars get thin and the names are thinned out: the whole profile stays in view,
    and a tool tip names the layer under the mouse.
    """

    message = Signal(str)

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self._frame: QSizeF | None = None  # of the picture that is painted in place of the widget
        self.menu = PlotMenu(self, self)
        self.menu.message.connect(self.message)
        self._norms: tuple[tuple[str, float], ...] = ()
        self._families: Mapping[str, str] = {}
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setToolTip("")
        theme.manager().changed.connect(self.update)

    @property
    def title(self) -> str:
        """What the plot shows."""
        return _TITLE

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV: one row per layer."""
        norms = self._norms

        def make() -> str:
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["layer", "gradient norm"])
            writer.writerows((name, f"{value:.6g}") for name, value in norms)
            return out.getvalue()

        return make

    def figure_size(self) -> QSize:
        """Return how large the plot's picture is: every layer has a row of its own."""
        return QSize(640, max(240, 80 + _ROW * len(self._norms)))

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint the plot into a picture, in the colours of now."""
        painter.save()
        painter.translate(area.topLeft())
        self._frame = area.size()
        self._paint(painter)
        self._frame = None
        painter.restore()

    def _size(self) -> QSizeF:
        return QSizeF(self.size()) if self._frame is None else self._frame

    @property
    def norms(self) -> tuple[tuple[str, float], ...]:
        """What is shown: (layer, norm) in the order of the network."""
        return self._norms

    def set_families(self, families: Mapping[str, str]) -> None:
        """Colour the bars by layer family.

        Args:
            families: family key by layer path; layers it leaves out are in the accent colour.
        """
        self._families = dict(families)
        self.update()

    def set_norms(self, norms: Sequence[tuple[str, float]]) -> None:
        """Show these Euclidean norms at the next tick of the clock."""
        self._norms = tuple(norms)
        if self.isVisible():
            self._clock.request(self)

    def clear(self) -> None:
        """Show the empty state again."""
        self.set_norms(())

    def repaint_now(self) -> None:
        """Paint what came last; called by the clock."""
        largest = max(self._norms, key=lambda pair: pair[1], default=None)
        self.setAccessibleName(_TITLE)
        if largest is not None:
            self.setAccessibleDescription(f"largest at {largest[0]}: {value_text(largest[1])}")
        self.update()

    def scale(self) -> tuple[int, int]:
        """Return the scale's ends as powers of ten, the first below the second, `_DECADES` apart at most."""
        good = [value for _, value in self._norms if math.isfinite(value) and value > 0]
        if not good:
            return -1, 0
        high = math.ceil(math.log10(max(good)) + 1e-9)
        low = math.floor(math.log10(min(good)) - 1e-9)
        return max(min(low, high - 2), high - _DECADES), high

    def fraction(self, value: float) -> float:
        """Return the length of a bar as a share of the scale, 0 to 1; infinite values fill it."""
        if math.isnan(value) or value <= 0:
            return 0.0
        if math.isinf(value):
            return 1.0
        low, high = self.scale()
        return min(1.0, max(0.0, (math.log10(value) - low) / (high - low)))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(150), theme.px(96))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(200))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.repaint_now()

    def _areas(self) -> tuple[float, QRectF]:
        """Return the width of the names and the area of the bars."""
        metrics = QFontMetricsF(theme.ui_font(theme.current().type.small))
        top = QFontMetricsF(theme.ui_font()).height() + theme.px(8)
        bottom = metrics.height() + theme.px(4)
        widest = max((metrics.horizontalAdvance(name) for name, _ in self._norms), default=0.0)
        names = min(widest, 0.38 * self._size().width()) + theme.px(8)
        values = metrics.horizontalAdvance("8.8e-88") + theme.px(6)
        width = max(8.0, self._size().width() - names - values)
        height = max(8.0, self._size().height() - top - bottom)
        return names, QRectF(names, top, width, height)

    def _row_height(self, bars: QRectF) -> float:
        return min(float(theme.px(_ROW)), bars.height() / max(1, len(self._norms)))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint(painter)
        painter.end()

    def _paint(self, painter: QPainter) -> None:
        tokens, size = theme.current(), self._size()
        painter.setFont(theme.ui_font(weight=tokens.type.strong))
        painter.setPen(theme.qcolor("text"))
        title = QRectF(0, 0, size.width(), QFontMetricsF(theme.ui_font()).height() + theme.px(4))
        middle_left = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        shown = painter.fontMetrics().elidedText(
            _TITLE, Qt.TextElideMode.ElideRight, round(size.width()) - theme.px(30)
        )
        painter.drawText(title, middle_left, shown)
        if self._norms:
            names, bars = self._areas()
            self._paint_scale(painter, bars)
            self._paint_rows(painter, names, bars)
        else:
            painter.setFont(theme.ui_font())
            painter.setPen(theme.qcolor("muted"))
            area = QRectF(0, title.height(), size.width(), size.height() - title.height())
            painter.drawText(area, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, _EMPTY)

    def _paint_scale(self, painter: QPainter, bars: QRectF) -> None:
        low, high = self.scale()
        painter.setFont(theme.ui_font(theme.current().type.caption))
        metrics = QFontMetricsF(painter.font())
        bottom = bars.top() + self._row_height(bars) * len(self._norms)
        room = bars.width() / (high - low)
        stride = max(1, math.ceil((metrics.horizontalAdvance("1e-8") + theme.px(8)) / room))
        for power in range(low, high + 1):
            x = round(bars.left() + bars.width() * (power - low) / (high - low)) + 0.5
            painter.setPen(QPen(theme.qcolor("line"), 1))
            painter.drawLine(QPointF(x, bars.top()), QPointF(x, bottom))
            if (power - low) % stride == 0:
                text = power_text(power)
                width = metrics.horizontalAdvance(text)
                painter.setPen(theme.qcolor("muted"))
                painter.drawText(QPointF(x - width / 2, bottom + metrics.ascent() + theme.px(2)), text)

    def _paint_rows(self, painter: QPainter, names: float, bars: QRectF) -> None:
        tokens = theme.current()
        row = self._row_height(bars)
        font = theme.ui_font(tokens.type.small)
        metrics = QFontMetricsF(font)
        painter.setFont(font)
        stride = max(1, math.ceil(metrics.height() * 0.95 / row))
        thickness = max(1.0, min(float(theme.px(10)), row * 0.62))
        for at, (name, value) in enumerate(self._norms):
            middle = bars.top() + (at + 0.5) * row
            family = self._families.get(name)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.qcolor(tokens.family(family) if family else tokens.accent))
            length = max(thickness, self.fraction(value) * bars.width())
            radius = thickness / 2
            painter.drawRoundedRect(QRectF(bars.left(), middle - radius, length, thickness), radius, radius)
            if at % stride:
                continue
            line = QRectF(0, middle - metrics.height() / 2, names - theme.px(8), metrics.height())
            painter.setPen(theme.qcolor("muted"))
            shown = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)
            if stride == 1:
                place = QRectF(
                    bars.left() + length + theme.px(6), line.top(), self._size().width(), line.height()
                )
                painter.setPen(theme.qcolor("text"))
                painter.drawText(
                    place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, value_text(value)
                )

    def layer_at(self, y: float) -> tuple[str, float] | None:
        """Return the (layer, norm) whose row is at height `y`, or None."""
        if not self._norms:
            return None
        _, bars = self._areas()
        at = math.floor((y - bars.top()) / self._row_height(bars))
        return self._norms[at] if 0 <= at < len(self._norms) else None

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.menu.adjustSize()
        self.menu.move(self.width() - self.menu.width(), 0)

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    @override
    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            found = self.layer_at(event.pos().y())
            if found is None:
                text = "Length of the loss gradient in each layer, on a scale of powers of ten. "
                text += "Bars that get shorter towards the input mean vanishing gradients."
            else:
                text = f"{found[0]}: {value_text(found[1])}"
            QToolTip.showText(event.globalPos(), text, self)
            return True
        return super().event(event)


def value_text(value: float) -> str:
    """Return a norm as people read it: ``0.034``, ``2.1e-6``."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite"
    if value == 0:
        return "0"
    if 1e-3 <= value < 1e4:
        return f"{value:.2g}" if value < 100 else f"{value:,.0f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}".replace("e-", "e−")


def power_text(power: int) -> str:
    """Return a power of ten as the scale shows it."""
    return f"{10.0**power:g}" if -3 <= power <= 4 else f"1e{power}".replace("-", "−")
