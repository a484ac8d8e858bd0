"""Pictures of layers that go the other way, and of those that fit their windows to the map.

A transposed convolution is a convolution read backwards: every input cell writes a window of the output.
"""

from __future__ import annotations

from PySide6.QtCore import QRectF

from cnn_studio.graph.layers.common import count_text, size_text, stride_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.grids import Grid, Track, plain
from cnn_studio.ui.concepts.sketch import Sketch
from cnn_studio.ui.concepts.windows import behind, paint_pair

# ------------------------------------------------------------------------------------------- transposed convolution


def _written(case: Case, axis: int) -> Track:
    """Return an axis of the output as the windows that the input cells write, with the border that is cut off."""
    size, stride, filter_ = (
        case.shape[axis + 1],
        case.params["stride"][axis],
        case.params["kernel_size"][axis],
    )
    dilation, padding = case.params["dilation"][axis], case.params["padding"][axis]
    span = dilation * (filter_ - 1) + 1
    whole = (size - 1) * stride + span + case.params["output_padding"][axis]
    kept = max(0, whole - 2 * padding)
    return Track(
        whole,
        padding,
        kept,
        size,
        lambda n: range(n * stride, n * stride + span, dilation),
        head=padding + stride + span + 1,
    )


def _paint_transposed(sketch: Sketch, case: Case) -> None:
    params = case.params
    filter_ = " × ".join(map(str, params["kernel_size"]))
    sketch.head(
        f"{count_text(params['out_channels'], 'filter')} of {filter_}",
        f"stride {stride_text(params['stride'])}",
        f"cut off {stride_text(params['padding'])}" if any(params["padding"]) else "",
        f"{stride_text(params['output_padding'])} more at the end" if any(params["output_padding"]) else "",
        f"dilation {stride_text(params['dilation'])}" if max(params["dilation"]) > 1 else "",
        f"{params['groups']:,} groups" if params["groups"] > 1 else "",
    )
    if case.output is None:
        sketch.foot("these numbers do not go together", "error")
    rows, columns = _written(case, 0), _written(case, 1)
    labels = [shape_text(case.shape), shape_text(case.output) if case.output is not None else "none"]
    left, right = sketch.panes(labels, (1, 1.45))
    result = Grid(sketch, behind(right), rows, columns)
    source = Grid(sketch, behind(left), plain(rows.count), plain(columns.count), result.cell)
    positions = result.positions(source)
    at = positions[case.step % len(positions)] if positions else (0, 0)
    source.paint_behind(case.shape[0])
    source.paint(at)
    result.paint_behind(params["out_channels"])
    result.paint(at)
    row, column = at
    if column + 1 < columns.count:
        result.outline((row, column + 1), 0.75, 1.2, dashed=True)
    if row + 1 < rows.count:
        result.outline((row + 1, column), 0.75, 1.2, dashed=True)
    result.outline(at, 1.0, 2)
    sketch.arrow_between(source.box, result.box)


def _say_transposed(case: Case) -> str:
    params = case.params
    overlap = any(f > s for f, s in zip(params["kernel_size"], params["stride"], strict=True))
    result = f" The result is {case.output[1]} × {case.output[2]} cells." if case.output is not None else ""
    cut = (
        f" {stride_text(params['padding'])} cells are cut off at each border."
        if any(params["padding"])
        else ""
    )
    return (
        f"Every input cell writes a window of {size_text(params['kernel_size'])} into the result, "
        f"{stride_text(params['stride'])} cells from the next one's. "
        f"{'Where windows overlap, they add up.' if overlap else 'The windows do not overlap.'}{cut}{result}"
    )


def _transposed_example(params: Params) -> tuple[Shape, ...]:
    return ((params["groups"] * (3 if params["groups"] < 3 else 1), 4, 4),)


def _is_map(params: Params, inputs: tuple[Shape, ...]) -> bool:
    return len(inputs[0]) == 3


# --------------------------------------------------------------------------------- windows that fit themselves

