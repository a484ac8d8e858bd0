"""Numbers as bars from zero, as they are painted in the list of layers and in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainter

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

_LEAST_WITH_GAP = 3.0


def paint_values(painter: QPainter, room: QRectF, values: np.ndarray, widest: float = float("inf")) -> float:
    """Paint a bar per number, up or down from zero; of more numbers than pixels the furthest from zero in each pixel.

    Args:
        painter: where to.
        room: the bars fill it from the largest to the smallest number, 0 included.
        values: the numbers, [N], at least one; what is no number has no bar.
        widest: of a bar, in pixels.

    Returns:
        How high zero lies, from the top of the painter.
    """
    import numpy as np

    shown = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    low, high = min(0.0, float(shown.min())), max(0.0, float(shown.max()))
    span = (high - low) or 1.0
    zero = room.top() + room.height() * high / span
    width = min(widest, room.width() / len(shown))
    if width < 1:
        edges = np.linspace(0, len(shown), int(room.width()) + 1).astype(int)[:-1]
        tops, bottoms = np.maximum.reduceat(shown, edges), np.minimum.reduceat(shown, edges)
        shown, width = np.where(np.abs(bottoms) > tops, bottoms, tops), 1.0
    gap = 1.0 if width > _LEAST_WITH_GAP else 0.0
    colors = theme.qcolor("accent"), theme.qcolor("warning")
    for at, value in enumerate(shown.tolist()):
        tall = room.height() * value / span
        bar = QRectF(room.left() + at * width, zero - max(0.0, tall), max(1.0, width - gap), abs(tall))
        painter.fillRect(bar, colors[value < 0])
    return zero
