"""The whole network as a small picture in a corner of the canvas, with the visible part framed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap, QWheelEvent
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.geometry import Box

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_WIDTH, _HEIGHT = 168, 208  # at most
_LEAST = 56  # a long chain is still wide enough to be hit
_EDGE = 6
_ROOM = 40.0  # around the network, in canvas units
_DOT = 2.0  # least size of a card, in pixels


class Minimap(QWidget):
    """A map of one canvas: it is painted when the network changes; moving the canvas moves the frame alone."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._picture = QPixmap()
        self._key: tuple[object, ...] = ()
        self._area = Box(0, 0, 1, 1)
        self._grip: QPointF | None = None  # where the frame was taken, from its middle
        self.setAccessibleName("Map of the network")
        self.setToolTip("The whole network. Click or drag to move the view.")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.hide()

    def follow(self) -> bool:
        """Take the network's area as it is now, and the size that suits it; return whether there is one."""
        box = self._view.content_box()
        if box is None:
            return False
        area = Box(box.left - _ROOM, box.top - _ROOM, box.right + _ROOM, box.bottom + _ROOM)
        if area != self._area:
            self._area = area
            self.forget()
        width, height = area.right - area.left, area.bottom - area.top
        # a very long network would be a thread: it is drawn wider than it is
        inner = min((theme.px(_WIDTH) - 2 * _EDGE) / width, (theme.px(_HEIGHT) - 2 * _EDGE) / height)
        size = QSize(round(width * inner), round(height * inner)) + QSize(2 * _EDGE, 2 * _EDGE)
        wanted = size.expandedTo(QSize(theme.px(_LEAST), theme.px(_LEAST)))
        if wanted != self.size():
            self.resize(wanted)
        return True

    def forget(self) -> None:
        """Paint the network anew at the next look."""
        self._key = ()
        self.update()

    # -------------------------------------------------------------------------------------------------- the picture

    def _scales(self) -> tuple[float, float]:
        """Return pixels per canvas unit, across and down."""
        return (
            (self.width() - 2 * _EDGE) / (self._area.right - self._area.left),
            (self.height() - 2 * _EDGE) / (self._area.bottom - self._area.top),
        )

    def _to_map(self, box: Box) -> QRectF:
        x, y = self._scales()
        return QRectF(
            _EDGE + (box.left - self._area.left) * x,
            _EDGE + (box.top - self._area.top) * y,
            (box.right - box.left) * x,
            (box.bottom - box.top) * y,
        )

    def _paint_network(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        tokens = theme.current()
        picture = QPixmap(self.size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.qcolor("line"), 1))
        painter.setBrush(theme.qcolor("card", 0.94))
        radius = tokens.space.radius
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        network = self._view.network
        for key, card in network.cards.items():
            rect = self._to_map(network.index.box(key))
            grow_x, grow_y = max(0.0, _DOT - rect.width()) / 2, max(0.0, _DOT - rect.height()) / 2
            bad = card.content.badge
            is_bad = bad is not None and bad.severity == "error"
            color = theme.qcolor("error" if is_bad else tokens.family(card.content.family))
            painter.fillRect(rect.adjusted(-grow_x, -grow_y, grow_x, grow_y), color)
        painter.end()
        return picture

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        key = (theme.current().name, self.size(), self.devicePixelRatioF())
        if key != self._key:
            self._picture, self._key = self._paint_network(), key
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._picture)
        inner = QRectF(self.rect()).adjusted(2, 2, -2, -2)
        frame = self._to_map(self._view.seen()).intersected(inner)
        painter.setPen(QPen(theme.qcolor("accent"), 1.5))
        painter.setBrush(theme.qcolor("accent", 0.12))
        painter.drawRect(frame)
        painter.end()

    # -------------------------------------------------------------------------------------------------- moving about

    def _go(self, at: QPointF) -> None:
        x, y = self._scales()
        self._view.look_at(
            QPointF(self._area.left + (at.x() - _EDGE) / x, self._area.top + (at.y() - _EDGE) / y)
        )

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() != Qt.MouseButton.LeftButton:
            event.ignore()
            return
        frame = self._to_map(self._view.seen())
        # the frame is taken where it is; elsewhere the view comes to the mouse
        self._grip = event.position() - frame.center() if frame.contains(event.position()) else QPointF()
        self._go(event.position() - self._grip)
        event.accept()

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grip is not None:
            self._go(event.position() - self._grip)
        event.accept()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grip = None
        event.accept()

    @override
    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        self._view.set_zoom(self._view.zoom * (1.25 if event.angleDelta().y() > 0 else 0.8))
        event.accept()
