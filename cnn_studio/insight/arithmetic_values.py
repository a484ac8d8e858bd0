"""Cells of activations, fully connected layers, merges, and layers that hand values on, written out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cnn_studio.insight.arithmetic_windows import sum_of_products, to_float64, with_activation
from cnn_studio.insight.regions_rules import MOVING, index_map
from cnn_studio.insight.written import Reading, Step, Winner, Written, number

_FUNCTIONS = {
    "relu": "max(0, x)",
    "relu6": "min(max(0, x), 6)",
    "tanh": "tanh(x)",
    "sigmoid": "1 / (1 + e^−x)",
    "gelu": "x · Φ(x)",
    "silu": "x · σ(x)",
    "mish": "x · tanh(ln(1 + eˣ))",
    "hardswish": "x · min(max(0, x + 3), 6) / 6",
    "hardsigmoid": "min(max(0, x + 3), 6) / 6",
    "selu": "1.0507 · (x if x > 0, else 1.6733 · (eˣ − 1))",
    "leaky_relu": "x if x > 0, else {negative_slope:g} · x",
    "elu": "x if x > 0, else {alpha:g} · (eˣ − 1)",
    "softplus": "ln(1 + exp({beta:g} · x)) / {beta:g}",
    "hardtanh": "min(max({min_val:g}, x), {max_val:g})",
    "scaled_tanh": "{amplitude:g} · tanh({slope:.3g} · x)",
}
"""Activations without weights, in the layer's own numbers."""


def _activation(reading: Reading) -> Written:
    patch = reading.one(reading.index)
    x = float(patch.values[0, 0, 0])
    assert reading.module is not None  # none of them is a parameter of a block
    total = to_float64(reading.module, x)
    formula = _FUNCTIONS[reading.layer.type].format(**reading.params)
    return Written(formula, (patch,), (Step("x", x), Step(formula, total)), total)


def _prelu(reading: Reading) -> Written:
    patch = reading.one(reading.index)
    x, slopes = float(patch.values[0, 0, 0]), reading.tensors["weight"]
    slope = float(slopes[reading.cell[0] if len(slopes) > 1 else 0])
    total = x if x > 0 else slope * x
    formula = f"x if x > 0, else {number(slope)} · x"
    return Written(formula, (patch,), (Step("x", x), Step(formula, total)), total)


def _softmax(reading: Reading) -> Written:
    # over the first axis: the channels at one place, or the elements of a vector
    place = reading.index[1:]
    values = np.moveaxis(reading.raw(), 0, -1)[place].astype(np.float64)
    shift = float(values.max())
    powers = np.exp(values - shift)
    own, total = float(powers[reading.index[0]]), float(powers.sum())
    row, column = (*place, 0, 0)[:2]
    patch = reading.patch(
        0, np.arange(len(values)), np.array([row]), np.array([column]), values.reshape(-1, 1, 1)
    )
    steps = (
        Step("x", float(values[reading.index[0]])),
        Step("largest x, taken from all first", shift),
        Step("e^(x − largest)", own),
        Step(f"sum of {len(values):,} such powers", total),
        Step("the one divided by the sum", own / total),
    )
    return Written("eˣ / Σ eˣ", (patch,), steps, own / total, divisor=total)


def _linear(reading: Reading) -> Written:
    unit, place = reading.index[-1], reading.index[:-1]
    values = reading.raw()[place].astype(np.float64).reshape(-1, 1, 1)
    row, column = (*place, 0, 0)[:2]
    patch = reading.patch(0, np.arange(len(values)), np.array([row]), np.array([column]), values)
    bias = reading.tensors.get("bias")
    weights = reading.tensors["weight"][unit].reshape(-1, 1, 1)
    written = sum_of_products(patch, weights, None if bias is None else float(bias[unit]))
    return with_activation(written, reading.params["activation"])


# ------------------------------------------------------------------------------------------------------------- merges


def _repeated(reading: Reading, port: int) -> tuple[int, ...]:
    """Return the index into an input, whose sizes of 1 are repeated."""
    shape = reading.inputs[port]
    return tuple(0 if size == 1 else at for at, size in zip(reading.index[-len(shape) :], shape, strict=True))


