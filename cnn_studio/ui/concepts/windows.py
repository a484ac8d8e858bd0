"""Pictures of layers whose window slides over the map: convolutions and all kinds of pooling."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text, size_text, stride_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.graph.window import Axis
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.grids import Grid, Track, plain
from cnn_studio.ui.concepts.sketch import LEFT, UNDER_TEXT, Sketch

_POOLS = {
    "max_pool2d": ("max", "the largest value that it holds"),
    "avg_pool2d": ("mean", "the mean of what it holds"),
    "sum_pool2d": ("sum", "the sum of what it holds"),
    "lp_pool2d": ("norm", "the power norm of what it holds"),
    "subsampling": (
        "Σ",
        "the sum of what it holds, times a coefficient plus a bias, both trained, one per map",
    ),
}


def axis_track(axis: Axis) -> Track:
    """Return the cells and windows of an axis, with what a rounded-up last window hangs over the end."""
    count = max(0, axis.output)
    reach = (count - 1) * axis.stride + axis.span if count else axis.span
    shown = min(count, 3)

    def window(number: int) -> range:
        start = number * axis.stride
        return range(start, start + axis.span, axis.dilation)

    return Track(
        max(axis.padded, reach),
        axis.before,
        axis.size,
        count,
        window,
        lambda cell: not count or _is_seen(axis, count, cell),
        head=axis.before + (shown - 1) * axis.stride + axis.span + 1,
    )


def _is_seen(axis: Axis, count: int, cell: int) -> bool:
    last = min(count - 1, cell // axis.stride)
    if axis.dilation == 1:
        return last * axis.stride + axis.filter > cell
    first = max(0, -(-(cell - axis.span + 1) // axis.stride))
    return any((cell - n * axis.stride) % axis.dilation == 0 for n in range(first, last + 1))


def _axes(case: Case) -> tuple[Axis, Axis]:
    window = case.spec.window
    if window is None:
        raise TypeError(f"{case.type_id} slides no window")
    return tuple(window(case.params, case.shape))  # type: ignore[return-value]  # a pair of axes


def _loss(axis: Axis, word: str) -> str:
    """Return how many rows or columns of image no window sees, in words."""
    if axis.output < 1:
        return ""
    end = axis.left_out_image
    track = axis_track(axis)
    between = 0
    if axis.size <= 4096:
        image = range(axis.before, axis.before + axis.size)
        between = sum(not track.seen(cell) for cell in image) - end
    lost = end + max(0, between)
    return count_text(lost, word) if lost else ""


def _losses(case: Case) -> str:
    rows, columns = _axes(case)
    found = [text for text in (_loss(rows, "row"), _loss(columns, "column")) if text]
    return " and ".join(found)


def _padding_text(axes: tuple[Axis, Axis]) -> str:
    sides = [n for axis in axes for n in (axis.before, axis.after)]
    if len(set(sides)) == 1:
        return f"padding {sides[0]}"
    top, bottom, left, right = sides
    if top == bottom and left == right:
        return f"padding {top} × {left}"
    return f"padding {top}, {bottom}, {left}, {right}"


def _numbers(case: Case) -> list[str]:
    """Return the numbers above the grids."""
    axes = _axes(case)
    filter_ = f"{axes[0].filter} × {axes[1].filter}"
    first = f"{filter_} window"
    if case.type_id == "conv2d":
        depth = max(1, case.shape[0] // case.params["groups"])
        first = f"{count_text(case.params['out_channels'], 'filter')} of {filter_} × {depth}"
    elif case.type_id == "lp_pool2d":
        first = f"{filter_} window, power {case.params['norm']:g}"
    parts = [first, f"stride {stride_text((axes[0].stride, axes[1].stride))}", _padding_text(axes)]
    if max(axis.dilation for axis in axes) > 1:
        parts.append(f"dilation {stride_text((axes[0].dilation, axes[1].dilation))}")
    if axes[0].ceil:
        parts.append("rounded up")
    mode = case.params.get("padding_mode", "zeros")
    if mode != "zeros":
        parts.append(str(mode))
    return parts


def _tracks(case: Case) -> tuple[Track, Track]:
    rows, columns = _axes(case)
    return axis_track(rows), axis_track(columns)


def paint(sketch: Sketch, case: Case) -> None:
    """Draw the map with its windows, and beside it the result with the cell that one window makes."""
    rows, columns = _tracks(case)
    sketch.head(*_numbers(case))
    losses = _losses(case)
    notes_only = all(axis.filter == 1 for axis in _axes(case))
    if losses:
        sketch.foot(f"{losses} never seen", "muted" if notes_only else "warning")
    elif case.output is None:
        fits = rows.count and columns.count
        sketch.foot("these numbers do not go together" if fits else "the window does not fit", "error")
    groups = case.params.get("groups", 1)
    if groups > 1 and case.output is not None:
        _paint_groups(sketch, case.shape[0], case.output[0], groups)
    word = _POOLS.get(case.type_id, ("", ""))[0]
    if case.type_id == "subsampling":
        word = "w·Σ+b"
    elif case.type_id == "lp_pool2d":
        word = f"L{case.params['norm']:.3g}"
    paint_pair(sketch, case, rows, columns, word, warns=not notes_only)


def paint_pair(
    sketch: Sketch, case: Case, rows: Track, columns: Track, word: str, *, warns: bool = True
) -> None:
    """Draw an input grid with the windows of two tracks, and the output grid."""
    gap = max(26.0, (sketch.width_of(word) + theme.px(12)) / max(0.1, theme.scale()))
    out = case.output
    labels = [shape_text(case.shape), shape_text(out) if out is not None else "none"]
    left, right = sketch.panes(labels, (1.45, 1), gap)
    source = Grid(sketch, behind(left), rows, columns)
    source.paint_behind(case.shape[0])
    if rows.count < 1 or columns.count < 1:
        source.paint(None)
        window = source.area(rows.window(0), columns.window(0))
        sketch.outline(window, theme.qcolor("error"), 2, dashed=True)
        return
    result = Grid(sketch, behind(right), plain(rows.count), plain(columns.count), source.cell)
    at = _position(case, source, result)
    source.paint(at, warns=warns)
    _outline_first(source, rows.count, columns.count, at)
    result.paint_behind(out[0] if out is not None else 1)
    result.paint(at)
    sketch.arrow_between(source.box, result.box, word)


def behind(room: QRectF) -> QRectF:
    """Return a room without the margin that further maps behind the first one take."""
    margin = theme.px(7)
    return room.adjusted(0, margin, -margin, 0)


def _position(case: Case, source: Grid, result: Grid) -> tuple[int, int]:
    positions = source.positions(result)
    return positions[case.step % len(positions)] if positions else (0, 0)


def _outline_first(grid: Grid, rows: int, columns: int, at: tuple[int, int]) -> None:
    """Outline the window, and more faintly its next neighbours, so that stride and overlap are seen."""
    row, column = at
    for n in (2, 1):
        if column + n < columns:
            grid.outline((row, column + n), 0.75 / n, 1.2, dashed=True)
    if row + 1 < rows:
        grid.outline((row + 1, column), 0.75, 1.2, dashed=True)
    grid.outline(at, 1.0, 2)


def _paint_groups(sketch: Sketch, channels: int, filters: int, groups: int) -> None:
    """Draw which maps which filters see: a bar of maps above a bar of filters, in the colours of the groups."""
    height = theme.px(40)
    area = sketch.area
    sketch.area = area.adjusted(0, 0, 0, -height - theme.px(6))
    label = f"{groups:,} groups"
    indent = sketch.width_of(label) + theme.px(8)
    box = QRectF(area.left() + indent, area.bottom() - height, area.width() - indent, height)
    sketch.text(QRectF(area.left(), box.top(), indent, height), label, LEFT)
    shown = min(groups, 8)
    width = box.width() / (shown + (0.6 if shown < groups else 0))
    bar = theme.px(13)
    for n in range(shown):
        left, right = box.left() + n * width + 1, box.left() + (n + 1) * width - 1
        upper = QRectF(left, box.top(), right - left, bar)
        lower = QRectF(left, box.bottom() - bar, right - left, bar)
        corners = [upper.bottomLeft(), upper.bottomRight(), lower.topRight(), lower.topLeft()]
        sketch.polygon(corners, sketch.source(n, 0.16))
        sketch.block(upper, sketch.source(n, UNDER_TEXT))
        sketch.block(lower, sketch.source(n, UNDER_TEXT))
        sketch.text(upper, f"{channels // groups:,}", color="text")
        sketch.text(lower, f"{filters // groups:,}", color="text")
    if shown < groups:
        sketch.text_at(QPointF(box.right() - width * 0.25, box.center().y()), "…")


def say(case: Case) -> str:
    """Return the picture in words."""
    rows, columns = _axes(case)
    filter_ = size_text((rows.filter, columns.filter))
    if min(rows.output, columns.output) < 1:
        return (
            f"A window of {filter_} is larger than the {rows.padded} × {columns.padded} map with its padding."
        )
    result = _POOLS.get(case.type_id, ("", "the dot product of the filter and what it holds"))[1]
    what = f"A window of {filter_}"
    if case.type_id == "conv2d":
        what = count_text(case.params["out_channels"], "filter") + f" of {filter_}"
    parts = [
        f"{what} on {rows.size} × {columns.size} cells, stride {stride_text((rows.stride, columns.stride))}, "
        f"{_padding_text((rows, columns))}: {rows.output} × {columns.output} positions, each gives {result}."
    ]
    if max(rows.dilation, columns.dilation) > 1:
        parts.append(f"The cells of a window lie {stride_text((rows.dilation, columns.dilation))} apart.")
    if case.params.get("groups", 1) > 1:
        parts.append(
            f"The maps are divided into {case.params['groups']:,} groups, each with filters of its own."
        )
    if losses := _losses(case):
        parts.append(f"{losses} of the image are never seen.")
    return " ".join(parts)


def _example(params: Params) -> tuple[Shape, ...]:
    """Return maps on which some windows of these parameters fit."""
    groups = params.get("groups", 1)
    channels = groups * (1 if groups > 6 else max(1, 6 // groups))
    kernel, stride = params["kernel_size"], params["stride"]
    dilation = params.get("dilation", (1, 1))

    def size(axis: int) -> int:
        span = dilation[axis] * (kernel[axis] - 1) + 1
        steps = max(2, -(-(8 - span) // stride[axis]))
        return int(span + steps * stride[axis])

    return ((channels, size(0), size(1)),)


def is_map(params: Params, inputs: tuple[Shape, ...]) -> bool:
    """Return whether the input is a map whose channels the groups divide, so that its window can be drawn."""
    return len(inputs[0]) == 3 and inputs[0][0] % int(params.get("groups", 1)) == 0


_WINDOW = Concept(paint, say, _example, is_map, steps=True)

CONCEPTS = dict.fromkeys(("conv2d", *_POOLS), _WINDOW)