_WORDS = {"adaptive_avg_pool2d": "mean", "adaptive_max_pool2d": "max"}


def _fitted(size: int, count: int) -> Track:
    """Return an axis whose windows PyTorch fits to it: from floor(n·I/O) to ceil((n + 1)·I/O)."""

    def window(number: int) -> range:
        return range(number * size // count, -(-(number + 1) * size // count))

    return Track(size, 0, size, count, window, head=window(min(1, count - 1)).stop + 1)


def _paint_adaptive(sketch: Sketch, case: Case) -> None:
    rows, columns = case.params["output_size"]
    _, height, width = case.shape
    sketch.head(
        f"always {size_text((rows, columns))} cells",
        f"windows of about {_about(height, rows)} × {_about(width, columns)}",
    )
    paint_pair(sketch, case, _fitted(height, rows), _fitted(width, columns), _WORDS[case.type_id])


def _about(size: int, count: int) -> str:
    return f"{size / count:.3g}"


def _say_adaptive(case: Case) -> str:
    rows, columns = case.params["output_size"]
    _, height, width = case.shape
    kind = "largest value" if case.type_id == "adaptive_max_pool2d" else "mean"
    return (
        f"The {height} × {width} map is divided into {rows} × {columns} windows of about {_about(height, rows)} × "
        f"{_about(width, columns)} cells; the {kind} of each is one cell of the result."
    )


# ------------------------------------------------------------------------------------------------- the whole map

_GLOBAL = {"global_avg_pool": "mean", "global_max_pool": "max", "spatial_mean": "mean"}


def _paint_global(sketch: Sketch, case: Case) -> None:
    channels, height, width = case.shape
    sketch.head(f"the {_GLOBAL[case.type_id]} of each map", f"{height * width:,} values become one")
    out = case.output or (channels,)
    left, right = sketch.panes([shape_text(case.shape), shape_text(out)], (1.3, 1), 44)
    grid = Grid(sketch, behind(left), _fitted(height, 1), _fitted(width, 1))
    grid.paint_behind(channels)
    grid.paint((0, 0))
    grid.outline((0, 0), 1.0, 2)
    shown = min(channels, 6)
    side = min(theme.px(14), right.height() / (shown + 0.8))
    is_map = len(out) == 3
    top = right.center().y() - shown * side / 2
    boxes = []
    for n in range(shown):
        # single cells behind each other where the result is still maps, one column where it is a vector
        shift = (n - shown / 2) * theme.px(7) if is_map else 0
        boxes.append(QRectF(right.center().x() - side / 2 + shift, top + n * side, side, side))
    sketch.cells(boxes[1:], sketch.cell_color)
    sketch.cells(boxes[:1], sketch.tint(0.85))
    if is_map:
        for box in boxes:
            sketch.outline(box, sketch.edge, 1)
    if shown < channels:
        sketch.text(QRectF(right.left(), top + shown * side, right.width(), sketch.line_height), "…")
    sketch.arrow_between(
        grid.box,
        QRectF(boxes[0].left() - theme.px(16), right.top(), side, right.height()),
        _GLOBAL[case.type_id],
    )


def _say_global(case: Case) -> str:
    channels, height, width = case.shape
    kind = "largest" if case.type_id == "global_max_pool" else "mean"
    tail = (
        f" It stays a map of 1 × 1 cells: {shape_text(case.output)}."
        if case.output and len(case.output) == 3
        else ""
    )
    return (
        f"Of each of the {count_text(channels, 'map')} of {height} × {width} cells one number is left, the {kind} value: "
        f"{count_text(channels, 'number')}.{tail}"
    )


CONCEPTS = {
    "conv_transpose2d": Concept(_paint_transposed, _say_transposed, _transposed_example, _is_map, steps=True),
    **dict.fromkeys(_WORDS, Concept(_paint_adaptive, _say_adaptive, draws=_is_map, steps=True)),
    **dict.fromkeys(_GLOBAL, Concept(_paint_global, _say_global)),
}
