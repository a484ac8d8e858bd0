"""Pictures of maps that become larger or smaller without weights: upsampling, and channels exchanged for pixels."""

from __future__ import annotations

import math

from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor

from cnn_studio.graph.layers.common import count_text, stride_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import Sketch, centered

_CORNER = ((0.15, 0.55, 0.9), (0.7, 1.0, 0.3), (0.4, 0.2, 0.8))
"""Values of the cells in the upper left corner that is drawn."""

_MOST_CELLS = 24


def _weights(place: float, mode: str) -> list[tuple[int, float]]:
    """Return which input cells one output cell mixes, and with which weights.

    Source of the cubic weights: R. Keys, Cubic convolution interpolation (1981), with a = −0.75 as in PyTorch.
    """
    base = math.floor(place)
    if mode == "bilinear":
        return [(base, 1 - (place - base)), (base + 1, place - base)]

    def cubic(distance: float) -> float:
        a, x = -0.75, abs(distance)
        if x <= 1:
            return (a + 2) * x**3 - (a + 3) * x**2 + 1
        return a * (x**3 - 5 * x**2 + 8 * x - 4)

    return [(n, cubic(place - n)) for n in range(base - 1, base + 3)]


def _mixing(size: int, scale: int, mode: str, *, corners: bool, cells: int) -> list[list[tuple[int, float]]]:
    """Return for each drawn output cell along an axis the input cells and weights that it is mixed from."""
    out = size * scale
    found = []
    for n in range(cells):
        cell = n * out // cells  # every cell, or as many as can be seen
        if mode == "nearest":
            mixed = [(cell // scale, 1.0)]
        else:
            place = cell * (size - 1) / max(1, out - 1) if corners else (cell + 0.5) / scale - 0.5
            if mode == "bilinear":
                place = max(0.0, place)
            mixed = _weights(place, mode)
        found.append([(max(0, min(size - 1, at)), weight) for at, weight in mixed])
    return found


def _paint_upsample(sketch: Sketch, case: Case) -> None:
    params, (_, height, width) = case.params, case.shape
    rows, columns = min(3, height), min(3, width)
    mode = params["mode"]
    corners = params["align_corners"] and mode != "nearest"
    sketch.head(
        f"× {stride_text(params['scale'])}",
        {"nearest": "each cell repeated", "bilinear": "mixed from 2 × 2 cells"}.get(
            mode, "mixed from 4 × 4 cells"
        ),
        "corners meet" if corners else "",
    )
    labels = [shape_text(case.shape), shape_text(case.output) if case.output is not None else "none"]
    left, right = sketch.panes(labels, (1, 1.5), 34)
    high, wide = rows * params["scale"][0], columns * params["scale"][1]
    unit = min(theme.px(16), left.width() / columns, left.height() / rows)
    source = centered(left, unit * columns, unit * rows)
    for row in range(rows):
        for column in range(columns):
            box = QRectF(source.left() + column * unit, source.top() + row * unit, unit, unit)
            sketch.cells([box], _shade(sketch, _CORNER[row][column]))
    drawn_high, drawn_wide = min(high, _MOST_CELLS), min(wide, _MOST_CELLS)
    cell = min(theme.px(14), right.width() / wide, right.height() / high)
    whole = centered(right, cell * wide, cell * high)
    box_wide, box_high = whole.width() / drawn_wide, whole.height() / drawn_high
    across = _mixing(columns, params["scale"][1], mode, corners=corners, cells=drawn_wide)
    down = _mixing(rows, params["scale"][0], mode, corners=corners, cells=drawn_high)
    gap = 0.5 if min(box_wide, box_high) >= 4 else 0
    for row in range(drawn_high):
        for column in range(drawn_wide):
            value = sum(wy * wx * _CORNER[y][x] for y, wy in down[row] for x, wx in across[column])
            box = QRectF(whole.left() + column * box_wide, whole.top() + row * box_high, box_wide, box_high)
            sketch.cells([box], _shade(sketch, value), gap)
    sketch.arrow_between(source, whole)


def _shade(sketch: Sketch, value: float) -> QColor:
    return sketch.tint(0.12 + 0.85 * max(0.0, min(1.0, value)))


def _say_upsample(case: Case) -> str:
    mode = case.params["mode"]
    how = "each cell is repeated" if mode == "nearest" else f"values in between are mixed ({mode})"
    end = f" {shape_text(case.shape)} becomes {shape_text(case.output)}." if case.output else ""
    return f"Maps become {stride_text(case.params['scale'])} times as large; {how}.{end}"


# ------------------------------------------------------------------------------------------ channels and pixels


def _pixel_color(row: int, column: int, factor: int) -> QColor:
    """Return the colour of one pixel of a block, that of the channel which holds it."""
    tokens = theme.current()
    names = ("convolution", "activation", "pooling", "dense")
    corners = [QColor(tokens.family(name)) for name in names]
    y, x = (n / max(1, factor - 1) for n in (row, column))
    parts = ((1 - y) * (1 - x), (1 - y) * x, y * (1 - x), y * x)

    sums = [0.0, 0.0, 0.0]
    for part, color in zip(parts, corners, strict=True):
        for n, value in enumerate((color.redF(), color.greenF(), color.blueF())):
            sums[n] += part * value
    red, green, blue = (min(1.0, value) for value in sums)
    return QColor.fromRgbF(red, green, blue, 0.9)


def _paint_pixels(sketch: Sketch, case: Case) -> None:
    factor = case.params["factor"]
    shown = min(factor, 4)
    to_pixels = case.type_id == "pixel_shuffle"
    sketch.head(
        f"{factor:,}² = {factor**2:,} channels {'to' if to_pixels else 'from'} blocks of {factor:,} × {factor:,} pixels"
    )
    if shown < factor:
        sketch.foot(f"drawn: the first {shown} × {shown} of each block")
    labels = [shape_text(case.shape), shape_text(case.output) if case.output is not None else "none"]
    shares = (1.25, 1) if to_pixels else (1, 1.25)
    left, right = sketch.panes(labels, shares, 34)
    stack, wide = (left, right) if to_pixels else (right, left)
    boxes = [
        _paint_channels(sketch, stack, shown, factor),
        _paint_wide(sketch, wide, shown, factor),
    ]
    sketch.arrow_between(*(boxes if to_pixels else reversed(boxes)))


def _paint_channels(sketch: Sketch, room: QRectF, shown: int, factor: int) -> QRectF:
    """Draw r × r small maps of 2 × 2 cells, each in its own colour."""
    step = min(room.width() / shown, room.height() / shown, theme.px(44))
    box = centered(room, step * shown, step * shown)
    side = min(theme.px(13), step * 0.42)
    for row in range(shown):
        for column in range(shown):
            middle = QRectF(box.left() + column * step, box.top() + row * step, step, step)
            tile = centered(middle, 2 * side, 2 * side)
            cells = [
                QRectF(tile.left() + x * side, tile.top() + y * side, side, side)
                for y in (0, 1)
                for x in (0, 1)
            ]
            sketch.cells(cells, _pixel_color(row, column, factor), 0.75)
    return box


def _paint_wide(sketch: Sketch, room: QRectF, shown: int, factor: int) -> QRectF:
    """Draw the large map of 2 × 2 blocks of pixels."""
    side = min(theme.px(20), room.width() / (2 * shown), room.height() / (2 * shown))
    box = centered(room, 2 * shown * side, 2 * shown * side)
    for row in range(2 * shown):
        for column in range(2 * shown):
            cell = QRectF(box.left() + column * side, box.top() + row * side, side, side)
            sketch.cells([cell], _pixel_color(row % shown, column % shown, factor), 0.75)
    half = shown * side
    for y in (0, 1):
        for x in (0, 1):
            block = QRectF(box.left() + x * half, box.top() + y * half, half, half)
            sketch.outline(block, theme.qcolor("text", 0.7), 1.2, radius=1)
    return box


def _say_pixels(case: Case) -> str:
    factor = case.params["factor"]
    end = f" {shape_text(case.shape)} becomes {shape_text(case.output)}." if case.output else ""
    if case.type_id == "pixel_shuffle":
        return f"Every {count_text(factor**2, 'channel')} become one map of blocks of {factor} × {factor} pixels.{end}"
    return f"Every block of {factor} × {factor} pixels becomes {count_text(factor**2, 'channel')} of one cell.{end}"


def _shuffle_example(params: Params) -> tuple[Shape, ...]:
    return ((params["factor"] ** 2 * 2, 4, 4),)


def _depth_example(params: Params) -> tuple[Shape, ...]:
    return ((2, 4 * params["factor"], 4 * params["factor"]),)


CONCEPTS = {
    "upsample": Concept(_paint_upsample, _say_upsample, lambda params: ((6, 8, 8),)),
    "pixel_shuffle": Concept(_paint_pixels, _say_pixels, _shuffle_example),
    "space_to_depth": Concept(_paint_pixels, _say_pixels, _depth_example),
}
