"""Parts of the picture of a confusion matrix: the colours of its cells, and the names above its columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFontMetricsF, QImage, QPainter

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np


def tints(counts: np.ndarray) -> QImage:
    """Return a picture with one pixel per cell, tinted by the cell's share of its true class."""
    import numpy as np

    def channels(token: str) -> np.ndarray:
        color = theme.qcolor(token)
        return np.array([color.red(), color.green(), color.blue()], dtype=np.float64)

    share = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))
    # a square root: single mistakes among hundreds must still be seen
    alpha = np.where(counts > 0, 0.10 + 0.28 * np.sqrt(share), 0.0)[..., None]
    right = np.eye(len(counts), dtype=bool)[..., None]
    tint = np.where(right, channels("ok"), channels("error"))
    pixels = np.ascontiguousarray(np.rint(alpha * tint + (1 - alpha) * channels("field")), dtype=np.uint8)
    side = len(counts)
    return QImage(pixels.data, side, side, 3 * side, QImage.Format.Format_RGB888).copy()


def paint_above(
    painter: QPainter, name: str, x: float, top: float, size: float, across: int, upright: bool
) -> None:
    """Paint the name of a column above it.

    Args:
        painter: with the font of names.
        name: shortened where it has no room.
        x: left edge of the column.
        top: upper edge of the cells.
        size: width of the column.
        across: how many columns a name may reach over.
        upright: from below to above, in cells too narrow for names.
    """
    metrics = QFontMetricsF(painter.font())
    middle = Qt.AlignmentFlag.AlignVCenter
    if upright:
        painter.save()
        painter.translate(x + size / 2, top - theme.px(3))
        painter.rotate(-90)
        room = top - metrics.height() - theme.px(6)
        shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        box = QRectF(0, -metrics.height() / 2, room, metrics.height())
        painter.drawText(box, Qt.AlignmentFlag.AlignLeft | middle, shown)
        painter.restore()
        return
    line = QRectF(x, top - metrics.height() - theme.px(3), across * size, metrics.height())
    shown = metrics.elidedText(name, Qt.TextElideMode.ElideRight, line.width())
    side = Qt.AlignmentFlag.AlignHCenter if across == 1 else Qt.AlignmentFlag.AlignLeft
    painter.drawText(line, side | middle, shown)
