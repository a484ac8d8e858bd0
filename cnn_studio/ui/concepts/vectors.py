"""Pictures of vectors: fully connected layers, and maps laid out as one vector."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, product, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.bricks import paint_brick
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import Sketch, centered

_MOST_NODES = 7


def _nodes(sketch: Sketch, box: QRectF, count: int) -> list[QPointF]:
    """Return the places of up to seven nodes in a column, the last one apart if some are left out; draw the dots between."""
    shown = min(count, _MOST_NODES)
    step = min(theme.px(17), box.height() / max(1, shown if shown == count else shown + 0.6))
    gap = 0.6 * step if shown < count else 0.0
    top = box.center().y() - ((shown - 1) * step + gap) / 2
    x = box.center().x()
    found = [QPointF(x, top + n * step + (gap if n == shown - 1 else 0)) for n in range(shown)]
    if gap:
        middle = (found[-1].y() + found[-2].y()) / 2
        for k in (-1, 0, 1):
            sketch.dot(QPointF(x, middle + k * theme.px(3)), 1.1, theme.qcolor("muted"))
    return found


def _paint_linear(sketch: Sketch, case: Case) -> None:
    params, shape = case.params, case.shape
    ins, outs = shape[-1], params["out_features"]
    bias = outs if params["bias"] else 0
    sketch.head(
        f"{ins:,} × {outs:,} weights",
        f"{bias:,} biases" if bias else "no bias",
        f"then {params['activation']}" if params["activation"] != "none" else "",
    )
    over_last = params["over"] == "last" and len(shape) > 1
    if over_last:
        sketch.foot("the same weights at each place", "text")
        labels = [shape_text(shape), f"{ins:,}", f"{outs:,}"]
        brick, left, right = sketch.panes(labels, (1.3, 0.7, 0.7), 24)
        box = paint_brick(sketch, brick, shape, theme.qcolor("muted", 0.22))
        # the numbers of one place lie along the last axis, which runs across the page
        across = QRectF(box.left(), box.center().y(), (box.right() - box.left()) * 0.7, theme.px(7))
        sketch.block(across, sketch.tint(0.85), sketch.edge, 1)
        sketch.lines(
            [(across.topRight(), QPointF(left.center().x() - theme.px(8), left.center().y()))],
            sketch.tint(0.6),
            dashed=True,
        )
    else:
        left, right = sketch.panes([f"{ins:,} values", f"{outs:,} units"], (0.7, 0.7), 70)
    sources, units = _nodes(sketch, left, ins), _nodes(sketch, right, outs)
    for number, unit in enumerate(units):
        sketch.lines(
            [(source, unit) for source in sources],
            sketch.tint(0.85 if number == 0 else 0.22),
            1.3 if number == 0 else 0.9,
        )
    radius = theme.px(5)
    for source in sources:
        sketch.dot(source, radius, theme.qcolor("card"), sketch.edge)
        sketch.dot(source, radius, theme.qcolor("muted", 0.3), sketch.edge)
    for number, unit in enumerate(units):
        sketch.dot(unit, radius, theme.qcolor("card"))
        sketch.dot(unit, radius, sketch.tint(0.95 if number == 0 else 0.5), sketch.edge)
        if bias:
            sketch.text(
                QRectF(
                    unit.x() + radius + 3, unit.y() - sketch.line_height / 2, theme.px(22), sketch.line_height
                ),
                "+ b",
                mono=True,
            )


def _say_linear(case: Case) -> str:
    params, ins = case.params, case.shape[-1]
    weights = ins * params["out_features"]
    where = (
        " at each place of the map, with the same weights"
        if params["over"] == "last" and len(case.shape) > 1
        else ""
    )
    return (
        f"Each of the {count_text(params['out_features'], 'unit')} reads all {count_text(ins, 'value')}{where}: "
        f"{weights:,} weights{' and a bias per unit' if params['bias'] else ''}."
    )


def _linear_example(params: Params) -> tuple[Shape, ...]:
    return ((7, 7, 6),) if params["over"] == "last" else ((12,),)


def _paint_flatten(sketch: Sketch, case: Case) -> None:
    shape = case.shape
    total = product(shape)
    sketch.head(
        "row after row, map after map",
        " · ".join(f"{n:,}" for n in shape) + f" = {total:,}" if len(shape) > 1 else "",
    )
    left, right = sketch.panes([shape_text(shape), f"{total:,}"], (1, 1.5), 34)
    if len(shape) < 3:
        box = paint_brick(sketch, left, shape, sketch.source(0, 0.7))
        maps, rows, columns = 1, 1, min(total, 12)
    else:
        maps, rows, columns = min(shape[0], 4), min(shape[1], 3), min(shape[2], 3)
        box = _paint_sheets(sketch, left, maps, rows, columns)
    _paint_strip(sketch, right, maps, rows, columns, more=maps * rows * columns < total)
    sketch.arrow_between(box, right)


def _paint_sheets(sketch: Sketch, room: QRectF, maps: int, rows: int, columns: int) -> QRectF:
    """Draw the first cells of the first maps, behind each other, each map in its colour."""
    side = min(
        theme.px(15), room.height() / (rows + (maps - 1) * 0.9), room.width() / (columns + (maps - 1) * 0.9)
    )
    shift = side * 0.9
    whole = centered(room, columns * side + (maps - 1) * shift, rows * side + (maps - 1) * shift)
    for n in reversed(range(maps)):
        left, top = whole.left() + n * shift, whole.bottom() - rows * side - n * shift
        cells = [
            QRectF(left + c * side, top + r * side, side, side) for r in range(rows) for c in range(columns)
        ]
        sketch.cells(cells, theme.qcolor("panel"), 0)
        sketch.cells(cells, sketch.source(n, 0.85), 0.75)
    return whole


def _paint_strip(sketch: Sketch, room: QRectF, maps: int, rows: int, columns: int, *, more: bool) -> None:
    """Draw the vector as lines of cells, one line per map, read like a text."""
    each = rows * columns
    side = min(theme.px(15), room.width() / (each + (1 if more else 0)), room.height() / max(1, maps) * 0.75)
    top = room.center().y() - maps * side * 1.3 / 2
    for n in range(maps):
        y = top + n * side * 1.3
        cells = [QRectF(room.left() + k * side, y, side, side) for k in range(each)]
        sketch.cells(cells, sketch.source(n, 0.85), 0.75)
        if more:
            sketch.text(QRectF(room.left() + each * side, y, theme.px(14), side), "…")


def _say_flatten(case: Case) -> str:
    return f"The values of {shape_text(case.shape)} are laid out as one vector of {product(case.shape):,}, row after row and map after map."


CONCEPTS = {
    "linear": Concept(_paint_linear, _say_linear, _linear_example),
    "flatten": Concept(_paint_flatten, _say_flatten, lambda params: ((6, 5, 5),)),
}
