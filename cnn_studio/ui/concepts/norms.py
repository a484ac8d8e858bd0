"""Pictures of normalisation: which values share one mean and variance, in the block of images, channels and places.

The block is the figure of Y. Wu and K. He, Group normalization (2018).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, Sketch, centered

_PLACES, _IMAGES = 6, 4


class _Block(NamedTuple):
    """The cells of the block that are drawn, and those of one shared mean.

    Attributes:
        columns: how many channels are drawn (or values of the last axis).
        shares: whether the cell at (image, column, place) belongs to the coloured share.
        borders: columns before which another group begins.
        words: what shares one mean and variance.
        across: what the columns are.
        places: what the rows are; empty where a vector has none.
        more: columns are left out at the end.
    """

    columns: int
    shares: Callable[[int, int, int], bool]
    words: str
    borders: tuple[int, ...] = ()
    across: str = "channels"
    places: str = "places"
    more: bool = False


def _block(case: Case) -> _Block:
    channels = case.shape[0]
    columns = min(channels, 9)
    more = columns < channels
    chosen = min(1, columns - 1)
    match case.type_id:
        case "batch_norm":
            words = "one channel, over all places of all images"
            if len(case.shape) == 1:
                words = "one value, over all images"
            return _Block(columns, lambda n, c, p: c == chosen, words, more=more, places=_places(case))
        case "instance_norm":
            return _Block(
                columns, lambda n, c, p: n == 0 and c == chosen, "one channel of one image", more=more
            )
        case "group_norm":
            return _groups(case)
    if case.params["over"] == "all":
        return _Block(
            columns, lambda n, c, p: n == 0, "all values of one image", more=more, places=_places(case)
        )
    if case.params["over"] == "channels" or len(case.shape) == 1:
        words = (
            "all channels at one place of one image" if len(case.shape) == 3 else "all values of one image"
        )
        return _Block(
            columns, lambda n, c, p: n == 0 and p == 1 % _rows(case), words, more=more, places=_places(case)
        )
    last = case.shape[-1]
    width = min(last, 9)
    return _Block(
        width, lambda n, c, p: n == 0 and p == 1, "the values along the last axis", across="last axis",
        places="other axes", more=width < last,
    )  # fmt: skip


def _groups(case: Case) -> _Block:
    channels, groups = case.shape[0], case.params["groups"]
    each = max(1, channels // groups)
    shown = min(groups, 4)
    wide = max(1, min(each, 9 // shown))
    return _Block(
        shown * wide,
        lambda n, c, p: n == 0 and c < wide,
        f"one group of {count_text(each, 'channel')}, of one image",
        tuple(range(wide, shown * wide, wide)),
        more=shown * wide < channels,
    )


def _places(case: Case) -> str:
    return "places" if len(case.shape) == 3 else ""


def _rows(case: Case) -> int:
    return _PLACES if len(case.shape) == 3 else 1


def _paint_block(sketch: Sketch, case: Case) -> None:
    block, rows = _block(case), _rows(case)
    sketch.head("coloured cells share one mean and variance")
    sketch.foot(block.words, "text")
    line = sketch.line_height
    area = sketch.area
    room = QRectF(area.left() + area.width() * 0.22, area.top(), area.width() * 0.56, area.height() - line)
    units_wide, units_high = block.columns + _IMAGES * 0.55, rows + _IMAGES * 0.45
    cell = min(theme.px(15), room.width() / units_wide, room.height() / units_high)
    depth = QPointF(cell * 0.55, -cell * 0.45)
    left = room.center().x() - units_wide * cell / 2
    bottom = room.center().y() + units_high * cell / 2
    top = bottom - rows * cell

    def corner(column: float, row: float, image: float) -> QPointF:
        return QPointF(left + column * cell, top + row * cell) + depth * image

    edge = theme.qcolor("panel")

    def fill(shared: bool, dark: float) -> object:
        return sketch.tint(0.9 * dark) if shared else theme.qcolor("muted", 0.26 * dark)

    for image in reversed(range(_IMAGES)):  # the upper face, from the back
        for column in range(block.columns):
            corners = [corner(column + a, 0, image + b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
            sketch.polygon(corners, fill(block.shares(image, column, 0), 0.8), edge)  # type: ignore[arg-type]
        for row in range(rows):  # the right face
            shared = block.shares(image, block.columns - 1, row)
            corners = [corner(block.columns, row + a, image + b) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
            sketch.polygon(corners, fill(shared, 0.62), edge)  # type: ignore[arg-type]
    for row in range(rows):
        for column in range(block.columns):
            corners = [corner(column + a, row + b, 0) for a, b in ((0, 0), (1, 0), (1, 1), (0, 1))]
            sketch.polygon(corners, fill(block.shares(0, column, row), 1.0), edge)  # type: ignore[arg-type]
    for column in block.borders:
        ways = [corner(column, rows, 0), corner(column, 0, 0), corner(column, 0, _IMAGES)]
        sketch.lines([(ways[0], ways[1]), (ways[1], ways[2])], theme.qcolor("text"), 1.6)
    more = " …" if block.more else ""
    count = case.shape[-1] if block.across == "last axis" else case.shape[0]
    middle = corner(block.columns / 2, rows, 0)
    across = block.across if len(case.shape) == 3 else "values"
    sketch.text_at(QPointF(middle.x(), middle.y() + line * 0.6), f"{count:,} {across}{more}")
    if block.places:
        beside = corner(0, rows / 2, 0)
        sketch.text(
            QRectF(area.left(), beside.y() - line / 2, max(1, beside.x() - area.left() - 6), line),
            block.places,
            LEFT,
        )
    behind = corner(block.columns, 0, _IMAGES / 2)
    sketch.text(
        QRectF(
            behind.x() + theme.px(8),
            behind.y() - line * 1.1,
            max(1, area.right() - behind.x() - theme.px(8)),
            line,
        ),
        "images",
        LEFT,
    )


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
    sketch.foot(f"Σ over {count_text(min(size, channels), 'map')} around this one, at the same place", "text")
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
                sketch.text(row, f"γ{'₁₂₃₄₅'[n]} · ", mono=True)
                continue
            strength = 0.85 if part == 0 else 0.85 * start
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
