"""One builder per layer type: parameters and input shapes -> module. The only place that knows both sides."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from cnn_studio.compiler.modules import (
    Add,
    Concat,
    Dense,
    PaddedConv2d,
    SeededDropout,
    Subsampling,
    SumPool2d,
    WindowPool2d,
)
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.graph.window import Axis, Window

Builder = Callable[[Params, tuple[Shape, ...]], nn.Module]


def _window(type_id: str, params: Params, shape: Shape) -> Window:
    geometry = get_spec(type_id).window
    if geometry is None:
        raise TypeError(f"{type_id} slides no window")
    return geometry(params, shape)


def _is_symmetric(*axes: Axis) -> bool:
    return all(axis.before == axis.after for axis in axes)


def _conv2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = _window("conv2d", params, inputs[0])
    sizes = (inputs[0][0], params["out_channels"], params["kernel_size"], params["stride"])
    common = {"dilation": params["dilation"], "groups": params["groups"], "bias": params["bias"]}
    if _is_symmetric(rows, columns):
        padding = (rows.before, columns.before)
        return nn.Conv2d(*sizes, padding=padding, padding_mode=params["padding_mode"], **common)
    sides = (columns.before, columns.after, rows.before, rows.after)
    return PaddedConv2d(*sizes, sides=sides, fill=params["padding_mode"], **common)


def _max_pool2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = _window("max_pool2d", params, inputs[0])
    if not _is_symmetric(rows, columns):
        return WindowPool2d("max", Window(rows, columns))
    padding = (rows.before, columns.before)
    return nn.MaxPool2d(
        params["kernel_size"], params["stride"], padding, params["dilation"], ceil_mode=params["ceil_mode"]
    )


def _avg_pool2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = _window("avg_pool2d", params, inputs[0])
    count = params["count_include_pad"]
    if not _is_symmetric(rows, columns):
        return WindowPool2d("avg", Window(rows, columns), count_include_pad=count)
    padding = (rows.before, columns.before)
    return nn.AvgPool2d(params["kernel_size"], params["stride"], padding, params["ceil_mode"], count)


def _sum_pool2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = _window("sum_pool2d", params, inputs[0])
    if not _is_symmetric(rows, columns) or params["ceil_mode"]:
        return WindowPool2d("sum", Window(rows, columns))
    return SumPool2d(params["kernel_size"], params["stride"], (rows.before, columns.before))


def _linear(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    sizes = (inputs[0][0], params["out_features"], params["bias"])
    return nn.Linear(*sizes) if params["activation"] == "none" else Dense(*sizes, params["activation"])


def _batch_norm(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    kind = nn.BatchNorm2d if len(inputs[0]) == 3 else nn.BatchNorm1d
    return kind(inputs[0][0], params["eps"], params["momentum"], params["affine"])


BUILDERS: dict[str, Builder] = {
    "identity": lambda params, inputs: nn.Identity(),
    "conv2d": _conv2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "sum_pool2d": _sum_pool2d,
    "subsampling": lambda p, inputs: Subsampling(
        inputs[0][0], p["kernel_size"], p["stride"], p["activation"]
    ),
    "adaptive_avg_pool2d": lambda params, inputs: nn.AdaptiveAvgPool2d(params["output_size"]),
    "global_avg_pool": lambda params, inputs: nn.AdaptiveAvgPool2d(1),
    "relu": lambda params, inputs: nn.ReLU(),
    "leaky_relu": lambda params, inputs: nn.LeakyReLU(params["negative_slope"]),
    "tanh": lambda params, inputs: nn.Tanh(),
    "sigmoid": lambda params, inputs: nn.Sigmoid(),
    "softmax": lambda params, inputs: nn.Softmax(dim=1),
    "batch_norm": _batch_norm,
    "local_response_norm": lambda p, inputs: nn.LocalResponseNorm(p["size"], p["alpha"], p["beta"], p["k"]),
    "flatten": lambda params, inputs: nn.Flatten(),
    "linear": _linear,
    "add": lambda params, inputs: Add(),
    "concat": lambda params, inputs: Concat(),
    "dropout": lambda params, inputs: SeededDropout(params["p"]),
}
