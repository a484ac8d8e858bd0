"""Pictures of layers with several inputs: value by value, or channel behind channel."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, UNDER_TEXT, Sketch, centered

_FIRST = ((2, 0, 1), (3, 1, 0), (1, 2, 4))
_SECOND = ((1, 2, 0), (0, 3, 2), (2, 1, 1))
_SIGNS = {"add": "+", "subtract": "−", "multiply": "×", "maximum": "max"}
_DOES = {
    "add": "are added",
    "subtract": "are subtracted, the second from the first",
    "multiply": "are multiplied",
}


def _join(type_id: str, first: int, second: int) -> int:
    match type_id:
        case "add":
            return first + second
        case "subtract":
            return first - second
        case "multiply":
            return first * second
    return max(first, second)


def _kind(shape: Shape, whole: Shape) -> str:
    """Return how an input is repeated: not at all (``whole``), one number per ``channel``, or one map for ``all``."""
    if shape == whole or len(shape) != 3 or len(whole) != 3:
        return "whole"
    if shape[1:] == (1, 1) and shape[0] == whole[0]:
        return "channel"
    return "all" if shape[0] == 1 and shape[1:] == whole[1:] else "whole"


def _paint_values(sketch: Sketch, case: Case) -> None:
    sign = _SIGNS[case.type_id]
    whole = case.output if case.output is not None else case.inputs[0]
    kinds = [_kind(shape, whole) for shape in case.inputs]
    repeated = {
        "channel": "one number per channel, repeated",
        "all": "one map, repeated for each channel",
    }
    notes = [repeated[kind] for kind in kinds if kind in repeated]
    more = f"and {len(case.inputs) - 2} more" if len(case.inputs) > 2 else ""
    sketch.head("value by value", more, notes[0] if notes else "")
    if case.output is None:
        sketch.foot("these shapes do not agree", "error")
    size = len(whole)
    labels = [shape_text(shape) for shape in case.inputs[:2]]
    labels.append(shape_text(case.output) if case.output is not None else "none")
    rooms = sketch.panes(labels, (1, 1, 1), 34)
    rows, columns = (3, 3) if size == 3 else (3, 1)
    side = min(theme.px(22), *(min(room.width() / columns, room.height() / rows) for room in rooms))
    grids = [centered(room, columns * side, rows * side) for room in rooms]
    first = _values(_FIRST, kinds[0])
    second = _values(_SECOND, kinds[1] if len(kinds) > 1 else "whole")
    result = [
        [_join(case.type_id, a, b) for a, b in zip(*pair, strict=True)]
        for pair in zip(first, second, strict=True)
    ]
    for n, (grid, values) in enumerate(zip(grids, (first, second, result), strict=True)):
        if n < 2 and kinds[min(n, len(kinds) - 1)] == "all":
            sketch.outline(grid.translated(4, -4), sketch.edge, 1, dashed=True)
        color = sketch.tint(UNDER_TEXT) if n == 2 else sketch.source(n * 3, 0.35)
        ghosts = n < 2 and kinds[min(n, len(kinds) - 1)] == "channel"
        if n == 2 and case.output is None:
            sketch.outline(grid, theme.qcolor("error"), dashed=True)
            continue
        _paint_numbers(sketch, grid, side, values, rows, columns, color, ghosts=ghosts)
    for n, mark in enumerate((sign, "=")):
        middle = (grids[n].right() + grids[n + 1].left()) / 2
        sketch.text_at(QPointF(middle, grids[0].center().y()), mark, "text", mono=True)


def _values(values: tuple[tuple[int, ...], ...], kind: str) -> list[list[int]]:
    if kind == "channel":
        return [[values[0][0]] * 3 for _ in range(3)]
    return [list(row) for row in values]


def _paint_numbers(
    sketch: Sketch,
    grid: QRectF,
    side: float,
    values: list[list[int]],
    rows: int,
    columns: int,
    color: object,
    *,
    ghosts: bool,
) -> None:
    """Draw cells with their numbers; of a number that is repeated the first cell is filled, the others are outlines."""
    boxes = [
        (r, c, QRectF(grid.left() + c * side, grid.top() + r * side, side, side))
        for r in range(rows)
        for c in range(columns)
    ]
    real = [box for r, c, box in boxes if not ghosts or (r, c) == (0, 0)]
    sketch.cells(real, color, 1)  # type: ignore[arg-type]
    if ghosts:
        sketch.rings([box for r, c, box in boxes if (r, c) != (0, 0)], theme.qcolor("muted", 0.5))
    for r, c, box in boxes:
        sketch.text(
            box,
            f"{values[r][c]}".replace("-", "−"),
            color="text" if not ghosts or (r, c) == (0, 0) else "muted",
            mono=True,
        )


def _say_values(case: Case) -> str:
    does = _DOES.get(case.type_id, "are compared, and the largest stays")
    shapes = " and ".join(shape_text(shape) for shape in case.inputs)
    end = (
        f"; the result is {shape_text(case.output)}"
        if case.output is not None
        else "; these shapes do not agree"
    )
    return f"The inputs {shapes} {does} value by value{end}."


def _pair(params: Params) -> tuple[Shape, ...]:
    return ((6, 8, 8), (6, 8, 8))


# --------------------------------------------------------------------------------------------------------------- concat


def _paint_concat(sketch: Sketch, case: Case) -> None:
    sketch.head("stacked in the order of the links")
    if case.output is None:
        sketch.foot("height and width must be equal", "error")
    shown = case.inputs[:5]
    total = sum(shape[0] for shape in case.inputs)
    more = f"and {len(case.inputs) - len(shown)} more" if len(shown) < len(case.inputs) else "inputs"
    left, right = sketch.panes(
        [more, shape_text(case.output) if case.output is not None else "none"], (1.3, 1), 40
    )
    gap = theme.px(6)
    least = min(sketch.line_height, (left.height() - gap * (len(shown) - 1)) / len(shown))
    spare = max(0.0, left.height() - gap * (len(shown) - 1) - least * len(shown))
    heights = [least + spare * min(1.0, shape[0] / max(1, total)) for shape in shown]
    width = min(theme.px(30), right.width() * 0.5)
    top = left.center().y() - (sum(heights) + gap * (len(shown) - 1)) / 2
    stack = right.center().y() - sum(heights) / 2
    x, out = left.right() - width, right.left()
    for n, (shape, height) in enumerate(zip(shown, heights, strict=True)):
        source = QRectF(x, top, width, height)
        target = QRectF(out, stack, width, height)
        if case.output is not None:
            sketch.polygon(
                [source.topRight(), target.topLeft(), target.bottomLeft(), source.bottomRight()],
                sketch.source(n, 0.14),
            )
            sketch.block(target, sketch.source(n, 0.6), sketch.edge, 0)
            sketch.text(
                QRectF(target.right() + theme.px(6), target.top(), right.right() - target.right(), height),
                count_text(shape[0], "map") if len(shape) == 3 else f"{shape[0]:,}",
                LEFT,
            )
        sketch.block(source, sketch.source(n, 0.6), sketch.edge)
        label = QRectF(
            sketch.area.left(),
            source.center().y() - sketch.line_height / 2,
            max(1.0, x - sketch.area.left() - theme.px(6)),
            sketch.line_height,
        )
        sketch.text(label, shape_text(shape), mono=True)
        top += height + gap
        stack += height
    if case.output is None:
        sketch.outline(QRectF(out, left.top(), width, left.height()), theme.qcolor("error"), dashed=True)


def _say_concat(case: Case) -> str:
    counts = ", ".join(f"{shape[0]:,}" for shape in case.inputs)
    end = (
        f": the result is {shape_text(case.output)}"
        if case.output is not None
        else ", but their height and width differ"
    )
    return f"The channels of {len(case.inputs)} inputs ({counts}) are stacked in the order of the links{end}."


def _several(params: Params) -> tuple[Shape, ...]:
    return ((6, 8, 8), (3, 8, 8), (9, 8, 8))


def _several_inputs(params: Params, inputs: tuple[Shape, ...]) -> bool:
    return len(inputs) > 1


_VALUES = Concept(_paint_values, _say_values, _pair, _several_inputs)

CONCEPTS = {
    **dict.fromkeys(_SIGNS, _VALUES),
    "concat": Concept(_paint_concat, _say_concat, _several, _several_inputs),
}
