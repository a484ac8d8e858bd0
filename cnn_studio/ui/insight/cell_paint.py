"""Colours and grids of numbers: orange below zero, the card's ground at zero, the accent above it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPen

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import Sketch
from cnn_studio.ui.insight.cell_facts import short_number
from cnn_studio.ui.plots.colors import mixed

LARGEST_CELL = 46
_TINY = 0.005
_SMALLER = 0.86
_LINES_FROM = 6  # pixels of a cell that lines between still leave to see


@lru_cache(maxsize=4)
def _table(name: str) -> tuple[np.ndarray, tuple[QColor, ...]]:
    del name  # the key alone
    low, middle, high = theme.qcolor("warning"), theme.qcolor("card"), theme.qcolor("accent")
    colours = [mixed(middle, high if at >= 0 else low, abs(at) / 127) for at in range(-127, 128)]
    pixels = np.array([(c.red(), c.green(), c.blue()) for c in colours], np.uint8)
    return pixels, tuple(QColor(theme.ink_on(colour.name())) for colour in colours)


def limit_of(values: np.ndarray) -> float:
    """Return the largest size of some numbers: what has the full colour."""
    finite = values[np.isfinite(values)] if not np.isfinite(values).all() else values
    return float(np.abs(finite).max()) if finite.size else 0.0


def _places(values: np.ndarray, limit: float) -> np.ndarray:
    if limit <= 0:
        return np.full(values.shape, 127, np.uint8)
    scaled = np.nan_to_num(values / limit, nan=0.0, posinf=1.0, neginf=-1.0)
    found: np.ndarray = np.rint(127 + 127 * np.clip(scaled, -1, 1)).astype(np.uint8)
    return found


def colour(value: float, limit: float) -> QColor:
    """Return the colour of one number."""
    pixels, _ = _table(theme.current().name)
    return QColor(*(int(part) for part in pixels[_places(np.array(value), limit)]))


def picture(values: np.ndarray, limit: float) -> QImage:
    """Return numbers [H, W] as an image, a pixel each."""
    pixels, _ = _table(theme.current().name)
    return rgb_image(pixels[_places(values, limit)])


def rgb_image(pixels: np.ndarray) -> QImage:
    """Return uint8 [H, W, 3] as an image."""
    height, width, _ = pixels.shape
    data = np.ascontiguousarray(pixels)
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


def grid_decimals(limit: float) -> int | None:
    """Return how many decimals the numbers of a grid are written with; None for each its own."""
    if limit < _TINY:
        return None
    return 0 if limit >= 100 else 1 if limit >= 10 else 2 if limit >= 0.1 else 3


def number_width(limit: float, scale: float | None = None, fewer: int = 0) -> float:
    """Return how wide a cell must be to hold its number.

    Args:
        limit: the largest size of its numbers.
        scale: of the text; that of captions if None.
        fewer: decimals to leave out.
    """
    font = theme.mono_font(theme.current().type.caption if scale is None else scale)
    text = short_number(-limit if limit else -0.01, _fewer(grid_decimals(limit), fewer))
    return QFontMetricsF(font).horizontalAdvance(text) + theme.px(3)


def _fewer(decimals: int | None, fewer: int) -> int | None:
    return decimals if decimals is None else max(0, decimals - fewer)


def _writing(limit: float, side: float) -> tuple[QFont, int | None] | None:
    """Return how numbers are written into cells of a size; None where they do not fit."""
    caption = theme.current().type.caption
    for scale, fewer in ((caption, 0), (caption * _SMALLER, 0), (caption * _SMALLER, 1)):
        if number_width(limit, scale, fewer) <= side:
            return theme.mono_font(scale), _fewer(grid_decimals(limit), fewer)
    return None


def paint_grid(
    sketch: Sketch,
    corner: QPointF,
    side: float,
    values: np.ndarray,
    limit: float,
    *,
    padding: np.ndarray | None = None,
    marked: tuple[int, int] | None = None,
) -> QRectF:
    """Paint numbers [h, w] as cells, written in where they fit, and return where.

    Args:
        sketch: paints.
        corner: upper left.
        side: of a cell, in pixels.
        values: the numbers.
        limit: the number that has the full colour.
        padding: which cells are padding, bool [h, w].
        marked: row and column of a cell to ring.
    """
    height, width = values.shape
    box = QRectF(corner.x(), corner.y(), width * side, height * side)
    painter = sketch.painter
    painter.setRenderHint(painter.RenderHint.SmoothPixmapTransform, side < 1)
    painter.drawImage(box, picture(values, limit))
    cells = (
        [
            (row, column, QRectF(box.left() + column * side, box.top() + row * side, side, side))
            for row in range(height)
            for column in range(width)
        ]
        if height * width <= 1024
        else []
    )
    if padding is not None:
        sketch.hatch([cell for row, column, cell in cells if padding[row, column]], "muted")
    if side >= theme.px(_LINES_FROM):
        _lines(sketch, box, side, height, width)
    if cells and (writing := _writing(limit, side)) is not None:
        _write(sketch, cells, values, limit, padding, *writing)
    sketch.outline(box, sketch.edge, 1)
    if marked is not None:
        row, column = marked
        ring = QRectF(box.left() + column * side, box.top() + row * side, side, side)
        sketch.outline(ring.adjusted(-1, -1, 1, 1), theme.qcolor("text"), theme.px(3), radius=3)
        sketch.outline(ring.adjusted(-1, -1, 1, 1), theme.qcolor("accent"), theme.px(2), radius=3)
    return box


def _lines(sketch: Sketch, box: QRectF, side: float, height: int, width: int) -> None:
    lines = [
        QLineF(box.left() + n * side, box.top(), box.left() + n * side, box.bottom()) for n in range(1, width)
    ]
    lines += [
        QLineF(box.left(), box.top() + n * side, box.right(), box.top() + n * side) for n in range(1, height)
    ]
    sketch.painter.setPen(QPen(theme.qcolor("line"), 1))
    sketch.painter.drawLines(lines)


def _write(
    sketch: Sketch,
    cells: list[tuple[int, int, QRectF]],
    values: np.ndarray,
    limit: float,
    padding: np.ndarray | None,
    font: QFont,
    decimals: int | None,
) -> None:
    _, inks = _table(theme.current().name)
    places, painter = _places(values, limit), sketch.painter
    painter.setFont(font)
    for row, column, cell in cells:
        is_zero = padding is not None and bool(padding[row, column]) and not values[row, column]
        painter.setPen(theme.qcolor("muted") if is_zero else inks[places[row, column]])
        text = "0" if is_zero else short_number(float(values[row, column]), decimals)
        painter.drawText(cell, Qt.AlignmentFlag.AlignCenter, text)
