"""Cells of convolutions and pools, written out: the patch under the window, and what is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import torch

from cnn_studio.graph.window import Axis, Window
from cnn_studio.insight.regions_rules import adaptive_bounds
from cnn_studio.insight.windows import PADDING, cells, filled
from cnn_studio.insight.written import Patch, Reading, Step, Winner, Written

_ACTIVATIONS: dict[str, Callable[[float], float]] = {
    "relu": lambda x: max(0.0, x),
    "tanh": lambda x: float(np.tanh(x)),
    "sigmoid": lambda x: float(1 / (1 + np.exp(-x))),
}


def _window(reading: Reading) -> Window:
    spec = reading.layer.spec
    assert spec is not None and spec.window is not None  # the rules here are for layers that slide one
    return spec.window(reading.params, reading.inputs[0])


def _patch(reading: Reading, channels: np.ndarray, fill: str = "zeros") -> Patch:
    """Return what lies under the window in some channels; padding cells hold what fills them."""
    _, row, column = reading.cell
    axes = _window(reading)
    places = [cells(axis, at) for axis, at in zip(axes, (row, column), strict=True)]
    rows, columns = places
    from_rows, from_columns = (
        filled(place, axis.size, axis.after, fill) for place, axis in zip(places, axes, strict=True)
    )
    values = reading.raw()[np.ix_(channels, np.maximum(from_rows, 0), np.maximum(from_columns, 0))]
    values = values.astype(np.float64)
    values[:, (from_rows == PADDING), :] = 0.0
    values[:, :, (from_columns == PADDING)] = 0.0
    outside = (_outside(rows, axes.rows)[:, None]) | (_outside(columns, axes.columns)[None, :])
    return reading.patch(0, channels, rows, columns, values, outside)


def _outside(place: np.ndarray, axis: Axis) -> np.ndarray:
    found: np.ndarray = (place < 0) | (place >= axis.size)
    return found


def with_activation(written: Written, activation: str) -> Written:
    """Return what is written with the activation that the layer carries, ``none`` for none."""
    if activation not in _ACTIVATIONS or written.total is None:
        return written
    total = _ACTIVATIONS[activation](written.total)
    return replace(
        written,
        formula=f"{activation}({written.formula})",
        steps=(*written.steps, Step(activation, total)),
        total=total,
    )


def sum_of_products(patch: Patch, weights: np.ndarray, bias: float | None) -> Written:
    """Return Σ x·w + b written out.

    Args:
        patch: the values x.
        weights: w, of the same shape.
        bias: b, or None.
    """
    weights = weights.astype(np.float64)
    products = patch.values * weights
    total = float(products.sum())
    steps = [Step(f"sum of {products.size:,} products", total)]
    if bias is not None:
        total += bias
        steps += [Step("bias", bias), Step("sum and bias", total)]
    formula = "Σ x·w + b" if bias is not None else "Σ x·w"
    return Written(formula, (patch,), tuple(steps), total, weights, products, bias)


def _bias(reading: Reading, at: int) -> float | None:
    bias = reading.tensors.get("bias")
    return None if bias is None else float(bias[at])


def _conv2d(reading: Reading) -> Written:
    params, filter_ = reading.params, reading.cell[0]
    depth = reading.inputs[0][0] // params["groups"]
    group = filter_ // (params["out_channels"] // params["groups"])
    channels = np.arange(group * depth, (group + 1) * depth)
    patch = _patch(reading, channels, params["padding_mode"])
    return sum_of_products(patch, reading.tensors["weight"][filter_], _bias(reading, filter_))


def _connection_conv2d(reading: Reading) -> Written:
    table, filter_ = reading.params["table"], reading.cell[0]
    before = sum(len(row) for row in table[:filter_])
    weights = reading.tensors["weight"][before : before + len(table[filter_])]
    patch = _patch(reading, np.array(table[filter_], np.int64))
    written = sum_of_products(patch, weights, _bias(reading, filter_))
    maps = ", ".join(map(str, table[filter_]))
    return replace(written, note=f"The connection table gives this filter the maps {maps} alone.")


# -------------------------------------------------------------------------------------------------------------- pools


def _own_patch(reading: Reading) -> Patch:
    return _patch(reading, np.array([reading.cell[0]]))


def maximum_of(reading: Reading, patch: Patch) -> Written:
    """Return the largest value of a patch, padding apart, and which cell holds it; of equal ones the first."""
    allowed = np.where(patch.is_padding[None], -np.inf, patch.values)
    # PyTorch takes NaN for the largest
    place = np.isnan(allowed).argmax() if np.isnan(allowed).any() else allowed.argmax()
    _, row, column = np.unravel_index(int(place), allowed.shape)
    total = float(patch.values[0, row, column])
    cell = (reading.cell[0], int(patch.rows[row]), int(patch.columns[column]))
    count = int((~patch.is_padding).sum())
    text = f"largest of {count:,} values, in row {cell[1]}, column {cell[2]}"
    return Written("max x", (patch,), (Step(text, total),), total, winner=Winner(0, cell))


def mean_of(patch: Patch, divisor: int) -> Written:
    """Return the sum of a patch divided by a number of cells."""
    total = float(patch.values.sum())
    steps = (
        Step(f"sum of {patch.values.size:,} values", total),
        Step(f"divided by {divisor:,}", total / divisor),
    )
    return Written("Σ x / n", (patch,), steps, total / divisor, divisor=float(divisor))


def _max_pool2d(reading: Reading) -> Written:
    return maximum_of(reading, _own_patch(reading))


def _avg_pool2d(reading: Reading) -> Written:
    patch, axes = _own_patch(reading), _window(reading)
    if reading.params["count_include_pad"]:
        # padding counts, but not what only rounding up lets the window hang over
        rows, columns = (
            int((place < axis.size + axis.after).sum())
            for place, axis in zip((patch.rows, patch.columns), axes, strict=True)
        )
        written = mean_of(patch, rows * columns)
        return replace(written, note="Padding zeros count as cells.") if patch.is_padding.any() else written
    return mean_of(patch, int((~patch.is_padding).sum()))


def _sum_pool2d(reading: Reading) -> Written:
    patch = _own_patch(reading)
    total = float(patch.values.sum())
    return Written("Σ x", (patch,), (Step(f"sum of {patch.values.size:,} values", total),), total)


def _lp_pool2d(reading: Reading) -> Written:
    patch, power = _own_patch(reading), float(reading.params["norm"])
    total = float((np.abs(patch.values) ** power).sum())
    root = total ** (1 / power)
    steps = (Step(f"sum of |x| to the power {power:g}", total), Step(f"root {power:g}", root))
    return Written("(Σ |x|ᵖ)^(1/p)", (patch,), steps, root)


def _subsampling(reading: Reading) -> Written:
    patch, channel = _own_patch(reading), reading.cell[0]
    total = float(patch.values.sum())
    factor, bias = float(reading.tensors["weight"][channel]), float(reading.tensors["bias"][channel])
    steps = (
        Step(f"sum of {patch.values.size:,} values", total),
        Step(f"times the coefficient {factor:.4g}", total * factor),
        Step("bias", bias),
        Step("scaled sum and bias", total * factor + bias),
    )
    weights = np.full(patch.values.shape, factor)
    written = Written(
        "w · Σ x + b", (patch,), steps, total * factor + bias, weights, patch.values * weights, bias
    )
    return with_activation(written, reading.params["activation"])


def _region(reading: Reading, top: int, bottom: int, left: int, right: int) -> Patch:
    channel = reading.cell[0]
    rows, columns = np.arange(top, bottom), np.arange(left, right)
    values = reading.raw()[channel : channel + 1, top:bottom, left:right]
    return reading.patch(0, np.array([channel]), rows, columns, values)


def _adaptive_patch(reading: Reading) -> Patch:
    _, height, width = reading.inputs[0]
    rows, columns = reading.params["output_size"]
    _, row, column = reading.cell
    return _region(reading, *adaptive_bounds(height, rows, row), *adaptive_bounds(width, columns, column))


def _adaptive_avg_pool2d(reading: Reading) -> Written:
    patch = _adaptive_patch(reading)
    return mean_of(patch, patch.values.size)


def _adaptive_max_pool2d(reading: Reading) -> Written:
    return maximum_of(reading, _adaptive_patch(reading))


def _whole_map(reading: Reading) -> Patch:
    _, height, width = reading.inputs[0]
    return _region(reading, 0, height, 0, width)


def _global_avg_pool(reading: Reading) -> Written:
    patch = _whole_map(reading)
    return mean_of(patch, patch.values.size)


def _global_max_pool(reading: Reading) -> Written:
    return maximum_of(reading, _whole_map(reading))


def _conv_transpose2d(reading: Reading) -> Written:
    """Every cell of the input paints its filter into the output; this is what falls on one cell.

    Output cell o meets input cell i and filter cell m where o + p = i·s + m·d.
    """
    params, filter_ = reading.params, reading.cell[0]
    depth, groups = reading.inputs[0][0], params["groups"]
    group, own = divmod(filter_, params["out_channels"] // groups)
    channels = np.arange(group * depth // groups, (group + 1) * depth // groups)
    meeting = [_meeting(reading.inputs[0][axis + 1], reading.cell[axis + 1], params, axis) for axis in (0, 1)]
    (rows, filter_rows), (columns, filter_columns) = meeting
    if not len(rows) or not len(columns):
        bias = _bias(reading, filter_) or 0.0
        note = "No cell of the input paints here, so that the bias alone is left."
        return Written("b", (), (Step("bias", bias),), bias, note=note)
    values = reading.raw()[np.ix_(channels, rows, columns)]
    weights = reading.tensors["weight"][channels, own][:, filter_rows][:, :, filter_columns]
    patch = reading.patch(0, channels, rows, columns, values)
    return sum_of_products(patch, weights, _bias(reading, filter_))


def _meeting(
    size: int, at: int, params: dict[str, tuple[int, int]], axis: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return along an axis the input cells that paint on an output cell, and with which cell of the filter."""
    m = np.arange(params["kernel_size"][axis])
    way = at + params["padding"][axis] - m * params["dilation"][axis]
    stride = params["stride"][axis]
    good = (way >= 0) & (way % stride == 0) & (way // stride < size)
    place = (way // stride)[good]
    order = np.argsort(place)
    return place[order], m[good][order]


def to_float64(module: torch.nn.Module, value: float) -> float:
    """Return what an activation makes of one number, computed in float64."""
    return float(module(torch.tensor([[value]], dtype=torch.float64))[0, 0])


WRITERS: dict[str, Callable[[Reading], Written]] = {
    "conv2d": _conv2d,
    "connection_conv2d": _connection_conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "sum_pool2d": _sum_pool2d,
    "lp_pool2d": _lp_pool2d,
    "subsampling": _subsampling,
    "adaptive_avg_pool2d": _adaptive_avg_pool2d,
    "adaptive_max_pool2d": _adaptive_max_pool2d,
    "global_avg_pool": _global_avg_pool,
    "global_max_pool": _global_max_pool,
    "spatial_mean": _global_avg_pool,
}
