"""Pictures of normalisation: which values share one mean and variance, in the block of images, channels and places.

The block is the figure of Y. Wu and K. He, Group normalization (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, RIGHT, UNDER_TEXT, Sketch, centered

_PLACES, _IMAGES = 6, 4
_SLANT = QPointF(0.55, -0.45)  # how far one image lies behind the next, in cells


class _Block(NamedTuple):
    """The cells of the block that are drawn, and those of one shared mean.

    Attributes:
        columns: how many channels are drawn (or values of the last axis).
        shares: whether the cell at (image, column, place) belongs to the coloured share.
        words: what shares one mean and variance.
        across: what the columns are, with their number.
        more: columns are left out at the end.
        places: what the rows are; empty where a vector has none.
        borders: columns before which another group begins.
    """

    columns: int
    shares: Callable[[int, int, int], bool]
    words: str
    across: str
    more: bool
    places: str
    borders: tuple[int, ...] = ()


def _block(case: Case) -> _Block:
    if case.type_id == "group_norm":
        return _groups(case)
    is_map = len(case.shape) == 3
    over = case.params.get("over", "")
    size = case.shape[-1 if over == "last" else 0]
    columns = min(size, 9)
    chosen = min(1, columns - 1)
    shares: Callable[[int, int, int], bool]
    if case.type_id == "batch_norm":
        words = "one channel, over all places of all images" if is_map else "one value, over all images"
        shares = lambda n, c, p: c == chosen  # noqa: E731 - a table of rules
    elif case.type_id == "instance_norm":
        words = "one channel of one image"
        shares = lambda n, c, p: n == 0 and c == chosen  # noqa: E731
    elif over == "all" or not is_map:
        words = "all values of one image"
        shares = lambda n, c, p: n == 0  # noqa: E731
    else:
        words = "all channels at one place of one image"
        if over == "last":
            words = "the values along the last axis of one image"
        shares = lambda n, c, p: n == 0 and p == 1  # noqa: E731
    across = count_text(size, "value" if over == "last" or not is_map else "channel")
    return _Block(columns, shares, words, across, columns < size, _places(case))


def _groups(case: Case) -> _Block:
    channels, groups = case.shape[0], case.params["groups"]
    each = max(1, channels // groups)
    shown = min(groups, 4)
    wide = max(1, min(each, 9 // shown))
    return _Block(
        shown * wide,
        lambda n, c, p: n == 0 and c < wide,
        f"one group of {count_text(each, 'channel')}, of one image",
        count_text(channels, "channel"),
        shown * wide < channels,
        "places",
        tuple(range(wide, shown * wide, wide)),
    )


def _places(case: Case) -> str:
    return "places" if len(case.shape) == 3 else ""


def _rows(case: Case) -> int:
    return _PLACES if len(case.shape) == 3 else 1


def _paint_block(sketch: Sketch, case: Case) -> None:
    block, rows = _block(case), _rows(case)
    sketch.head("coloured cells share one mean and variance")
    sketch.foot(block.words, "text")
    line, area = sketch.line_height, sketch.area
    wide, high = block.columns + _IMAGES * _SLANT.x(), rows - _IMAGES * _SLANT.y()
    cell = min(theme.px(15), area.width() * 0.56 / wide, (area.height() - line) / high)
    left = area.center().x() - wide * cell / 2
    top = area.center().y() - line / 2 + high * cell / 2 - rows * cell

    def corner(column: float, row: float, image: float) -> QPointF:
        return QPointF(left + column * cell, top + row * cell) + _SLANT * (image * cell)

    def fill(at: tuple[int, int, int], corners: list[QPointF], strength: float) -> None:
        color = sketch.tint(0.9 * strength) if block.shares(*at) else theme.qcolor("muted", 0.26 * strength)
        sketch.polygon(corners, color, theme.qcolor("panel"))

    square = ((0, 0), (1, 0), (1, 1), (0, 1))
    for image in reversed(range(_IMAGES)):  # the upper and the right face, from the back
        for column in range(block.columns):
            fill((image, column, 0), [corner(column + a, 0, image + b) for a, b in square], 0.8)
        for row in range(rows):
            side = [corner(block.columns, row + a, image + b) for a, b in square]
            fill((image, block.columns - 1, row), side, 0.62)
    for row in range(rows):
        for column in range(block.columns):
            fill((0, column, row), [corner(column + a, row + b, 0) for a, b in square], 1.0)
    for column in block.borders:
        ways = [corner(column, rows, 0), corner(column, 0, 0), corner(column, 0, _IMAGES)]
        sketch.lines(pairwise(ways), theme.qcolor("text"), 1.6)
    below, beside = corner(block.columns / 2, rows, 0), corner(0, rows / 2, 0)
    sketch.text_at(QPointF(below.x(), below.y() + line * 0.6), f"{block.across}{' …' if block.more else ''}")
    if block.places:
        room = QRectF(area.left(), beside.y() - line / 2, beside.x() - area.left() - theme.px(6), line)
        sketch.text(room, block.places, RIGHT)
    back = corner(block.columns, 0, _IMAGES)
    start = back.x() + theme.px(6)
    sketch.text(QRectF(start, back.y() + theme.px(2), area.right() - start, line), "images", LEFT)


def _say_block(case: Case) -> str:
    return (
        f"A block of images, channels and places in which {_block(case).words} share one mean and one variance; "
        f"each such share is brought to mean 0 and variance 1. The input is {shape_text(case.shape)}."
    )


def _norm_example(params: Params) -> tuple[Shape, ...]:
    groups = params.get("groups", 2)
    return ((groups * max(1, 8 // groups), 8, 8),)


# ------------------------------------------------------------------------------------------------ local response norm


def _paint_neighbours(sketch: Sketch, case: Case) -> None:
    params, channels = case.params, case.shape[0]
    size = params["size"]
    sketch.head(f"y = x / ({params['k']:g} + {params['alpha']:g}/{size:,} · Σ x²)^{params['beta']:g}")
    before, after = size // 2, (size - 1) // 2
    sketch.foot(f"Σ over {count_text(min(size, channels), 'map')} at the same place", "text")
    shown = min(channels, 13)
    middle = min(shown // 2, channels - 1)
    area = sketch.area
    step = min(theme.px(19), area.width() * 0.8 / max(1, shown))
    side = min(area.height() * 0.62, theme.px(46))
    whole = (shown - 1) * step + side
    left = area.center().x() - whole / 2
    top = area.center().y() - side / 2
    slant = side * 0.28
    for n in range(shown):
        x = left + n * step
        near = middle - before <= n <= middle + after
        color = (
            sketch.tint(0.85) if n == middle else sketch.tint(0.35) if near else theme.qcolor("muted", 0.22)
        )
        width = side * 0.62
        corners = [
            QPointF(x, top + slant),
            QPointF(x + width, top - slant * 0.3),
            QPointF(x + width, top + side - slant * 0.3),
            QPointF(x, top + side + slant),
        ]
        sketch.polygon(corners, theme.qcolor("panel"))
        sketch.polygon(corners, color, sketch.edge)
    for n in range(max(0, middle - before), min(shown, middle + after + 1)):
        place = QPointF(left + n * step + side * 0.3, top + side * 0.52)
        sketch.dot(place, theme.px(2.4), theme.qcolor("text"))
    if shown < channels:
        sketch.text_at(QPointF(left + whole + theme.px(8), area.center().y()), "…")


def _say_neighbours(case: Case) -> str:
    return (
        f"Each value is divided by a number that grows with the squares of the values at the same place in the "
        f"{case.params['size']:,} maps around its own: a strong map quietens its neighbours."
    )


# ----------------------------------------------------------------------------------------------------------- layer scale


def _paint_scale(sketch: Sketch, case: Case) -> None:
    params, shape = case.params, case.shape
    is_last = params["layout"] == "vector"
    channels = shape[-1] if is_last else shape[0]
    sketch.head("y = γ · x, one trained γ per channel", f"all start at {params['init']:g}")
    labels = [shape_text(shape), f"{count_text(channels, 'factor')}", shape_text(shape)]
    boxes = sketch.panes(labels, (1, 0.9, 1), 20)
    shown = min(channels, 5)
    start = max(0.06, min(1.0, abs(params["init"])))
    height = min(theme.px(17), boxes[0].height() / (shown + 0.5))
    for part, box in enumerate(boxes):
        top = box.center().y() - shown * height / 2
        for n in range(shown):
            row = QRectF(box.left(), top + n * height, box.width(), height - 2)
            if part == 1:
                sketch.text(row, f"× γ{'₁₂₃₄₅'[n]} =", mono=True)
                continue
            strength = UNDER_TEXT * (1 if part == 0 else start)
            bar = centered(row, min(row.width(), theme.px(62)), row.height())
            sketch.block(bar, sketch.source(n, strength), sketch.source(n, 0.8))
            if part == 0 and is_last and len(shape) == 3 and n == 0:
                sketch.text(bar, "last axis", color="text")
    if shown < channels:
        sketch.text_at(
            QPointF(boxes[1].center().x(), boxes[1].center().y() + (shown / 2 + 0.4) * height), "…"
        )


def _say_scale(case: Case) -> str:
    last = case.params["layout"] == "vector"
    channels = case.shape[-1] if last else case.shape[0]
    return (
        f"Each of the {count_text(channels, 'channel')}{' of the last axis' if last else ''} is multiplied by a trained "
        f"factor of its own; all factors start at {case.params['init']:g}."
    )


_BLOCK = Concept(_paint_block, _say_block, _norm_example)

CONCEPTS = {
    **dict.fromkeys(("batch_norm", "instance_norm", "group_norm", "layer_norm"), _BLOCK),
    "local_response_norm": Concept(_paint_neighbours, _say_neighbours, lambda params: ((12, 8, 8),)),
    "layer_scale": Concept(_paint_scale, _say_scale),
}
