"""A pad to draw on with the mouse: what is drawn is an image for the network at every stroke."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

_SIDE = 280  # of what is drawn; shown smaller
_SHOWN = 200
_PEN = 22.0


class DrawPad(QWidget):
    """White on black, as the digits are.

    Attributes:
        drawn: emitted at every stroke.
    """

    drawn = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image = QImage(_SIDE, _SIDE, QImage.Format.Format_RGB888)
        self._last: QPointF | None = None
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.CrossCursor)
        self.setAccessibleName("Pad to draw on")
        self.setToolTip("Draw with the mouse; the right button rubs out")
        self.clear()
        theme.manager().changed.connect(self.updateGeometry)

    @Slot()
    def clear(self) -> None:
        """Wipe the pad."""
        self.image.fill(Qt.GlobalColor.black)
        self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(_SHOWN), theme.px(_SHOWN))

    def _place(self, point: QPointF) -> QPointF:
        return QPointF(point.x() * _SIDE / self.width(), point.y() * _SIDE / self.height())

    def stroke(self, start: QPointF, end: QPointF, *, rubs: bool = False) -> None:
        """Draw a line between two places of the image, and tell of it."""
        painter = QPainter(self.image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = Qt.GlobalColor.black if rubs else Qt.GlobalColor.white
        painter.setPen(
            QPen(color, _PEN, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin)
        )
        painter.drawLine(start, end)
        painter.end()
        self.update()
        self.drawn.emit()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._last = self._place(event.position())
        self.stroke(self._last, self._last, rubs=event.button() == Qt.MouseButton.RightButton)

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._last is not None and event.buttons():
            now = self._place(event.position())
            self.stroke(self._last, now, rubs=bool(event.buttons() & Qt.MouseButton.RightButton))
            self._last = now

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._last = None

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(QRectF(self.rect()), self.image)
        painter.setPen(theme.qcolor("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
