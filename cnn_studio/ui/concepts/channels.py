"""Pictures of layers that choose or rearrange channels: shares, slices, and the shuffle."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.grids import Shown, Track
from cnn_studio.ui.concepts.sketch import Sketch

_MOST = 16


def _share(case: Case) -> range:
    """Return the channels that a chunk or a slice keeps; PyTorch's shares are rounded up, the last one is smaller."""
    channels, params = case.shape[0], case.params
    if case.type_id == "channel_slice":
        return range(params["start"], min(params["stop"], channels))
    each = -(-channels // params["parts"])
    return range(params["index"] * each, min((params["index"] + 1) * each, channels))


def _parts(case: Case) -> list[range]:
    """Return all shares in order, what a slice leaves out included."""
    channels, kept = case.shape[0], _share(case)
    if case.type_id == "channel_slice":
        return [part for part in (range(kept.start), kept, range(kept.stop, channels)) if part]
    each = -(-channels // case.params["parts"])
    return [range(start, min(start + each, channels)) for start in range(0, channels, each)]


def _paint_share(sketch: Sketch, case: Case) -> None:
    params, kept = case.params, _share(case)
    if case.type_id == "chunk":
        sketch.head(f"share {params['index']} of {params['parts']}, counted from 0")
    else:
        sketch.head(f"channels {params['start']:,} to {params['stop'] - 1:,}, counted from 0")
    if case.output is None:
        sketch.foot("there are no such channels", "error")
    channels = case.shape[0]
    area, line = sketch.area, sketch.line_height
    shown = Shown.choose(Track(channels, 0, channels, 1, lambda n: kept, head=_MOST - 6), _MOST, _MOST)
    side = min(theme.px(20), area.width() / shown.units)
    height = min(theme.px(34), (area.height() - 3 * line) / 2.6)
    left = area.center().x() - shown.units * side / 2
    top = area.top() + line
    sketch.text(QRectF(area.left(), area.top(), area.width(), line), f"{shape_text(case.shape)}", mono=True)
    parts = _parts(case)
    for number, part in enumerate(parts):
        is_kept = part == kept and case.output is not None
        cells = (
            [_cell(shown, n, left, top, side, height) for n in part if shown.has(n)]
            if len(part) < 5000
            else []
        )
        if not cells:
            cells = [_cell(shown, n, left, top, side, height) for n in shown.indices() if n in part]
        if is_kept:
            sketch.cells(cells, sketch.source(number, 0.85), 1)
        else:
            sketch.cells(cells, theme.qcolor("muted", 0.22 if number % 2 else 0.3), 1)
    if shown.has_gap:
        middle = left + (shown.head + 0.85) * side
        sketch.text_at(QPointF(middle, top + height / 2), "…")
    if case.output is None or not kept:
        return
    number = parts.index(kept)
    start, end = left + shown.at(kept.start) * side, left + shown.at(kept.stop) * side
    below = area.bottom() - line - height
    corners = [
        QPointF(start, top + height),
        QPointF(end, top + height),
        QPointF(end, below),
        QPointF(start, below),
    ]
    sketch.polygon(corners, sketch.source(number, 0.13))
    cells = [_cell(shown, n, left, below, side, height) for n in shown.indices() if n in kept]
    if cells:
        sketch.cells(cells, sketch.source(number, 0.85), 1)
    else:
        sketch.block(QRectF(start + 1, below, max(2.0, end - start - 2), height), sketch.source(number, 0.85))
    label = QPointF((start + end) / 2, area.bottom() - line / 2)
    sketch.text_at(label, shape_text(case.output), mono=True)


def _cell(shown: Shown, number: int, left: float, top: float, side: float, height: float) -> QRectF:
    return QRectF(left + shown.at(number) * side, top, side, height)


def _say_share(case: Case) -> str:
    kept = _share(case)
    if case.output is None or not kept:
        return f"The input has {count_text(case.shape[0], 'channel')}, and none of them is meant."
    return (
        f"Of {count_text(case.shape[0], 'channel')}, counted from 0, numbers {kept.start:,} to {kept.stop - 1:,} go on, "
        f"{count_text(len(kept), 'channel')} in all; the others are left out."
    )


def _chunk_example(params: Params) -> tuple[Shape, ...]:
    parts = params["parts"]
    return ((parts * max(1, 8 // parts), 8, 8),)


def _slice_example(params: Params) -> tuple[Shape, ...]:
    return ((max(6, params["stop"] + 2), 8, 8),)


# -------------------------------------------------------------------------------------------------------------- shuffle


def _paint_shuffle(sketch: Sketch, case: Case) -> None:
    channels, groups = case.shape[0], case.params["groups"]
    each = max(1, channels // groups)
    shown_groups = min(groups, 6)
    shown_each = max(1, min(each, 12 // shown_groups))
    sketch.head(
        f"{count_text(groups, 'group')} of {count_text(each, 'channel')}", "dealt out in turn, like cards"
    )
    is_part = shown_groups < groups or shown_each < each
    if is_part:
        sketch.foot(f"drawn: {count_text(shown_groups, 'group')} of {count_text(shown_each, 'channel')}")
    area, line = sketch.area, sketch.line_height
    count = shown_groups * shown_each
    side = min(theme.px(21), area.width() / count)
    height = min(theme.px(24), area.height() * 0.24)
    left = area.center().x() - count * side / 2
    top, below = area.top(), area.bottom() - line - height
    sketch.text(
        QRectF(area.left(), area.bottom() - line, area.width(), line), shape_text(case.shape), mono=True
    )
    for source in range(count):
        group, member = divmod(source, shown_each)
        target = member * shown_groups + group
        upper = QRectF(left + source * side, top, side, height)
        lower = QRectF(left + target * side, below, side, height)
        color = sketch.source(group, 0.85)
        start, end = QPointF(upper.center().x(), upper.bottom()), QPointF(lower.center().x(), lower.top())
        sketch.lines([(start, end)], sketch.source(group, 0.7), 1.4)
        sketch.cells([upper, lower], color, 1)


def _say_shuffle(case: Case) -> str:
    groups = case.params["groups"]
    each = case.shape[0] // groups
    return (
        f"The {count_text(case.shape[0], 'channel')} are {count_text(groups, 'group')} of {each:,}; the result takes the first of "
        "every group, then the second of every group, and so on."
    )


def _shuffle_example(params: Params) -> tuple[Shape, ...]:
    groups = params["groups"]
    return ((groups * max(2, 8 // groups), 8, 8),)


_SHARE_DRAWS = Concept(_paint_share, _say_share, _chunk_example, lambda params, inputs: True)

CONCEPTS = {
    "chunk": _SHARE_DRAWS,
    "channel_slice": Concept(_paint_share, _say_share, _slice_example, lambda params, inputs: True),
    "channel_shuffle": Concept(_paint_shuffle, _say_shuffle, _shuffle_example),
}
