"""The numbers of a fully connected layer as bars from zero; a click chooses one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRectF, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.insight.value_bars import paint_values

if TYPE_CHECKING:
    from cnn_studio.insight.layer_look import LayerLook

_NAME_ROOM = 44  # pixels a bar needs so that its name can stand below it


class VectorBars(QWidget):
    """One bar per number, up or down from zero; of more numbers than pixels the largest in each pixel.

    Attributes:
        element_chosen: emitted with the number of a bar.
    """

    element_chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layer: LayerLook | None = None
        self._names: Sequence[str] = ()
        self._marked: int | None = None
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Numbers of this layer")

    def show_vector(self, layer: LayerLook | None, names: Sequence[str]) -> None:
        """Show the numbers of a layer, with names where they have some; None shows nothing."""
        self._layer, self._names = layer, names
        self.update()

    def mark(self, element: int | None) -> None:
        """Mark the chosen number."""
        self._marked = element
        self.update()

    def _element_at(self, point: QPoint) -> int | None:
        if self._layer is None or not self.width():
            return None
        count = self._layer.values.size
        return max(0, min(count - 1, point.x() * count // self.width()))

    def _name(self, element: int) -> str:
        return self._names[element] if element < len(self._names) else str(element)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        element = self._element_at(event.position().toPoint())
        if element is not None and self._layer is not None and self._layer.layout == "vector":
            self.element_chosen.emit(element)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        element = self._element_at(event.position().toPoint())
        if element is not None and self._layer is not None:
            value = float(self._layer.values.reshape(-1)[element])
            QToolTip.showText(event.globalPosition().toPoint(), f"{self._name(element)}: {value:.4g}", self)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        if self._layer is None:
            return
        painter = QPainter(self)
        font = theme.ui_font(theme.current().type.small)
        line = QFontMetricsF(font).height()
        count, room = self._layer.values.size, self.height() - 2 * line
        zero = paint_values(painter, QRectF(0, line / 2, self.width(), room), self._layer.values.reshape(-1))
        width = self.width() / count
        gap = 1.0 if width > 3 else 0.0
        painter.setPen(theme.qcolor("line"))
        painter.drawLine(0, round(zero), self.width(), round(zero))
        if self._marked is not None and self._marked < count:
            left = self._marked * width
            painter.setPen(theme.qcolor("text"))
            painter.drawRect(QRectF(left, line / 2, max(2.0, width - gap), room))
        painter.setFont(font)
        painter.setPen(theme.qcolor("muted"))
        if width >= theme.px(_NAME_ROOM):
            for at in range(count):
                below = QRectF(at * width, self.height() - line, width, line)
                name = QFontMetricsF(font).elidedText(self._name(at), Qt.TextElideMode.ElideRight, width)
                painter.drawText(below, Qt.AlignmentFlag.AlignCenter, name)
        painter.end()
