"""Pictures of what happens to single values: the curves of activations, the straight line, and softmax."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPen, QPolygonF

from cnn_studio.graph.layers.common import count_text
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.case import Case, Concept
from cnn_studio.ui.concepts.sketch import LEFT, RIGHT, Sketch

_SAMPLES = 96
# K. Clevert et al. 2015 for ELU; G. Klambauer et al. 2017 for the two numbers of SELU
_SELU = 1.6732632423543772, 1.0507009873554805


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _softplus(x: float, beta: float = 1.0) -> float:
    scaled = beta * x
    return x if scaled > 20 else math.log1p(math.exp(scaled)) / beta


def _gelu(x: float, params: Params) -> float:
    if params["approximate"] == "tanh":
        return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))
    return 0.5 * x * (1 + math.erf(x / math.sqrt(2)))


def _elu(x: float, alpha: float) -> float:
    return x if x > 0 else alpha * math.expm1(x)


def _clip(x: float, low: float, high: float) -> float:
    return max(low, min(high, x))


class Curve(NamedTuple):
    """A function of one value.

    Attributes:
        y: the value of x.
        formula: how people write it, with the parameters' numbers.
        marks: values of y worth a dashed line and a number.
        reach: x runs from −reach to reach.
    """

    y: Callable[[float, Params], float]
    formula: Callable[[Params], str]
    marks: Callable[[Params], tuple[float, ...]] = lambda params: ()
    reach: Callable[[Params], float] = lambda params: 4.0


def _factor(value: float) -> str:
    return "" if value == 1 else f"{value:g}·"


def _signed(value: float) -> str:
    return f"{'−' if value < 0 else '+'} {abs(value):g}"


def _hardtanh_reach(params: Params) -> float:
    return max(1.5, 1.6 * max(abs(float(params["min_val"])), abs(float(params["max_val"]))))


CURVES: dict[str, Curve] = {
    "relu": Curve(lambda x, p: max(0.0, x), lambda p: "y = max(0, x)"),
    "relu6": Curve(
        lambda x, p: _clip(x, 0, 6), lambda p: "y = min(max(0, x), 6)", lambda p: (6.0,), lambda p: 8.0
    ),
    "leaky_relu": Curve(
        lambda x, p: x if x > 0 else p["negative_slope"] * x,
        lambda p: f"y = x above 0, {p['negative_slope']:g}·x below",
    ),
    "prelu": Curve(
        lambda x, p: x if x > 0 else p["init"] * x,
        lambda p: f"y = x above 0, a·x below; a starts at {p['init']:g}",
    ),
    "elu": Curve(
        lambda x, p: _elu(x, p["alpha"]),
        lambda p: f"y = x above 0, {_factor(p['alpha'])}(eˣ − 1) below",
        lambda p: (-p["alpha"],),
    ),
    "selu": Curve(
        lambda x, p: _SELU[1] * _elu(x, _SELU[0]),
        lambda p: "y = 1.0507 · ELU(x), α = 1.6733",
        lambda p: (-_SELU[0] * _SELU[1],),
    ),
    "gelu": Curve(_gelu, lambda p: "y = x · Φ(x)" + (" through tanh" if p["approximate"] == "tanh" else "")),
    "silu": Curve(lambda x, p: x * _sigmoid(x), lambda p: "y = x · sigmoid(x)", reach=lambda p: 5.0),
    "mish": Curve(lambda x, p: x * math.tanh(_softplus(x)), lambda p: "y = x · tanh(softplus(x))"),
    "softplus": Curve(
        lambda x, p: _softplus(x, p["beta"]),
        lambda p: f"y = ln(1 + exp({_factor(p['beta'])}x))" + (f" / {p['beta']:g}" if p["beta"] != 1 else ""),
    ),
    "hardswish": Curve(
        lambda x, p: x * _clip(x + 3, 0, 6) / 6, lambda p: "y = x · min(max(0, x + 3), 6) / 6"
    ),
    "hardsigmoid": Curve(
        lambda x, p: _clip(x + 3, 0, 6) / 6,
        lambda p: "y = min(max(0, x + 3), 6) / 6",
        lambda p: (1.0,),
        lambda p: 5.0,
    ),
    "hardtanh": Curve(
        lambda x, p: _clip(x, p["min_val"], p["max_val"]),
        lambda p: f"y = x between {p['min_val']:g} and {p['max_val']:g}",
        lambda p: (p["min_val"], p["max_val"]),
        _hardtanh_reach,
    ),
    "tanh": Curve(lambda x, p: math.tanh(x), lambda p: "y = tanh(x)", lambda p: (-1.0, 1.0)),
    "sigmoid": Curve(
        lambda x, p: _sigmoid(x), lambda p: "y = 1 / (1 + e⁻ˣ)", lambda p: (1.0,), lambda p: 6.0
    ),
    "scaled_tanh": Curve(
        lambda x, p: p["amplitude"] * math.tanh(p["slope"] * x),
        lambda p: f"y = {p['amplitude']:g} · tanh({p['slope']:.4g}·x)",
        lambda p: (-p["amplitude"], p["amplitude"]),
    ),
    "scale_shift": Curve(
        lambda x, p: p["scale"] * x + p["shift"],
        lambda p: f"y = {_factor(p['scale'])}x {_signed(p['shift'])}",
        lambda p: (p["shift"],) if p["shift"] else (),
    ),
}


class _Axes:
    """Where values lie on the screen."""

    def __init__(self, box: QRectF, reach: float, low: float, high: float) -> None:
        self.box, self.reach = box, reach
        room = 0.06 * (high - low)
        self.low, self.high = low - room, high + room

    def x(self, value: float) -> float:
        return self.box.left() + (value + self.reach) / (2 * self.reach) * self.box.width()

    def y(self, value: float) -> float:
        return self.box.bottom() - (value - self.low) / (self.high - self.low) * self.box.height()


def _paint_curve(sketch: Sketch, case: Case) -> None:
    curve, params = CURVES[case.type_id], case.params
    sketch.head(_minus(curve.formula(params)))
    reach = curve.reach(params)
    points = [reach * (2 * n / _SAMPLES - 1) for n in range(_SAMPLES + 1)]
    values = [curve.y(x, params) for x in points]
    marks = [mark for mark in curve.marks(params) if math.isfinite(mark)]
    low, high = min(0.0, *values), max(0.0, *values)
    if case.type_id == "scale_shift":  # both axes alike, so that the slope is seen
        low, high = min(low, -reach), max(high, reach)
    if high - low <= 0:
        low, high = low - 1, high + 1
    area = sketch.area
    margin = theme.px(10)
    width = min(area.width(), area.height() * 2.1)
    # a line of room below the lowest value, for the numbers of the axis
    box = QRectF(area.center().x() - width / 2, area.top(), width, area.height()).adjusted(
        margin, theme.px(4), -margin, -sketch.line_height
    )
    axes = _Axes(box, reach, low, high)
    for mark in marks:
        if axes.low <= mark <= axes.high:
            height = axes.y(mark)
            sketch.lines(
                [(QPointF(box.left(), height), QPointF(box.right(), height))],
                theme.qcolor("muted", 0.5),
                dashed=True,
            )
    _paint_axes(sketch, axes)
    sketch.painter.setPen(QPen(sketch.color, 2.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    sketch.painter.setBrush(Qt.BrushStyle.NoBrush)
    sketch.painter.drawPolyline(
        QPolygonF([QPointF(axes.x(x), axes.y(y)) for x, y in zip(points, values, strict=True)])
    )
    sketch.dot(
        QPointF(axes.x(0), axes.y(_clip(curve.y(0.0, params), axes.low, axes.high))), 2.6, sketch.color
    )
    _paint_numbers(sketch, axes, marks, [curve.y(x, params) for x in (-_nice(reach), _nice(reach))])


def _paint_axes(sketch: Sketch, axes: _Axes) -> None:
    box = axes.box
    zero_x, zero_y = axes.x(0), axes.y(0)
    sketch.arrow(QPointF(box.left(), zero_y), QPointF(box.right() + theme.px(6), zero_y))
    sketch.arrow(QPointF(zero_x, box.bottom()), QPointF(zero_x, box.top() - theme.px(2)))
    step = _nice(axes.reach)
    ticks = [n * step for n in range(-6, 7) if n and abs(n * step) < axes.reach]
    sketch.lines(
        [(QPointF(axes.x(x), zero_y - 2), QPointF(axes.x(x), zero_y + 2)) for x in ticks], sketch.edge
    )


def _nice(reach: float) -> float:
    """Return a round step of which two to four fit between 0 and the end of the axis."""
    power = 10.0 ** math.floor(math.log10(reach / 2))
    return next(n * power for n in (5, 2, 1) if n * power <= reach / 2 or n == 1)


def _minus(text: str) -> str:
    return text.replace("-", "−")


def _paint_numbers(sketch: Sketch, axes: _Axes, marks: list[float], beside: list[float]) -> None:
    """Write the numbers of both axes where the curve is not.

    Args:
        sketch: draws them.
        axes: where values lie.
        marks: values of y that have a line; else one round number is written.
        beside: the values of the curve at the two numbers of the x axis.
    """
    line, zero_y = sketch.line_height, axes.y(0)
    step = _nice(axes.reach)
    for x, y in zip((-step, step), beside, strict=True):
        below = y >= 0 or zero_y - line < sketch.area.top()
        top = zero_y + theme.px(3) if below else zero_y - line - theme.px(3)
        sketch.text(QRectF(axes.x(x) - 30, top, 60, line), _minus(f"{x:g}"), mono=True)
    sketch.text(QRectF(axes.x(0) + theme.px(4), zero_y + theme.px(3), 20, line), "0", LEFT, mono=True)
    for mark in marks[:2] or [_nice(max(axes.high, 1e-6))]:
        if not axes.low <= mark <= axes.high or abs(axes.y(mark) - zero_y) < line * 1.2:
            continue
        # on the side of the upright axis where the curve is not; a line of its own does not run through it
        height = axes.y(mark)
        is_upper = height < zero_y
        top = height - line / 2 if not marks else height + 1 if is_upper else height - line - 1
        left = axes.x(0) - 84 if is_upper else axes.x(0) + 6
        sketch.text(
            QRectF(left, top, 78, line), _minus(f"{mark:.4g}"), RIGHT if is_upper else LEFT, mono=True
        )
        if not marks:
            sketch.lines([(QPointF(axes.x(0) - 2, height), QPointF(axes.x(0) + 2, height))], sketch.edge)


def _say_curve(case: Case) -> str:
    curve = CURVES[case.type_id]
    at = ", ".join(_minus(f"{curve.y(x, case.params):.3g} at {x:g}") for x in (-2.0, -1.0, 0.0, 1.0, 2.0))
    return f"The curve {_minus(curve.formula(case.params))}, applied to every value by itself: {at}."


# ----------------------------------------------------------------------------------------------------------- softmax

_SCORES = (1.2, 3.1, -0.8, 0.4, 2.0, -1.5)


def _paint_softmax(sketch: Sketch, case: Case) -> None:
    total = case.shape[0]
    scores = _SCORES[: max(1, min(total, len(_SCORES)))]
    shares = _softmax(scores)
    sketch.head("pᵢ = exp(xᵢ) / Σ exp(x)", "all add up to 1")
    labels = [f"{total:,} scores", f"{total:,} probabilities"]
    left, right = sketch.panes(labels, (1, 1), 40)
    _paint_bars(sketch, left, scores, 3.4, "{:.1f}")
    _paint_bars(sketch, right, shares, 1.0, "{:.2f}")
    sketch.arrow_between(left, right)


def _softmax(scores: tuple[float, ...]) -> tuple[float, ...]:
    powers = [math.exp(x) for x in scores]
    return tuple(power / sum(powers) for power in powers)


def _paint_bars(sketch: Sketch, box: QRectF, values: tuple[float, ...], most: float, form: str) -> None:
    line = sketch.line_height
    least = min(0.0, *values, -1e-9)
    top, bottom = box.top() + line, box.bottom() - (line if least < -0.01 else 0)
    scale = (bottom - top) / (most - least)
    zero = top + most * scale
    width = box.width() / len(values)
    for n, value in enumerate(values):
        end = zero - value * scale
        bar = QRectF(box.left() + n * width + 2, min(end, zero), width - 4, max(1.0, abs(end - zero)))
        strongest = value == max(values)
        sketch.block(bar, sketch.tint(0.9 if strongest else 0.4), radius=1)
        edge = bar.top() - line if value >= 0 else bar.bottom()
        if width > sketch.width_of("0.00") or strongest:
            number = form.format(value).replace("-", "−")
            sketch.text_at(QPointF(bar.center().x(), edge + line / 2), number)
    sketch.lines([(QPointF(box.left(), zero), QPointF(box.right(), zero))], sketch.edge)


def _say_softmax(case: Case) -> str:
    return (
        f"{count_text(case.shape[0], 'score')} become as many probabilities: e to the power of each is divided by the sum "
        "of all, so that they are above 0 and add up to 1; the largest score stands out more than before."
    )


def _vector(params: Params) -> tuple[Shape, ...]:
    return ((6,),)


CONCEPTS = {
    **{type_id: Concept(_paint_curve, _say_curve) for type_id in CURVES},
    "softmax": Concept(_paint_softmax, _say_softmax, _vector, lambda params, inputs: True),
}
