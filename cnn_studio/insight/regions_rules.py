"""From the cells of a layer's output to the cells of its inputs that they depend on, one rule per kind of layer.

Masks have the shape of the values. One that is the same for all channels is one plane, repeated without memory (stride 0);
the rules keep it so, which makes the way down a deep network quick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn import functional

from cnn_studio.graph.spec import Shape, product
from cnn_studio.insight.windows import reads

if TYPE_CHECKING:
    from cnn_studio.insight.maps import LookInside

Rule = Callable[[dict[str, Any], tuple[Shape, ...], np.ndarray], np.ndarray]

MOVING = frozenset(
    {
        *("channel_shuffle", "chunk", "channel_slice", "crop2d", "pixel_shuffle", "space_to_depth"),
        *("permute", "reshape", "flatten", "pad2d"),
    }
)
"""Layers that hand values on in other places and compute nothing."""

SAME = frozenset(
    {
        *(
            "identity",
            "dropout",
            "dropout2d",
            "stochastic_depth",
            "relu",
            "leaky_relu",
            "tanh",
            "sigmoid",
            "relu6",
        ),
        *("prelu", "elu", "selu", "gelu", "silu", "mish", "softplus", "hardswish", "hardsigmoid", "hardtanh"),
        *("scaled_tanh", "batch_norm", "scale_shift", "layer_scale"),
    }
)
"""Layers in which every cell depends on the same cell of the input alone, in prediction."""


def below(network: LookInside, layer_id: int, mask: np.ndarray) -> list[np.ndarray]:
    """Return, per input of a layer, the cells that the masked cells of its output depend on.

    Args:
        network: the network.
        layer_id: of the layer.
        mask: bool, of the shape of its output.
    """
    layer = network.document.layer(layer_id)
    params, inputs = dict(layer.params), network.report.states[layer_id].inputs
    if layer.type in SAME:
        return [mask]
    if layer.type == "concat":
        ends = np.cumsum([shape[0] for shape in inputs])[:-1]
        return list(np.split(mask, ends)) if not _is_plane(mask) else [_spread(mask[:1], s) for s in inputs]
    if layer.type in ("add", "multiply", "subtract", "maximum"):
        return [_unrepeated(mask, shape) for shape in inputs]
    if layer.type in MOVING:
        return [_moved(index_map(network, layer_id), inputs[0], mask)]
    rule = _RULES.get(layer.type)
    if rule is not None:
        return [rule(params, inputs, mask)]
    return [np.full(shape, mask.any()) for shape in inputs]  # it may depend on everything


def index_map(network: LookInside, layer_id: int) -> np.ndarray:
    """Return from which cell of its input each cell of a `MOVING` layer comes, flat indices; −1 for none.

    The layer itself is asked, with the numbers of the cells as values. Twice, because a constant that padding fills in
    looks like a number the first time, but does not double.
    """
    shape = network.report.states[layer_id].inputs[0]
    numbers = torch.arange(1, product(shape) + 1, dtype=torch.float64).view(1, *shape)
    once = network.runner.apply(layer_id, numbers)[0].numpy()
    twice = network.runner.apply(layer_id, 2 * numbers)[0].numpy()
    found: np.ndarray = np.where((twice == 2 * once) & (once > 0), once - 1, -1).astype(np.int64)
    return found


def _moved(index: np.ndarray, shape: Shape, mask: np.ndarray) -> np.ndarray:
    found = np.zeros(product(shape), bool)
    taken = index[mask]
    found[taken[taken >= 0]] = True
    return found.reshape(shape)


# ------------------------------------------------------------------------------------------------------------- planes


def _is_plane(mask: np.ndarray) -> bool:
    return mask.ndim == 3 and mask.strides[0] == 0


def _planes(mask: np.ndarray) -> np.ndarray:
    """Return the planes [n, H, W] that differ: one, where all are the same."""
    return mask[:1] if _is_plane(mask) else mask


def _any(mask: np.ndarray, axes: int | tuple[int, ...]) -> np.ndarray:
    """Return whether any cell along the axes holds, with these axes kept as sizes of 1."""
    return np.asarray(np.logical_or.reduce(mask, axis=axes, keepdims=True))


def _spread(planes: np.ndarray, shape: Shape) -> np.ndarray:
    return np.broadcast_to(planes, shape)


def _through(rows: np.ndarray, columns: np.ndarray, planes: np.ndarray) -> np.ndarray:
    """Return planes of output cells as planes of the input cells that they read.

    Args:
        rows, columns: which input cells each output cell reads, bool [size, output].
        planes: bool [n, output rows, output columns].
    """
    found = np.zeros((len(planes), rows.shape[0], columns.shape[0]), bool)
    for at in np.flatnonzero(planes.any(axis=(1, 2))):
        plane = planes[at].astype(np.float32)
        found[at] = rows.astype(np.float32) @ plane @ columns.T.astype(np.float32) > 0
    return found


def _unrepeated(mask: np.ndarray, shape: Shape) -> np.ndarray:
    """Return the cells of an input whose sizes of 1 the merge repeated."""
    if mask.shape == shape:
        return mask
    lead = mask.ndim - len(shape)
    found = np.asarray(np.any(mask, axis=tuple(range(lead)))) if lead else mask
    axes = tuple(axis for axis, size in enumerate(shape) if size == 1 and found.shape[axis] > 1)
    return _any(found, axes) if axes else found


# -------------------------------------------------------------------------------------------------------------- rules


def _grouped(
    mask: np.ndarray, groups: int, channels: int, rows: np.ndarray, columns: np.ndarray
) -> np.ndarray:
    """Every input channel of a group leads to every output channel of it."""
    shape = (channels, rows.shape[0], columns.shape[0])
    if groups == 1 or _is_plane(mask):
        return _spread(_through(rows, columns, _any(_planes(mask), 0)), shape)
    by_group = np.any(mask.reshape(groups, -1, *mask.shape[1:]), axis=1)
    return np.repeat(_through(rows, columns, by_group), channels // groups, axis=0)


def _axes(type_id: str, params: dict[str, Any], shape: Shape) -> tuple[np.ndarray, np.ndarray]:
    from cnn_studio.graph.registry import get_spec

    geometry = get_spec(type_id).window
    assert geometry is not None  # the rule is for layers that slide one
    fill = params.get("padding_mode", "zeros")
    rows, columns = (reads(axis, fill) for axis in geometry(params, shape))
    return rows, columns


def _conv2d(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    rows, columns = _axes("conv2d", params, inputs[0])
    return _grouped(mask, params["groups"], inputs[0][0], rows, columns)


def _connection_conv2d(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    rows, columns = _axes("connection_conv2d", params, inputs[0])
    per_filter = np.broadcast_to(
        _through(rows, columns, _planes(mask)), (len(mask), rows.shape[0], columns.shape[0])
    )
    found = np.zeros(inputs[0], bool)
    for filter_, joined in enumerate(params["table"]):
        found[list(joined)] |= per_filter[filter_]
    return found


def _transposed(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    found = []
    for axis in (0, 1):
        size, output = inputs[0][axis + 1], mask.shape[axis + 1]
        reading = np.zeros((size, output), bool)
        for cell in range(size):
            painted = cell * params["stride"][axis] - params["padding"][axis]
            painted = painted + params["dilation"][axis] * np.arange(params["kernel_size"][axis])
            reading[cell, painted[(painted >= 0) & (painted < output)]] = True
        found.append(reading)
    return _grouped(mask, params["groups"], inputs[0][0], *found)


def _pool(type_id: str) -> Rule:
    def rule(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
        return _spread(_through(*_axes(type_id, params, inputs[0]), _planes(mask)), inputs[0])

    return rule


def adaptive_bounds(size: int, output: int, at: int) -> tuple[int, int]:
    """Return where window `at` of an adaptive pool begins and ends: ⌊at·I/O⌋ and ⌈(at + 1)·I/O⌉, PyTorch's rule."""
    return at * size // output, -(-(at + 1) * size // output)


