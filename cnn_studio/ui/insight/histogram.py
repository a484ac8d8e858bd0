"""How often each value occurs in a layer, as a small picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.layer_look import LayerLook

_BINS = 48
_SIZE = (200, 56)


class Histogram(QWidget):
    """Bars of how many values lie in each step from the smallest to the largest; heights grow with the square root."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: LayerLook | None = None
        self._found: tuple[np.ndarray, np.ndarray] | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Histogram of the values")
        self.setToolTip(
            "How often each value occurs in this layer; heights grow with the square root of the count, so that rare "
            "values are seen. A tall bar at 0 behind a ReLU are the cells that it silenced."
        )
        theme.manager().changed.connect(self.updateGeometry)

    def show_values(self, layer: LayerLook | None) -> None:
        """Show the values of a layer, or nothing."""
        self._layer, self._found = layer, None
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(_SIZE[0]), theme.px(_SIZE[1]))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if self._layer is None:
            return
        if self._found is None:  # worked out when it is seen: a large layer has millions of values
            self._found = self._layer.histogram(_BINS)
        counts, edges = self._found
        painter = QPainter(self)
        font = theme.ui_font(theme.current().type.small)
        line = QFontMetricsF(font).height()
        high = self.height() - line
        most = max(1, int(counts.max()))
        width = self.width() / len(counts)
        zero = float(edges[0]) < 0 < float(edges[-1])
        for at, count in enumerate(counts.tolist()):
            tall = high * (count / most) ** 0.5
            painter.fillRect(
                QRectF(at * width, high - tall, max(1.0, width - 1), tall), theme.qcolor("accent")
            )
        painter.setPen(theme.qcolor("line"))
        painter.drawLine(0, round(high), self.width(), round(high))
        painter.setFont(font)
        painter.setPen(theme.qcolor("muted"))
        below = QRectF(0, high, self.width(), line)
        painter.drawText(below, Qt.AlignmentFlag.AlignLeft, f"{edges[0]:.2g}")
        painter.drawText(below, Qt.AlignmentFlag.AlignRight, f"{edges[-1]:.2g}")
        if zero:
            place = self.width() * -float(edges[0]) / float(edges[-1] - edges[0])
            painter.drawLine(round(place), 0, round(place), round(high))
            if 0.2 < place / self.width() < 0.8:
                painter.drawText(QRectF(place - 20, high, 40, line), Qt.AlignmentFlag.AlignHCenter, "0")
        painter.end()
