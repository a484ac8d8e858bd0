"""The picture of a connection table: a dot for every input map that a filter sees."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.graph.layers.common import count_text, size_text, stride_text
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, RIGHT, Sketch

_MOST_FILTERS, _MOST_MAPS = 24, 12


def _maps(case: Case) -> int:
    """Return how many maps the table has rows for: those of the input, and any that it names beyond them."""
    return max(case.shape[0], 1 + max(int(row[-1]) for row in case.params["table"]))


def _paint(sketch: Sketch, case: Case) -> None:
    params = case.params
    table = params["table"]
    joined = sum(len(row) for row in table)
    sketch.head(
        f"{joined:,} of {len(table) * case.shape[0]:,} connections",
        f"filters of {size_text(params['kernel_size'])}",
        f"stride {stride_text(params['stride'])}",
    )
    line = sketch.line_height
    maps, filters = _maps(case), len(table)
    rows, columns = min(maps, _MOST_MAPS), min(filters, _MOST_FILTERS)
    area = sketch.area
    indent = sketch.width_of("maps") + theme.px(26)
    side = min(theme.px(18), (area.width() - indent - theme.px(10)) / columns, (area.height() - line) / rows)
    box = QRectF(area.left() + indent, area.top() + line, columns * side, rows * side)
    box.translate(0, max(0.0, area.bottom() - box.bottom() - line) / 3)
    sketch.text(
        QRectF(box.left(), box.top() - line, area.right() - box.left(), line),
        f"{count_text(filters, 'filter')}{' …' if columns < filters else ''}",
        LEFT,
    )
    sketch.text(QRectF(area.left(), box.top(), indent - theme.px(20), box.height()), "maps", LEFT)
    for row in range(rows):
        beyond = row >= case.shape[0]
        unseen = not any(row in maps_ for maps_ in table)
        if side * 1.35 >= line or row % 2 == 0:
            number = QRectF(box.left() - theme.px(22), box.top() + row * side, theme.px(18), side)
            sketch.text(
                number, str(row), RIGHT, "error" if beyond else "warning" if unseen else "muted", mono=True
            )
        if unseen:
            sketch.hatch([QRectF(box.left(), box.top() + row * side + 1, box.width(), side - 2)], "warning")
    middles = [
        (row, column, QPointF(box.left() + (column + 0.5) * side, box.top() + (row + 0.5) * side))
        for row in range(rows)
        for column in range(columns)
    ]
    sketch.cells(
        (QRectF(p.x() - side / 2, p.y() - side / 2, side, side) for _, _, p in middles),
        theme.qcolor("muted", 0.13),
        0.5,
    )
    for row, column, middle in middles:
        if row in table[column]:
            sketch.dot(
                middle, max(1.2, side * 0.3), theme.qcolor("error") if row >= case.shape[0] else sketch.color
            )
    if rows < maps:
        sketch.text(QRectF(box.left(), box.bottom(), box.width(), line), "…", LEFT)


def _say(case: Case) -> str:
    table = case.params["table"]
    fewest, most = min(len(row) for row in table), max(len(row) for row in table)
    each = f"{fewest} to {most}" if fewest < most else f"{most}"
    return (
        f"A table of {count_text(len(table), 'filter')} and {count_text(_maps(case), 'map')}: each filter sees {each} of the "
        f"maps, {sum(len(row) for row in table):,} of {len(table) * case.shape[0]:,} connections in all."
    )


def _example(params: Params) -> tuple[Shape, ...]:
    kernel = params["kernel_size"]
    maps = 1 + max(row[-1] for row in params["table"])
    return ((maps, max(14, kernel[0]), max(14, kernel[1])),)


def _draws(params: Params, inputs: tuple[Shape, ...]) -> bool:
    return len(inputs[0]) == 3


CONCEPTS = {"connection_conv2d": Concept(_paint, _say, _example, _draws)}