def _adaptive(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    found = []
    for axis in (0, 1):
        size, output = inputs[0][axis + 1], mask.shape[axis + 1]
        reading = np.zeros((size, output), bool)
        for at in range(output):
            begin, end = adaptive_bounds(size, output, at)
            reading[begin:end, at] = True
        found.append(reading)
    return _spread(_through(found[0], found[1], _planes(mask)), inputs[0])


def _whole_maps(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    """Each channel depends on all cells of its own map."""
    seen = mask.reshape(len(mask), -1).any(axis=1)
    return np.broadcast_to(seen.reshape(-1, *(1 for _ in inputs[0][1:])), inputs[0])


def _upsample(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    corners = None if params["mode"] == "nearest" else params["align_corners"]
    found = []
    for axis in (0, 1):
        size, scale = inputs[0][axis + 1], params["scale"][axis]
        ones = torch.eye(size, dtype=torch.float64).view(1, size, size, 1)
        grown = functional.interpolate(
            ones, scale_factor=(float(scale), 1.0), mode=params["mode"], align_corners=corners
        )
        found.append(grown[0, :, :, 0].numpy() != 0)
    return _spread(_through(found[0], found[1], _planes(mask)), inputs[0])


def _softmax(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    return _spread(_any(_planes(mask), 0), inputs[0])


def _linear(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    return np.broadcast_to(_any(mask, -1), inputs[0])


def _local_response_norm(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    if _is_plane(mask):
        return mask
    found, size, channels = np.zeros_like(mask), params["size"], len(mask)
    for channel in np.flatnonzero(mask.reshape(channels, -1).any(axis=1)):
        begin, end = lrn_bounds(int(channel), size, channels)
        found[begin:end] |= mask[channel]
    return found


def lrn_bounds(channel: int, size: int, channels: int) -> tuple[int, int]:
    """Return from which up to which channel PyTorch's local response norm sums for one channel."""
    return max(0, channel - size // 2), min(channels, channel + (size - 1) // 2 + 1)


def _group_norm(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    groups, shape = params["groups"], inputs[0]
    seen = mask.reshape(groups, -1).any(axis=1)
    each = np.repeat(seen, shape[0] // groups).reshape(-1, *(1 for _ in shape[1:]))
    return np.broadcast_to(each, shape)


def _layer_norm(params: dict[str, Any], inputs: tuple[Shape, ...], mask: np.ndarray) -> np.ndarray:
    if params["over"] == "all":
        return np.full(inputs[0], mask.any())
    if params["over"] == "last":
        return np.broadcast_to(_any(mask, -1), inputs[0])
    return np.broadcast_to(_any(mask, 0), inputs[0])


_RULES: dict[str, Rule] = {
    "conv2d": _conv2d,
    "connection_conv2d": _connection_conv2d,
    "conv_transpose2d": _transposed,
    **{name: _pool(name) for name in ("max_pool2d", "avg_pool2d", "sum_pool2d", "lp_pool2d", "subsampling")},
    "adaptive_avg_pool2d": _adaptive,
    "adaptive_max_pool2d": _adaptive,
    **dict.fromkeys(("global_avg_pool", "global_max_pool", "spatial_mean", "instance_norm"), _whole_maps),
    "upsample": _upsample,
    "softmax": _softmax,
    "linear": _linear,
    "local_response_norm": _local_response_norm,
    "group_norm": _group_norm,
    "layer_norm": _layer_norm,
}