def _merge(formula: str, verb: str, combine: Callable[[float, float], float]) -> Callable[[Reading], Written]:
    def write(reading: Reading) -> Written:
        patches = tuple(reading.one(_repeated(reading, port), port) for port in range(len(reading.inputs)))
        values = [float(patch.values[0, 0, 0]) for patch in patches]
        total = values[0]
        for value in values[1:]:
            total = combine(total, value)
        names = [reading.look.network.document.layer(source).path for source in reading.sources]
        steps = [Step(name, value) for name, value in zip(names, values, strict=True)]
        written = Written(formula, patches, (*steps, Step(verb, total)), total)
        if reading.layer.type != "maximum":
            return written
        port = max(range(len(values)), key=values.__getitem__)
        return replace(written, winner=Winner(port, reading.cell_of(_repeated(reading, port), port)))

    return write


def _concat(reading: Reading) -> Written:
    at = reading.index[0]
    for port, shape in enumerate(reading.inputs):
        if at < shape[0]:
            return _taken_over(reading, (at, *reading.index[1:]), port)
        at -= shape[0]
    raise IndexError(f"no input gives channel {reading.index[0]}")


def _taken_over(reading: Reading, index: tuple[int, ...], port: int = 0) -> Written:
    patch, cell = reading.one(index, port), reading.cell_of(index, port)
    total = float(patch.values[0, 0, 0])
    name = reading.look.network.document.layer(reading.sources[port]).path
    where = f"channel {cell[0]}, row {cell[1]}, column {cell[2]}" if len(cell) == 3 else f"element {cell[0]}"
    return Written(
        "x", (patch,), (Step(f"taken over from {name}, {where}", total),), total, winner=Winner(port, cell)
    )


def _moved(reading: Reading) -> Written:
    if reading.layer.type == "flatten":
        source = reading.index[0]
    else:
        source = int(index_map(reading.look.network, reading.layer.id)[reading.index])
    if source < 0:
        value = float(reading.params["value"])
        return Written("c", (), (Step("the constant of the padding", value),), value)
    found = np.unravel_index(source, reading.inputs[0])
    return _taken_over(reading, tuple(int(n) for n in found))


def _same(reading: Reading) -> Written:
    written = _taken_over(reading, reading.index)
    if reading.layer.type == "identity":
        return written
    return replace(written, note="It drops values in training only; here everything goes through unchanged.")


def _scale_shift(reading: Reading) -> Written:
    patch, scale, shift = reading.one(reading.index), reading.params["scale"], reading.params["shift"]
    x = float(patch.values[0, 0, 0])
    total = scale * x + shift
    formula = f"{number(scale)} · x + {number(shift)}"
    return Written(formula, (patch,), (Step("x", x), Step(formula, total)), total)


def _layer_scale(reading: Reading) -> Written:
    patch, factors = reading.one(reading.index), reading.tensors[""].reshape(-1)
    x, factor = float(patch.values[0, 0, 0]), float(factors[_channel(reading)])
    steps = (Step("x", x), Step(f"times the channel's factor {number(factor)}", factor * x))
    return Written("γ · x", (patch,), steps, factor * x)


def _channel(reading: Reading) -> int:
    return reading.index[-1] if reading.params["layout"] == "vector" else reading.index[0]


WRITERS: dict[str, Callable[[Reading], Written]] = {
    **dict.fromkeys(_FUNCTIONS, _activation),
    "prelu": _prelu,
    "softmax": _softmax,
    "linear": _linear,
    "add": _merge("Σ x", "sum", lambda a, b: a + b),
    "multiply": _merge("x · y", "product", lambda a, b: a * b),
    "subtract": _merge("x − y", "difference", lambda a, b: a - b),
    "maximum": _merge("max(x, y)", "the largest", max),
    "concat": _concat,
    **dict.fromkeys(MOVING, _moved),
    **dict.fromkeys(("identity", "dropout", "dropout2d", "stochastic_depth"), _same),
    "scale_shift": _scale_shift,
    "layer_scale": _layer_scale,
}
