"""Pictures of what acts in training only: values, maps and branches that are left out by chance."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainterPath, QPen

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, Sketch, centered

_ROWS, _COLUMNS = 5, 12


def _order(count: int) -> list[int]:
    """Return the numbers below `count` in an order that looks drawn by lot and is always the same."""
    return sorted(range(count), key=lambda n: (n * 0.6180339887 + n * n * 0.237) % 1)


def _dropped(count: int, share: float) -> set[int]:
    return set(_order(count)[: round(share * count)])


def _gain(share: float) -> str:
    return f"the rest × {1 / (1 - share):.3g}" if share < 1 else "nothing is left"


def _paint_values(sketch: Sketch, case: Case) -> None:
    share = case.params["p"]
    sketch.head(f"p = {share:g}", "in training only", _gain(share))
    sketch.foot("other values at every step")
    area = sketch.area
    side = min(theme.px(18), area.width() / _COLUMNS, area.height() / _ROWS)
    box = centered(area, side * _COLUMNS, side * _ROWS)
    gone = _dropped(_ROWS * _COLUMNS, share)
    boxes = [
        QRectF(box.left() + n % _COLUMNS * side, box.top() + n // _COLUMNS * side, side, side)
        for n in range(_ROWS * _COLUMNS)
    ]
    sketch.cells([boxes[n] for n in range(len(boxes)) if n not in gone], sketch.tint(0.75), 1)
    for n in sorted(gone):
        sketch.outline(boxes[n].adjusted(1.5, 1.5, -1.5, -1.5), theme.qcolor("muted", 0.35), 1)
        sketch.cross(boxes[n], theme.qcolor("muted"))


def _paint_maps(sketch: Sketch, case: Case) -> None:
    share, channels = case.params["p"], case.shape[0]
    sketch.head(f"p = {share:g}", "whole maps, in training only", _gain(share))
    shown = min(10, max(1, channels))
    more = f", {shown} of them drawn" if shown < channels else ""
    sketch.foot(f"{channels:,} maps{more}; others at every step")
    gone = _dropped(shown, share)
    across = min(5, shown)
    down = -(-shown // across)
    area = sketch.area
    step = min(area.width() / across, area.height() / down, theme.px(52))
    box = centered(area, step * across, step * down)
    for n in range(shown):
        left, top = box.left() + n % across * step, box.top() + n // across * step
        map_box = QRectF(left + 3, top + 3, step - 6, step - 6)
        side = map_box.width() / 4
        cells = [
            QRectF(map_box.left() + k % 4 * side, map_box.top() + k // 4 * side, side, side)
            for k in range(16)
        ]
        if n in gone:
            sketch.rings(cells, theme.qcolor("muted", 0.35))
            sketch.cross(map_box, theme.qcolor("muted"), 2)
        else:
            sketch.cells(cells, sketch.tint(0.75))


def _paint_branch(sketch: Sketch, case: Case) -> None:
    share, mode = case.params["p"], case.params["mode"]
    sketch.head(f"p = {share:g}", "in training only", f"branch × {1 / (1 - share):.3g}" if share < 1 else "")
    sketch.foot(
        "drawn for each image by itself" if mode == "row" else "drawn once for the whole batch", "text"
    )
    area = sketch.area
    line = sketch.line_height
    left = QRectF(area.left(), area.top(), area.width() * 0.62, area.height())
    y = left.bottom() - theme.px(22)
    high = left.top() + left.height() * 0.28
    start, end = QPointF(left.left() + theme.px(14), y), QPointF(left.right() - theme.px(24), y)
    plus = QPointF(end.x() - theme.px(22), y)
    branch = centered(
        QRectF(left.left(), high - theme.px(13), left.width() - theme.px(20), theme.px(26)),
        theme.px(86),
        theme.px(26),
    )
    path = QPainterPath(QPointF(start.x() + theme.px(12), y))
    path.lineTo(start.x() + theme.px(12), high)
    path.lineTo(branch.left(), high)
    path.moveTo(branch.right(), high)
    path.lineTo(plus.x(), high)
    path.lineTo(plus.x(), y - theme.px(9))
    pen = QPen(theme.qcolor("muted"), 1.6)
    pen.setDashPattern([3, 3])
    sketch.painter.setPen(pen)
    sketch.painter.setBrush(Qt.BrushStyle.NoBrush)
    sketch.painter.drawPath(path)
    sketch.outline(branch, theme.qcolor("muted"), 1.6, dashed=True, radius=4)
    sketch.text(branch, "branch F(x)", color="text")
    sketch.arrow(start, end, sketch.edge)
    sketch.dot(plus, theme.px(8), theme.qcolor("panel"), theme.qcolor("text"))
    sketch.text(QRectF(plus.x() - 12, plus.y() - 12, 24, 24), "+", color="text", strong=True)
    sketch.text_at(QPointF(start.x() - theme.px(6), y), "x", "text")
    sketch.text_at(QPointF((start.x() + plus.x()) / 2, y + line * 0.7), "shortcut stays")
    right = QRectF(left.right(), area.top(), area.right() - left.right(), area.height())
    _paint_batch(sketch, right, share, mode)


def _paint_batch(sketch: Sketch, box: QRectF, share: float, mode: str) -> None:
    """Draw ten images, those without the branch crossed out."""
    gone = _dropped(10, share)
    columns = 5
    side = min(theme.px(17), box.width() / columns, box.height() / 4)
    line = sketch.line_height
    top = box.center().y() - side - line / 2
    sketch.text(
        QRectF(box.left(), top - line, box.width(), line),
        "10 images" if mode == "row" else "10 batches",
        LEFT,
    )
    for n in range(10):
        cell = QRectF(
            box.left() + n % columns * side, top + theme.px(2) + n // columns * side, side, side
        ).adjusted(1.5, 1.5, -1.5, -1.5)
        if n in gone:
            sketch.outline(cell, theme.qcolor("muted", 0.5), 1)
            sketch.cross(cell, theme.qcolor("muted"))
        else:
            sketch.block(cell, sketch.tint(0.75))


def _say_values(case: Case) -> str:
    share = case.params["p"]
    return f"In training {share:.3g} of all values, drawn by lot at every step, become zero, and {_gain(share)}. In prediction nothing happens."


def _say_maps(case: Case) -> str:
    share = case.params["p"]
    return f"In training whole maps become zero, each with probability {share:.3g}, and {_gain(share)}. In prediction nothing happens."


def _say_branch(case: Case) -> str:
    share = case.params["p"]
    each = "each image by itself" if case.params["mode"] == "row" else "the whole batch at once"
    return (
        f"In training the branch that ends here is left out with probability {share:.3g}, drawn for {each}; the shortcut "
        "beside it stays. In prediction nothing happens."
    )


CONCEPTS = {
    "dropout": Concept(_paint_values, _say_values),
    "dropout2d": Concept(_paint_maps, _say_maps, lambda params: ((10, 8, 8),)),
    "stochastic_depth": Concept(_paint_branch, _say_branch),
}
