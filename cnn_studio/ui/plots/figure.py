"""Plots as pictures on white, for reports: pixels for the clipboard and PNG, strokes and text for SVG."""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QRectF, QSize, Qt
from PySide6.QtGui import QImage, QPainter
from PySide6.QtSvg import QSvgGenerator

from cnn_studio.core.errors import StorageError
from cnn_studio.ui import theme

_DPI = 96
_MARGIN = 16


class Drawable(Protocol):
    """A plot that can be painted elsewhere."""

    def figure_size(self) -> QSize:
        """Return how large its picture should be, in pixels at 100 %."""

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint the plot with the colours of paper."""


def figure_image(plot: Drawable, scale: float = 2.0) -> QImage:
    """Return a plot as pixels on white.

    Raises:
        StorageError: there is not enough memory for it.
    """
    size = plot.figure_size()
    image = QImage(size * scale, QImage.Format.Format_RGB32)
    if image.isNull():
        raise StorageError(
            "There is not enough memory for a picture of this plot. Close something and try again."
        )
    image.fill(Qt.GlobalColor.white)
    image.setDevicePixelRatio(scale)  # so that pens of fixed width and markers grow too
    painter = QPainter(image)
    _paint(plot, painter, size)
    painter.end()
    image.setDevicePixelRatio(1)
    return image


def figure_png(plot: Drawable) -> bytes:
    """Return a plot as the content of a PNG file.

    Raises:
        StorageError: Qt could not write it.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not figure_image(plot).save(buffer, "PNG"):  # type: ignore[call-overload]  # the stub knows bytes only
        raise StorageError("The picture could not be written as PNG. Choose SVG.")
    return bytes(content.data())


def figure_svg(plot: Drawable, title: str = "") -> bytes:
    """Return a plot as the content of an SVG file."""
    size = plot.figure_size()
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(_DPI)
    generator.setSize(size)
    generator.setViewBox(QRectF(0, 0, size.width(), size.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, size.width(), size.height()), Qt.GlobalColor.white)
    _paint(plot, painter, size)
    painter.end()
    return bytes(content.data())


def _paint(plot: Drawable, painter: QPainter, size: QSize) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    area = QRectF(0, 0, size.width(), size.height()).adjusted(_MARGIN, _MARGIN, -_MARGIN, -_MARGIN)
    with theme.manager().on_paper():
        plot.paint_figure(painter, area)
