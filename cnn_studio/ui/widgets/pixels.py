"""Pixels of the data side as pictures of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPixmap

if TYPE_CHECKING:
    import numpy as np


def pixmap_of(image: np.ndarray, side: int) -> QPixmap:
    """Return uint8 [C, H, W] as a picture that fits a square; small ones keep their pixels visible."""
    import numpy as np

    channels, height, width = image.shape
    if channels == 1:
        data, kind = np.ascontiguousarray(image[0]), QImage.Format.Format_Grayscale8
    else:
        data, kind = np.ascontiguousarray(image.transpose(1, 2, 0)), QImage.Format.Format_RGB888
    picture = QImage(data.data, width, height, channels * width, kind).copy()
    smooth = (
        Qt.TransformationMode.SmoothTransformation
        if max(height, width) > side / 3
        else Qt.TransformationMode.FastTransformation
    )
    return QPixmap.fromImage(picture.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, smooth))


def pixels_of(image: QImage, shape: tuple[int, int, int]) -> np.ndarray:
    """Return a picture stretched to a shape (C, H, W), uint8; grey for one channel, red, green and blue for three."""
    import numpy as np

    channels, height, width = shape
    kind = QImage.Format.Format_Grayscale8 if channels == 1 else QImage.Format.Format_RGB888
    ratio, smooth = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    small = image.scaled(width, height, ratio, smooth).convertToFormat(kind)
    rows = np.frombuffer(small.constBits(), np.uint8).reshape(height, small.bytesPerLine())
    planes = rows[:, : width * channels].reshape(height, width, channels)
    return planes.transpose(2, 0, 1).copy()  # the picture's own memory goes with it
