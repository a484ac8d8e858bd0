"""Pictures of whole shapes: the input, what passes unchanged, and maps laid out in another shape or order of axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, product, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import SOURCES, Sketch, centered

_AXES = ("C", "H", "W")
_WORDS = ("channels", "height", "width")


def length_of(size: int) -> float:
    """Return how long an edge of `size` cells is drawn, from 0.2 to 1: long ones stay on the page."""
    return min(1.0, 0.22 + 0.32 * math.log10(max(1, size)))


def paint_brick(
    sketch: Sketch,
    room: QRectF,
    shape: Shape,
    color: QColor,
    *,
    names: Sequence[str] = (),
    axes: Sequence[int] = (),
) -> QRectF:
    """Draw a shape as a bar (one axis), a sheet (two) or a box (three: depth, height, width).

    Args:
        room: where it goes, in the middle.
        shape: more than three axes are drawn as the last three.
        color: what it is filled with.
        names: what is written at its edges, per axis.
        axes: in which axis' colour each edge is drawn.

    Returns:
        The box that it takes.
    """
    shape = shape[-3:]
    longest = min(room.width() * 0.62, room.height() * 0.74, theme.px(74))
    if len(shape) == 1:
        height = max(theme.px(8), longest * length_of(shape[0]) * 1.25)
        box = centered(room, theme.px(13), min(height, room.height()))
        sketch.block(box, color, sketch.edge)
        _name_edges(sketch, names, axes, [(box.topLeft(), box.bottomLeft(), "left")])
        return box
    depth = longest * length_of(shape[0]) * 0.75 if len(shape) == 3 else 0.0
    height, width = (longest * length_of(n) for n in shape[-2:])
    slant = QPointF(depth * 0.62, -depth * 0.5)
    whole = centered(room, width + slant.x(), height - slant.y())
    front = QRectF(whole.left(), whole.bottom() - height, width, height)
    pale, dark = QColor(color), QColor(color)
    pale.setAlphaF(color.alphaF() * 0.75)
    dark.setAlphaF(color.alphaF() * 0.55)
    if len(shape) == 3:
        upper = [front.topLeft(), front.topRight(), front.topRight() + slant, front.topLeft() + slant]
        side = [front.topRight(), front.bottomRight(), front.bottomRight() + slant, front.topRight() + slant]
        sketch.polygon(upper, pale, sketch.edge)
        sketch.polygon(side, dark, sketch.edge)
    sketch.block(front, color, sketch.edge, 0)
    edges = [
        (front.topLeft(), front.bottomLeft(), "left"),
        (front.bottomLeft(), front.bottomRight(), "below"),
    ]
    if len(shape) == 3:
        edges.insert(0, (front.bottomRight(), front.bottomRight() + slant, "right"))
    _name_edges(sketch, names, axes, edges)
    return whole


def _name_edges(
    sketch: Sketch,
    names: Sequence[str],
    axes: Sequence[int],
    edges: Sequence[tuple[QPointF, QPointF, str]],
) -> None:
    line = sketch.line_height
    for number, (start, end, side) in enumerate(edges):
        if number < len(axes):
            sketch.lines([(start, end)], theme.qcolor(SOURCES[axes[number] % len(SOURCES)]), 2.6)
        if number < len(names):
            middle = (start + end) / 2
            half = sketch.width_of(names[number]) / 2 + theme.px(4)
            at = {
                "left": middle + QPointF(-half, 0),
                "below": middle + QPointF(0, line * 0.6),
                "right": middle + QPointF(half, line * 0.35),
            }[side]
            sketch.text_at(at, names[number], "text")


# -------------------------------------------------------------------------------------------------- input, identity


def _paint_input(sketch: Sketch, case: Case) -> None:
    channels, height, width = (case.params[key] for key in ("channels", "height", "width"))
    kind = {1: "grey: one number per pixel", 3: "red, green and blue planes"}.get(
        channels, f"{channels:,} channels"
    )
    sketch.head(kind, f"{channels * height * width:,} numbers")
    room = sketch.panes([shape_text((channels, height, width))], (1,))[0]
    scale = min(room.height() * 0.8 / height, room.width() * 0.5 / width)
    sheet_height, sheet_width = max(4.0, height * scale), max(4.0, width * scale)
    shown = min(channels, 4)
    shift = theme.px(11)
    whole = centered(room, sheet_width + (shown - 1) * shift, sheet_height + (shown - 1) * shift * 0.6)
    planes = ("error", "ok", "convolution") if channels == 3 else ("io",) * shown
    for n in reversed(range(shown)):
        box = QRectF(
            whole.left() + n * shift,
            whole.bottom() - sheet_height - n * shift * 0.6,
            sheet_width,
            sheet_height,
        )
        sketch.block(box, theme.qcolor("card"), sketch.edge)
        sketch.block(box, theme.qcolor(planes[n], 0.45), sketch.edge)
        if n == 0:
            _paint_pixels(sketch, box, height, width)
    front = QRectF(whole.left(), whole.bottom() - sheet_height, sheet_width, sheet_height)
    words = f"{height:,} rows"
    left = front.left() - sketch.width_of(words) / 2 - theme.px(8)
    sketch.text_at(QPointF(left, front.center().y()), words)
    if shown < channels:
        sketch.text_at(QPointF(whole.right() + theme.px(10), whole.top() + theme.px(6)), "…")


def _paint_pixels(sketch: Sketch, box: QRectF, height: int, width: int) -> None:
    """Draw the lines between the pixels, as long as they can be told apart."""
    step = box.height() / height
    if step < 4:
        return
    color = theme.qcolor("text", 0.25)
    ways = [
        (QPointF(box.left(), box.top() + n * step), QPointF(box.right(), box.top() + n * step))
        for n in range(1, height)
    ]
    ways += [
        (QPointF(box.left() + n * step, box.top()), QPointF(box.left() + n * step, box.bottom()))
        for n in range(1, width)
    ]
    sketch.lines(ways, color, 1)


def _say_input(case: Case) -> str:
    channels, height, width = (case.params[key] for key in ("channels", "height", "width"))
    return (
        f"Images of {height:,} × {width:,} pixels with {count_text(channels, 'channel')}: "
        f"{channels * height * width:,} numbers. Every image is resized to that."
    )


def _paint_identity(sketch: Sketch, case: Case) -> None:
    sketch.head("y = x", "nothing changes")
    labels = [shape_text(case.shape)] * 2
    left, right = sketch.panes(labels, (1, 1), 40)
    boxes = [paint_brick(sketch, room, case.shape, sketch.tint(0.4)) for room in (left, right)]
    sketch.arrow_between(boxes[0], boxes[1], "=")


def _say_identity(case: Case) -> str:
    return f"The input of {shape_text(case.shape)} goes on unchanged."


# -------------------------------------------------------------------------------------------------- reshape, permute


def _paint_reshape(sketch: Sketch, case: Case) -> None:
    wanted = " × ".join("?" if n == -1 else f"{n}" for n in case.params["shape"])
    if case.params["shape"] == (-1,):
        wanted = "a vector"
    sketch.head(f"to {wanted}", f"the same {product(case.shape):,} values in the same order")
    if case.output is None:
        sketch.foot("the values do not fill this shape", "error")
    out = case.output
    labels = [shape_text(case.shape), shape_text(out) if out is not None else "none"]
    left, right = sketch.panes(labels, (1, 1), 40)
    source = paint_brick(sketch, left, case.shape, sketch.tint(0.4))
    if out is None:
        result = centered(right, theme.px(40), theme.px(40))
        sketch.outline(result, theme.qcolor("error"), dashed=True)
    else:
        result = paint_brick(sketch, right, out, sketch.tint(0.4))
    sketch.arrow_between(source, result)


def _say_reshape(case: Case) -> str:
    if case.output is None:
        return "The numbers of the input do not fill the wanted shape."
    return (
        f"The {product(case.shape):,} numbers of {shape_text(case.shape)} are laid out as {shape_text(case.output)}, "
        "in the same order."
    )


def _reshape_example(params: Params) -> tuple[Shape, ...]:
    known = product(tuple(n for n in params["shape"] if n > 0))
    if -1 not in params["shape"]:
        return ((known,),)
    return ((6, 8, 8),) if 384 % known == 0 else ((known * 2,),)


def _paint_permute(sketch: Sketch, case: Case) -> None:
    order, shape = case.params["order"], case.shape
    before = _names(len(shape))
    sketch.head(f"order {', '.join(map(str, order))}", "the values move with their axes")
    if case.output is None:
        sketch.foot("this order does not name every axis once", "error")
        order = tuple(range(len(shape)))
    labels = [shape_text(shape), shape_text(case.output) if case.output is not None else "none"]
    left, right = sketch.panes(labels, (1, 1), 34)
    last = range(len(shape))[-3:]
    source = paint_brick(
        sketch, left, shape, sketch.tint(0.25), names=[before[n] for n in last], axes=list(last)
    )
    if case.output is None:
        sketch.outline(centered(right, theme.px(40), theme.px(40)), theme.qcolor("error"), dashed=True)
        return
    moved = order[-3:]
    result = paint_brick(
        sketch,
        right,
        case.output,
        sketch.tint(0.25),
        names=[before[n] for n in moved],
        axes=list(moved),
    )
    sketch.arrow_between(source.adjusted(0, 0, theme.px(10), 0), result.adjusted(-theme.px(10), 0, 0, 0))


def _names(rank: int) -> tuple[str, ...]:
    return _AXES if rank == 3 else tuple(f"axis {n}" for n in range(rank))


def _say_permute(case: Case) -> str:
    if case.output is None:
        return f"The order does not name each of the {len(case.shape)} axes once."
    names = _WORDS if len(case.shape) == 3 else _names(len(case.shape))
    return (
        f"The axes stand in the order {', '.join(names[n] for n in case.params['order'])}: {shape_text(case.shape)} "
        f"becomes {shape_text(case.output)}."
    )


def _permute_example(params: Params) -> tuple[Shape, ...]:
    return ((6, 8, 10, 3, 4, 5)[: max(1, len(params["order"]))],)


def _always(params: Params, inputs: tuple[Shape, ...]) -> bool:
    return True


CONCEPTS = {
    "input": Concept(_paint_input, _say_input, lambda params: ()),
    "identity": Concept(_paint_identity, _say_identity),
    "reshape": Concept(_paint_reshape, _say_reshape, _reshape_example, _always),
    "permute": Concept(_paint_permute, _say_permute, _permute_example, _always),
}
