"""The colours of a confusion matrix as a picture with one pixel per cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QImage

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
