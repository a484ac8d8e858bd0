"""Small example pictures of kinds of images: drawn or computed here, and the digits that come with the program."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QImage, QLinearGradient, QPainter, QPainterPath, QPen, QPixmap

from cnn_studio.ui import theme
from cnn_studio.ui.plots.colors import mixed

Example = Literal["landscape", "flower", "house", "digit", "texture", "cells"]

EXAMPLES: dict[Example, str] = {
    "landscape": "a landscape",
    "flower": "a flower",
    "house": "a house",
    "digit": "a handwritten digit",
    "texture": "brushed metal",
    "cells": "cells under a microscope",
}
"""The pictures in words."""

_DIGIT = 0  # which of the embedded digits
_RATIO = 2
_WHITE, _BLACK = theme.LIGHT.panel, theme.DARK.window  # the pictures look the same in both themes


def example_picture(name: Example, side: int) -> QPixmap:
    """Return a square picture."""
    picture = QPixmap(side * _RATIO, side * _RATIO)
    picture.fill(theme.qcolor("field"))
    picture.setDevicePixelRatio(_RATIO)
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(side / 100, side / 100)
    painter.setPen(Qt.PenStyle.NoPen)
    _PAINTERS[name](painter)
    painter.end()
    return picture


def _sky(painter: QPainter) -> None:
    sky = QLinearGradient(0, 0, 0, 100)
    sky.setColorAt(0, mixed(theme.qcolor("convolution"), theme.qcolor(_WHITE), 0.35))
    sky.setColorAt(1, mixed(theme.qcolor("merge"), theme.qcolor(_WHITE), 0.75))
    painter.fillRect(QRectF(0, 0, 100, 100), sky)


def _landscape(painter: QPainter) -> None:
    _sky(painter)
    painter.setBrush(theme.qcolor("activation"))
    painter.drawEllipse(QPointF(76, 24), 10, 10)
    for points, token, dark in (
        (((0, 78), (30, 30), (62, 80)), "io", 0.0),
        (((34, 82), (66, 42), (104, 84)), "regularisation", 0.15),
    ):
        path = QPainterPath(QPointF(*points[0]))
        for x, y in points[1:]:
            path.lineTo(x, y)
        painter.setBrush(mixed(theme.qcolor(token), theme.qcolor(_BLACK), dark))
        painter.drawPath(path)
    painter.setBrush(mixed(theme.qcolor("pooling"), theme.qcolor(_BLACK), 0.25))
    painter.drawRect(QRectF(0, 74, 100, 26))


def _flower(painter: QPainter) -> None:
    painter.fillRect(QRectF(0, 0, 100, 100), mixed(theme.qcolor("pooling"), theme.qcolor(_BLACK), 0.45))
    painter.setBrush(mixed(theme.qcolor("pooling"), theme.qcolor(_WHITE), 0.1))
    painter.drawRect(QRectF(47, 55, 6, 45))
    for turn in range(8):
        painter.save()
        painter.translate(50, 46)
        painter.rotate(45 * turn)
        painter.setBrush(mixed(theme.qcolor("dense"), theme.qcolor(_WHITE), 0.25 * (turn % 2)))
        painter.drawEllipse(QPointF(0, -22), 9, 16)
        painter.restore()
    painter.setBrush(theme.qcolor("activation"))
    painter.drawEllipse(QPointF(50, 46), 11, 11)


def _house(painter: QPainter) -> None:
    _sky(painter)
    painter.setBrush(mixed(theme.qcolor("pooling"), theme.qcolor(_BLACK), 0.2))
    painter.drawRect(QRectF(0, 80, 100, 20))
    painter.setBrush(mixed(theme.qcolor("activation"), theme.qcolor(_WHITE), 0.6))
    painter.drawRect(QRectF(22, 46, 56, 40))
    roof = QPainterPath(QPointF(14, 48))
    for x, y in ((50, 18), (86, 48)):
        roof.lineTo(x, y)
    painter.setBrush(theme.qcolor("shape"))
    painter.drawPath(roof)
    painter.drawRect(QRectF(44, 64, 12, 22))
    painter.setBrush(theme.qcolor("convolution"))
    for x in (28, 62):
        painter.drawRect(QRectF(x, 54, 10, 10))


def _digit(painter: QPainter) -> None:
    from cnn_studio.datasets.digits import read_digits

    pixels = read_digits().train.images[_DIGIT]
    _draw_grey(painter, pixels)


def _texture(painter: QPainter) -> None:
    import numpy as np

    lines = np.random.default_rng(5).normal(size=(64, 64))
    smooth = np.stack([np.convolve(line, np.ones(17) / 4, mode="same") for line in lines])
    _draw_grey(painter, np.clip(140 + 34 * smooth, 0, 255).astype(np.uint8))


def _draw_grey(painter: QPainter, pixels: object) -> None:
    import numpy as np

    data = np.ascontiguousarray(np.squeeze(np.asarray(pixels)), dtype=np.uint8)
    height, width = data.shape
    image = QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8)
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
    painter.drawImage(QRectF(0, 0, 100, 100), image)


def _cells(painter: QPainter) -> None:
    import numpy as np

    ground = mixed(theme.qcolor("dense"), theme.qcolor(_WHITE), 0.8)
    painter.fillRect(QRectF(0, 0, 100, 100), ground)
    generator = np.random.default_rng(4)
    painter.setPen(QPen(mixed(theme.qcolor("normalisation"), theme.qcolor(_WHITE), 0.2), 1.5))
    for row in range(-1, 5):
        for column in range(-1, 5):
            x, y, size, kernel = generator.normal(size=4)
            middle = QPointF(24 * column + 12 * (row % 2) + 3 * x + 6, 23 * row + 3 * y + 6)
            painter.setBrush(mixed(theme.qcolor("dense"), theme.qcolor(_WHITE), 0.5))
            painter.drawEllipse(middle, 11 + size, 10 - size)
            painter.setBrush(theme.qcolor("normalisation"))
            painter.drawEllipse(middle + QPointF(x, y), 3.5 + 0.4 * kernel, 3.5)


_PAINTERS = {
    "landscape": _landscape,
    "flower": _flower,
    "house": _house,
    "digit": _digit,
    "texture": _texture,
    "cells": _cells,
}
