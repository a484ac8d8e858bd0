"""An activation drawn: the number that comes in, the curve with the place on it, and what comes out."""

from __future__ import annotations

import math

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QPen, QPolygonF

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import Sketch
from cnn_studio.ui.insight.cell_facts import Facts
from cnn_studio.ui.insight.cell_paint import LARGEST_CELL, limit_of, paint_grid

_LEAST = 3.0
_ARROW = 110


def paint_function(sketch: Sketch, facts: Facts) -> None:
    """Paint x → f(x); where there is no one curve, the two numbers and an arrow."""
    area, done = sketch.area, facts.done
    x, y = float(done.patches[0].values[0, 0, 0]), done.value
    side = theme.px(LARGEST_CELL + 14)
    limit = max(limit_of(np.array([x, y])), 1e-12)
    middle = area.center().y() - side / 2
    one = QRectF(area.left() + theme.px(12), middle, side, side)
    far = area.right() - side - theme.px(24) if facts.has_curve else one.right() + theme.px(_ARROW)
    other = QRectF(far, middle, side, side)
    paint_grid(sketch, one.topLeft(), side, np.array([[x]]), limit)
    paint_grid(sketch, other.topLeft(), side, np.array([[y]]), limit, marked=(0, 0))
    line = sketch.line_height
    for box, name in ((one, "x"), (other, "the cell")):
        wide = max(box.width(), sketch.width_of(name) + theme.px(8))
        sketch.text(
            QRectF(box.center().x() - wide / 2, box.bottom() + theme.px(5), wide, line), name, color="text"
        )
    room = QRectF(one.right() + theme.px(36), area.top() + theme.px(8), 0, area.height() - theme.px(16))
    room.setRight(other.left() - theme.px(36))
    reach = max(_LEAST, abs(x) * 1.25) if math.isfinite(x) else _LEAST
    points = facts.curve(-reach, reach) if room.width() > theme.px(60) else None
    if points is None:
        sketch.arrow_between(one, other)
        return
    box = _paint_curve(sketch, room, points, x, y)
    sketch.arrow_between(one, box)
    sketch.arrow_between(box, other)


def _paint_curve(
    sketch: Sketch, room: QRectF, points: tuple[np.ndarray, np.ndarray], x: float, y: float
) -> QRectF:
    xs, ys = points
    wide = min(room.width(), room.height() * 1.5)
    box = QRectF(room.center().x() - wide / 2, room.top(), wide, room.height())
    low, high = min(float(ys.min()), 0.0), max(float(ys.max()), 0.0)
    low, high = low - 0.06 * (high - low or 1.0), high + 0.06 * (high - low or 1.0)

    def place(a: float, b: float) -> QPointF:
        across = (a - xs[0]) / (xs[-1] - xs[0])
        return QPointF(
            box.left() + box.width() * across, box.bottom() - box.height() * (b - low) / (high - low)
        )

    sketch.outline(box, theme.qcolor("line"), 1, radius=theme.px(4))
    axes = [(place(xs[0], 0), place(xs[-1], 0)), (place(0, low), place(0, high))]
    sketch.lines(axes, sketch.edge)
    sketch.painter.setPen(QPen(theme.qcolor("activation"), theme.px(2)))
    sketch.painter.drawPolyline(
        QPolygonF([place(a, b) for a, b in zip(xs.tolist(), ys.tolist(), strict=True)])
    )
    if math.isfinite(x) and math.isfinite(y):
        at = place(x, y)
        sketch.lines([(place(x, 0), at), (at, place(0, y))], theme.qcolor("accent"), 1.2, dashed=True)
        sketch.dot(at, theme.px(5), theme.qcolor("accent"), theme.qcolor("card"))
    return box
