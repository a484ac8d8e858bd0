"""Cells of normalisation layers, written out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnn_studio.insight.regions_rules import lrn_bounds
from cnn_studio.insight.written import Patch, Reading, Step, Written, number


def _batch_norm(reading: Reading) -> Written:
    patch, tensors, channel = reading.one(reading.index), reading.tensors, reading.cell[0]
    mean, variance = float(tensors["running_mean"][channel]), float(tensors["running_var"][channel])
    return _normalised(reading, patch, (channel,), mean, variance, "running ")


def _normalised(
    reading: Reading, patch: Patch, at: tuple[int, ...], mean: float, variance: float, kind: str = ""
) -> Written:
    """Return the cell's value less a mean, divided by a deviation, scaled and shifted.

    Args:
        reading: the cell.
        patch: what is read.
        at: which of the trained factors and offsets are the cell's.
        mean, variance: what it is normalised with.
        kind: word before them.
    """
    x, eps = float(reading.raw()[reading.index]), float(reading.params["eps"])
    deviation = float(np.sqrt(variance + eps))
    total = (x - mean) / deviation
    steps = [
        Step("x", x),
        Step(f"less the {kind}mean {number(mean)}", x - mean),
        Step(f"divided by √({kind}variance {number(variance)} + ε)", total),
    ]
    formula = "(x − μ) / √(σ² + ε)"
    if "weight" in reading.tensors:
        scale, shift = float(reading.tensors["weight"][at]), float(reading.tensors["bias"][at])
        steps += [Step(f"times γ = {number(scale)}", total * scale), Step("β", shift)]
        total = total * scale + shift
        steps.append(Step("scaled and shifted", total))
        formula = f"γ · {formula} + β"
    return Written(formula, (patch,), tuple(steps), total, divisor=deviation)


def _local_response_norm(reading: Reading) -> Written:
    params, (channel, row, column) = reading.params, reading.cell
    begin, end = lrn_bounds(channel, params["size"], reading.inputs[0][0])
    values = reading.raw()[begin:end, row, column].astype(np.float64)
    patch = reading.patch(
        0, np.arange(begin, end), np.array([row]), np.array([column]), values.reshape(-1, 1, 1)
    )
    x, squares = float(reading.raw()[channel, row, column]), float((values**2).sum())
    base = params["k"] + params["alpha"] / params["size"] * squares
    divisor = base ** params["beta"]
    steps = (
        Step("x", x),
        Step(f"sum of squares over {end - begin} neighbouring maps", squares),
        Step(f"k + α/n · that, to the power {params['beta']:g}", divisor),
        Step("x divided by it", x / divisor),
    )
    return Written("x / (k + α/n · Σ x²)^β", (patch,), steps, x / divisor, divisor=divisor)


def _over(reading: Reading, axes: tuple[np.ndarray, ...], at: tuple[int, ...]) -> Written:
    """Return the cell normalised with the mean and the variance of some values of the image itself.

    Args:
        reading: the cell.
        axes: along each axis of the input, which of its values share the mean.
        at: which of the trained factors and offsets are the cell's.
    """
    values = reading.raw()[np.ix_(*axes)].astype(np.float64)
    if reading.is_last() and len(axes) == 3:
        axes, values = (axes[2], *axes[:2]), values.transpose(2, 0, 1)
    channels, rows, columns = (*axes, np.zeros(1, np.int64), np.zeros(1, np.int64))[:3]
    shape = (len(channels), len(rows), len(columns))
    patch = reading.patch(0, channels, rows, columns, values.reshape(shape))
    mean, variance = float(values.mean()), float(values.var())
    return _normalised(reading, patch, at, mean, variance)


def _all(reading: Reading) -> list[np.ndarray]:
    return [np.arange(size) for size in reading.inputs[0]]


def _group_norm(reading: Reading) -> Written:
    axes, channel = _all(reading), reading.index[0]
    size = len(axes[0]) // reading.params["groups"]
    axes[0] = np.arange(channel // size * size, (channel // size + 1) * size)
    return _over(reading, tuple(axes), (channel,))


def _instance_norm(reading: Reading) -> Written:
    axes, channel = _all(reading), reading.index[0]
    axes[0] = np.array([channel])
    return _over(reading, tuple(axes), (channel,))


def _layer_norm(reading: Reading) -> Written:
    axes, index, over = _all(reading), reading.index, reading.params["over"]
    if over == "all":
        return _over(reading, tuple(axes), index)
    shared = 0 if over == "channels" else len(axes) - 1
    alone = tuple(every if axis == shared else np.array([index[axis]]) for axis, every in enumerate(axes))
    return _over(reading, alone, (index[shared],))


WRITERS: dict[str, Callable[[Reading], Written]] = {
    "batch_norm": _batch_norm,
    "local_response_norm": _local_response_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
}
