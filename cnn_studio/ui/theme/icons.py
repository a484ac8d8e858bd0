"""Icons in the theme's colours, drawn from the strokes in `icon_paths`."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from cnn_studio.ui.theme.icon_paths import svg

_DISABLED_OPACITY = 0.6


def render(name: str, color: str, size: int, opacity: float = 1.0) -> QPixmap:
    """Return an icon as a square picture of `size` device pixels.

    Raises:
        KeyError: there is no icon of this name.
    """
    drawing = QSvgRenderer(QByteArray(svg(name, color).encode()))
    pixmap = QPixmap(size, size)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setOpacity(opacity)
    drawing.render(painter, QRectF(0, 0, size, size))
    painter.end()
    return pixmap


def build(name: str, color: str, disabled: str, sizes: tuple[int, ...]) -> QIcon:
    """Return an icon with pictures of the given sizes in device pixels, in another colour where disabled."""
    # A QIconEngine in Python would redraw itself on a change of theme, but PySide 6.11 crashes with it
    # when Qt clones or drops the engine; so an icon is a set of pictures.
    icon = QIcon()
    for size in sizes:
        icon.addPixmap(render(name, color, size), QIcon.Mode.Normal)
        icon.addPixmap(render(name, disabled, size, _DISABLED_OPACITY), QIcon.Mode.Disabled)
    return icon
