"""The faint frame around the cards of a block that is unfolded, with the mark that folds it."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from typing_extensions import override

from cnn_studio.graph.layout import FRAME_BOTTOM, FRAME_SIDE, FRAME_TOP
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.card_paint import elided, paint_fold_mark
from cnn_studio.ui.canvas.geometry import Box

HEADER = FRAME_TOP - 6.0
_RADIUS = 10.0
_INSET = 8.0


def frame_box(inner: Box) -> Box:
    """Return the frame around an area: with some room, and a line for its name on top."""
    return Box(
        inner.left - FRAME_SIDE, inner.top - FRAME_TOP, inner.right + FRAME_SIDE, inner.bottom + FRAME_BOTTOM
    )


class FrameItem(QGraphicsItem):
    """The frame of one unfolded block.

    Attributes:
        path: the block.
        box: its area on the canvas.
        name: what it is called, inside of the frame around it.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path
        self.box = Box(0, 0, 0, 0)
        self.name = path
        self._is_hot = False
        self.setZValue(-50 + path.count("."))

    def set_box(self, box: Box, name: str) -> None:
        """Stand around another area, under another name."""
        if (box, name) != (self.box, self.name):
            self.prepareGeometryChange()
            self.box, self.name = box, name
            self.update()

    def header_box(self) -> Box:
        """Return the area of mark and name."""
        return Box(self.box.left, self.box.top + 2, self.box.left + self.name_width(), self.box.top + HEADER)

    def set_hot(self, is_hot: bool) -> None:
        """Show that a click would fold it, or no longer."""
        if is_hot != self._is_hot:
            self._is_hot = is_hot
            self.update(self._header())

    def _header(self) -> QRectF:
        return QRectF(self.box.left, self.box.top, self.box.right - self.box.left, HEADER + 4)

    def name_width(self) -> float:
        """Return how much of the header's width is mark and name."""
        text = style.fonts().detail_metrics.horizontalAdvance(self.name)
        return min(self.box.right - self.box.left, _INSET + style.MARK + 6 + text + 4)

    def header_at(self, x: float, y: float) -> bool:
        """Return whether a place is on the mark or the name."""
        box = self.box
        return 0 <= y - box.top <= HEADER + 4 and 0 <= x - box.left <= self.name_width()

    def mark_at(self, x: float, y: float) -> bool:
        """Return whether a place is on the mark."""
        return self.header_at(x, y) and x - self.box.left <= _INSET + style.MARK + 3

    @override
    def boundingRect(self) -> QRectF:
        box = self.box
        return QRectF(box.left - 1, box.top - 1, box.right - box.left + 2, box.bottom - box.top + 2)

    def _paint_edge(self, painter: QPainter, area: QRectF, color: QColor, pixel: float, r: float) -> None:
        """Paint the edge, a pixel wide: filled, because drawn lines cost as much as they are long, in view or not."""
        left, top, right, bottom = area.left(), area.top(), area.right(), area.bottom()
        for x, y, width, height in (
            (left + r, top, right - left - 2 * r, pixel),
            (left + r, bottom - pixel, right - left - 2 * r, pixel),
            (left, top + r, pixel, bottom - top - 2 * r),
            (right - pixel, top + r, pixel, bottom - top - 2 * r),
        ):
            painter.fillRect(QRectF(x, y, width, height), color)
        if not r:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for x, y, start in (
            (left, top, 90), (right - 2 * r, top, 0), (left, bottom - 2 * r, 180), (right - 2 * r, bottom - 2 * r, 270)
        ):  # fmt: skip
            painter.drawArc(QRectF(x, y, 2 * r, 2 * r), start * 16, 90 * 16)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform()) / theme.scale()
        box = self.box
        area = QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
        edge = style.over_canvas("muted", 0.5 if self._is_hot else 0.3)
        painter.setPen(style.opaque_pen(edge, 1.0, is_cosmetic=True))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        # smoothing lines that are straight costs a millisecond a frame; only the corners need it
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        is_far = zoom < style.TILE_ZOOM
        self._paint_edge(painter, area, edge, 1 / (zoom * theme.scale()), 0.0 if is_far else _RADIUS)
        if is_far:
            return
        color = "text" if self._is_hot else "muted"
        middle = box.top + 3 + HEADER / 2
        paint_fold_mark(
            painter, QPointF(box.left + _INSET + style.MARK / 2, middle), is_folded=False, color=color
        )
        painter.setFont(style.fonts().detail)
        painter.setPen(theme.qcolor(color))
        left = box.left + _INSET + style.MARK + 6
        text = elided(style.fonts().detail_metrics, self.name, box.right - left - 6)
        place = QRectF(left, middle - HEADER / 2, box.right - left, HEADER)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
