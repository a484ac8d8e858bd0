"""The network as a picture for a file: SVG, PDF or PNG, painted by the items of the canvas, light on white."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QMarginsF, QRectF, QSize, QSizeF, Qt
from PySide6.QtGui import QImage, QPageSize, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from cnn_studio.core.errors import StorageError
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.scene import NetworkScene

PictureFormat = Literal["svg", "png", "pdf"]

MAX_SIDE = 32_000
"""Pixels that Qt can paint on each side of an image."""

_MAX_PIXELS = 120_000_000  # 480 MB while it is painted
_MARGIN = 24.0
_DPI = 96
_POINTS = 72
_MAX_POINTS = 14_400.0  # longer pages are refused by many programs that show PDF


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """What a picture shows besides the network.

    Attributes:
        scale: pixels of a PNG for each unit of the canvas; 1 is what the canvas shows at 100 %.
        badges: marks of problems, and the colours of the wires that they concern.
        selection: the rings of selected layers.
    """

    scale: float = 2.0
    badges: bool = False
    selection: bool = False


PLAIN = PictureOptions()
"""The network alone, a PNG at twice its size."""


def picture_area(scene: NetworkScene) -> QRectF:
    """Return the part of the canvas that a picture shows: everything, with a margin; null if there is nothing."""
    area = QRectF()
    for card in scene.cards.values():
        area = area.united(
            card.sceneBoundingRect() if card.content.end else style.CARD.translated(card.pos())
        )
    for wire in scene.wires.values():
        left, top, right, bottom = wire.extent
        area = area.united(QRectF(left, top, right - left, bottom - top).translated(wire.pos()))
    for frame in scene.frames.items.values():
        area = area.united(frame.sceneBoundingRect())
    return area if area.isNull() else area.adjusted(-_MARGIN, -_MARGIN, _MARGIN, _MARGIN)


def png_size(scene: NetworkScene, scale: float) -> tuple[QSize, float]:
    """Return the size of a PNG in pixels, and its scale: less than the wanted one where that would be too large."""
    area = picture_area(scene)
    width, height = max(1.0, area.width()), max(1.0, area.height())
    fits = min(scale, MAX_SIDE / max(width, height), math.sqrt(_MAX_PIXELS / (width * height)))
    return QSize(math.ceil(width * fits), math.ceil(height * fits)).boundedTo(QSize(MAX_SIDE, MAX_SIDE)), fits


def image_of(scene: NetworkScene, options: PictureOptions = PLAIN) -> QImage:
    """Return the picture as pixels on white.

    Raises:
        StorageError: there is not enough memory for it.
    """
    size, scale = png_size(scene, options.scale)
    image = QImage(size, QImage.Format.Format_RGB32)
    if image.isNull():
        raise StorageError(
            f"There is not enough memory for a picture of {size.width():,} × {size.height():,} pixels. "
            "Choose a smaller scale, or SVG."
        )
    dots = round(scale * _DPI / 0.0254)
    image.setDotsPerMeterX(dots)
    image.setDotsPerMeterY(dots)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    _paint(scene, painter, QRectF(0, 0, size.width(), size.height()), options)
    painter.end()
    return image


def png_of(image: QImage) -> bytes:
    """Return an image as the content of a PNG file.

    Raises:
        StorageError: Qt could not write it.
    """
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # the stub knows bytes only, Qt wants text
        raise StorageError("The picture could not be written as PNG. Choose SVG or PDF.")
    return bytes(content.data())


def svg_of(scene: NetworkScene, options: PictureOptions = PLAIN, title: str = "") -> bytes:
    """Return the picture as the content of an SVG file, in which text is text."""
    area = picture_area(scene)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(_DPI)
    generator.setSize(QSize(math.ceil(area.width()), math.ceil(area.height())))
    generator.setViewBox(QRectF(0, 0, area.width(), area.height()))
    generator.setTitle(title)
    painter = QPainter(generator)
    painter.fillRect(QRectF(0, 0, area.width(), area.height()), Qt.GlobalColor.white)
    _paint(scene, painter, QRectF(0, 0, area.width(), area.height()), options)
    painter.end()
    return bytes(content.data())


def pdf_of(scene: NetworkScene, options: PictureOptions = PLAIN, title: str = "") -> bytes:
    """Return the picture as the content of a PDF file of one page, in which text is text."""
    area = picture_area(scene)
    # a finer resolution, not a smaller scale, makes a long network fit: cards must not become tiles
    dpi = max(_DPI, math.ceil(max(area.width(), area.height()) * _POINTS / _MAX_POINTS))
    page = QSizeF(area.width(), area.height()) * (_POINTS / dpi)
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(dpi)
    writer.setPageSize(QPageSize(page, QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch))
    writer.setPageMargins(QMarginsF())
    writer.setTitle(title)
    writer.setCreator("CNN Studio")
    painter = QPainter(writer)
    _paint(scene, painter, QRectF(0, 0, area.width(), area.height()), options)
    painter.end()
    return bytes(content.data())


def _paint(scene: NetworkScene, painter: QPainter, target: QRectF, options: PictureOptions) -> None:
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
    with theme.manager().on_paper(), _undisturbed(scene, options):
        scene.render(painter, target, picture_area(scene), Qt.AspectRatioMode.KeepAspectRatio)


@contextmanager
def _undisturbed(scene: NetworkScene, options: PictureOptions) -> Iterator[None]:
    """Take away what is of the moment inside the block: what lies under the mouse, and what was not asked for."""
    cards = {key: (card.content, card.is_selected) for key, card in scene.cards.items()}
    wires = {key: (wire.content, wire.is_hot) for key, wire in scene.wires.items()}
    for card in scene.cards.values():
        card.set_ports("")
        card.set_selected(card.is_selected and options.selection)
        if not options.badges:
            card.set_content(card.content._replace(badge=None))
    for wire in scene.wires.values():
        wire.set_hot(wire.is_hot and options.selection)
        if not options.badges:
            wire.set_content(wire.content._replace(state="plain"))
    for frame in scene.frames.items.values():
        frame.set_hot(False)
    try:
        yield
    finally:
        for key, (content, is_selected) in cards.items():
            scene.cards[key].set_content(content)
            scene.cards[key].set_selected(is_selected)
        for link, (text, is_hot) in wires.items():
            scene.wires[link].set_content(text)
            scene.wires[link].set_hot(is_hot)
