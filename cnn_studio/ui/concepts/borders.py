"""Pictures of rows and columns that are added around a map, or taken away."""

from __future__ import annotations

from PySide6.QtCore import QRectF

from cnn_studio.graph.spec import Params, Shape, shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.grids import Grid, Track
from cnn_studio.ui.concepts.sketch import Sketch

_MODES = {
    "reflect": "the map mirrored at its edge",
    "replicate": "the edge repeated",
    "circular": "the other side of the map",
}


def _sides_text(sides: tuple[int, int, int, int]) -> str:
    if len(set(sides)) == 1:
        return f"{sides[0]} on each side"
    top, bottom, left, right = sides
    return f"top {top}, bottom {bottom}, left {left}, right {right}"


def _track(size: int, before: int, after: int) -> Track:
    return Track(
        before + size + after, before, size, 1, lambda n: range(before, before + size), head=before + 3
    )


def _shade(row: int, column: int, rows: int, columns: int) -> float:
    """Return the opacity of a cell of the map: darker to the lower right, so that copies are recognised."""
    far = (row / max(1, rows - 1) + column / max(1, columns - 1)) / 2
    return 0.25 + 0.7 * far


def _origin(mode: str, cell: int, size: int) -> int:
    """Return which cell of a map padding is copied from; `cell` is counted from the map's first one."""
    if mode == "circular":
        return cell % size
    if mode == "reflect" and size > 1:
        period = 2 * (size - 1)
        place = cell % period
        return place if place < size else period - place
    return max(0, min(size - 1, cell))


def _paint_pad(sketch: Sketch, case: Case) -> None:
    params, (_, height, width) = case.params, case.shape
    top, bottom, left_side, right_side = params["padding"]
    mode = params["mode"]
    fill = f"filled with {params['value']:g}".replace("-", "−") if mode == "constant" else _MODES[mode]
    sketch.head(_sides_text(params["padding"]), fill)
    if case.output is None:
        sketch.foot("the map cannot fill so much padding", "error")
    labels = [shape_text(case.shape), shape_text(case.output) if case.output is not None else "none"]
    left, right = sketch.panes(labels, (1, 1.3), 34)
    result = Grid(sketch, right, _track(height, top, bottom), _track(width, left_side, right_side))
    source = Grid(sketch, _like(left, result), _track(height, 0, 0), _track(width, 0, 0))
    for grid in (source, result):
        _paint_shades(sketch, grid, "" if mode == "constant" else mode)
        grid.paint_gaps()
    box = result.area(range(top, top + height), range(left_side, left_side + width))
    sketch.outline(box, theme.qcolor("text"), 1.4)
    if mode == "constant" and result.cell >= sketch.line_height * 0.9:
        number = f"{params['value']:g}".replace("-", "−")
        if sketch.width_of(number, mono=True) <= result.cell:
            for row, column in result.drawn():
                if not (result.rows.holds_image(row) and result.columns.holds_image(column)):
                    sketch.text(result.box_of(row, column), number, mono=True)
    sketch.arrow_between(source.box, result.box)


def _like(room: QRectF, other: Grid) -> QRectF:
    """Return a room in which the cells come out about as large as those of another grid."""
    height = min(room.height(), other.box.height())
    return QRectF(room.left(), room.center().y() - height / 2, room.width(), height)


def _paint_shades(sketch: Sketch, grid: Grid, mode: str) -> None:
    """Fill the map with shades, and its padding with the shades that it copies; no mode leaves padding empty."""
    rows, columns = grid.rows, grid.columns
    empty: list[QRectF] = []
    for row, column in grid.drawn():
        box = grid.box_of(row, column)
        is_image = rows.holds_image(row) and columns.holds_image(column)
        if not is_image and not mode:
            empty.append(box)
            continue
        place = (
            _origin(mode, row - rows.start, rows.size),
            _origin(mode, column - columns.start, columns.size),
        )
        shade = _shade(*place, rows.size, columns.size)
        if is_image:
            sketch.cells([box], sketch.tint(shade))
        else:
            sketch.cells([box], theme.qcolor("muted", shade * 0.75))
    sketch.rings(empty, theme.qcolor("muted", 0.55))


def _say_pad(case: Case) -> str:
    params = case.params
    fill = (
        f"filled with {params['value']:g}"
        if params["mode"] == "constant"
        else f"filled with {_MODES[params['mode']]}"
    )
    end = f" {shape_text(case.shape)} becomes {shape_text(case.output)}." if case.output else ""
    return f"Rows and columns are added around every map: {_sides_text(params['padding'])}, {fill}.{end}"


def _pad_example(params: Params) -> tuple[Shape, ...]:
    top, bottom, left, right = params["padding"]
    return ((3, max(5, top + 1, bottom + 1), max(5, left + 1, right + 1)),)


def _paint_crop(sketch: Sketch, case: Case) -> None:
    top, bottom, left_side, right_side = case.params["sides"]
    _, height, width = case.shape
    sketch.head(f"cut off: {_sides_text(case.params['sides'])}")
    labels = [shape_text(case.shape), shape_text(case.output) if case.output is not None else "none"]
    left, right = sketch.panes(labels, (1.3, 1), 34)
    kept_rows, kept_columns = max(0, height - top - bottom), max(0, width - left_side - right_side)
    rows = Track(height, top, kept_rows, 1, lambda n: range(top, top + kept_rows), head=top + 3)
    columns = Track(
        width,
        left_side,
        kept_columns,
        1,
        lambda n: range(left_side, left_side + kept_columns),
        head=left_side + 3,
    )
    source = Grid(sketch, left, rows, columns)
    gone = [
        source.box_of(r, c) for r, c in source.drawn() if not (rows.holds_image(r) and columns.holds_image(c))
    ]
    _paint_shades(sketch, source, "")
    for box in gone:
        sketch.cross(box, theme.qcolor("muted", 0.8), 1)
    source.paint_gaps()
    if case.output is None:
        sketch.outline(right.adjusted(20, 20, -20, -20), theme.qcolor("error"), dashed=True)
        return
    sketch.outline(source.area(rows.window(0), columns.window(0)), theme.qcolor("text"), 1.4)
    result = Grid(sketch, right, _track(kept_rows, 0, 0), _track(kept_columns, 0, 0))
    _paint_shades(sketch, result, "")
    result.paint_gaps()
    sketch.arrow_between(source.box, result.box)


def _say_crop(case: Case) -> str:
    end = f" {shape_text(case.shape)} becomes {shape_text(case.output)}." if case.output else ""
    return f"Rows and columns are cut off around every map: {_sides_text(case.params['sides'])}.{end}"


def _crop_example(params: Params) -> tuple[Shape, ...]:
    top, bottom, left, right = params["sides"]
    return ((3, max(8, top + bottom + 3), max(8, left + right + 3)),)


CONCEPTS = {
    "pad2d": Concept(_paint_pad, _say_pad, _pad_example),
    "crop2d": Concept(_paint_crop, _say_crop, _crop_example),
}
