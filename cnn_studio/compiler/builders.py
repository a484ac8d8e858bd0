"""One builder per layer type: parameters and input shapes -> module. The only place that knows both sides."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from cnn_studio.compiler.modules import (
    Add,
    BlockParameter,
    ChannelLayerNorm,
    ChannelShuffle,
    ChannelSlice,
    Chunk,
    Concat,
    ConnectionConv2d,
    Crop2d,
    Dense,
    LpPool2d,
    Maximum,
    Multiply,
    PaddedConv2d,
    Permute,
    Reshape,
    ScaledTanh,
    ScaleShift,
    SeededDropout,
    SeededDropout2d,
    SpatialMean,
    StochasticDepth,
    Subsampling,
    Subtract,
    SumPool2d,
    WindowPool2d,
    scale_channels,
    scale_values,
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
    sizes = (inputs[0][-1], params["out_features"], params["bias"])
    return nn.Linear(*sizes) if params["activation"] == "none" else Dense(*sizes, params["activation"])


def _batch_norm(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    kind = nn.BatchNorm2d if len(inputs[0]) == 3 else nn.BatchNorm1d
    return kind(inputs[0][0], params["eps"], params["momentum"], params["affine"])


def _conv_transpose2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    return nn.ConvTranspose2d(
        inputs[0][0],
        params["out_channels"],
        params["kernel_size"],
        params["stride"],
        params["padding"],
        params["output_padding"],
        params["groups"],
        params["bias"],
        params["dilation"],
    )


def _connection_conv2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = _window("connection_conv2d", params, inputs[0])
    sides = (columns.before, columns.after, rows.before, rows.after)
    return ConnectionConv2d(
        inputs[0][0], params["table"], params["kernel_size"], params["stride"], sides, params["bias"]
    )


def _layer_norm(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    shape = inputs[0]
    if params["over"] == "channels":
        return ChannelLayerNorm(shape[:1], params["eps"], params["affine"])
    return nn.LayerNorm(shape[-1:] if params["over"] == "last" else shape, params["eps"], params["affine"])


def _layer_scale(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    (size,) = (t.shape for t in get_spec("layer_scale").tensors(params, inputs).values())
    combine = scale_channels if params["layout"] == "vector_map" else scale_values
    return BlockParameter(size, params["init"], combine)


def _pad2d(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    top, bottom, left, right = params["padding"]
    sides, mode = (left, right, top, bottom), params["mode"]
    if mode == "constant":
        return nn.ConstantPad2d(sides, params["value"])
    kinds = {"reflect": nn.ReflectionPad2d, "replicate": nn.ReplicationPad2d, "circular": nn.CircularPad2d}
    return kinds[mode](sides)


def _upsample(params: Params, inputs: tuple[Shape, ...]) -> nn.Module:
    rows, columns = params["scale"]
    corners = None if params["mode"] == "nearest" else params["align_corners"]
    return nn.Upsample(scale_factor=(rows, columns), mode=params["mode"], align_corners=corners)


BUILDERS: dict[str, Builder] = {
    "identity": lambda params, inputs: nn.Identity(),
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "connection_conv2d": _connection_conv2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "sum_pool2d": _sum_pool2d,
    "lp_pool2d": lambda p, inputs: LpPool2d(p["norm"], p["kernel_size"], p["stride"], p["ceil_mode"]),
    "subsampling": lambda p, inputs: Subsampling(
        inputs[0][0], p["kernel_size"], p["stride"], p["activation"]
    ),
    "adaptive_avg_pool2d": lambda params, inputs: nn.AdaptiveAvgPool2d(params["output_size"]),
    "global_avg_pool": lambda params, inputs: nn.AdaptiveAvgPool2d(1),
    "adaptive_max_pool2d": lambda params, inputs: nn.AdaptiveMaxPool2d(params["output_size"]),
    "global_max_pool": lambda params, inputs: nn.AdaptiveMaxPool2d(1),
    "spatial_mean": lambda params, inputs: SpatialMean(params["keepdim"]),
    "relu": lambda params, inputs: nn.ReLU(),
    "leaky_relu": lambda params, inputs: nn.LeakyReLU(params["negative_slope"]),
    "tanh": lambda params, inputs: nn.Tanh(),
    "sigmoid": lambda params, inputs: nn.Sigmoid(),
    "softmax": lambda params, inputs: nn.Softmax(dim=1),
    "relu6": lambda params, inputs: nn.ReLU6(),
    "prelu": lambda p, inputs: nn.PReLU(inputs[0][0] if p["per_channel"] else 1, p["init"]),
    "elu": lambda params, inputs: nn.ELU(params["alpha"]),
    "selu": lambda params, inputs: nn.SELU(),
    "gelu": lambda params, inputs: nn.GELU(params["approximate"]),
    "silu": lambda params, inputs: nn.SiLU(),
    "mish": lambda params, inputs: nn.Mish(),
    "softplus": lambda params, inputs: nn.Softplus(params["beta"]),
    "hardswish": lambda params, inputs: nn.Hardswish(),
    "hardsigmoid": lambda params, inputs: nn.Hardsigmoid(),
    "hardtanh": lambda params, inputs: nn.Hardtanh(params["min_val"], params["max_val"]),
    "scaled_tanh": lambda params, inputs: ScaledTanh(params["amplitude"], params["slope"]),
    "batch_norm": _batch_norm,
    "local_response_norm": lambda p, inputs: nn.LocalResponseNorm(p["size"], p["alpha"], p["beta"], p["k"]),
    "group_norm": lambda p, inputs: nn.GroupNorm(p["groups"], inputs[0][0], p["eps"], p["affine"]),
    "instance_norm": lambda p, inputs: nn.InstanceNorm2d(inputs[0][0], p["eps"], affine=p["affine"]),
    "layer_norm": _layer_norm,
    "layer_scale": _layer_scale,
    "flatten": lambda params, inputs: nn.Flatten(),
    "linear": _linear,
    "add": lambda params, inputs: Add(),
    "concat": lambda params, inputs: Concat(),
    "multiply": lambda params, inputs: Multiply(),
    "subtract": lambda params, inputs: Subtract(),
    "maximum": lambda params, inputs: Maximum(),
    "dropout": lambda params, inputs: SeededDropout(params["p"]),
    "dropout2d": lambda params, inputs: SeededDropout2d(params["p"]),
    "stochastic_depth": lambda params, inputs: StochasticDepth(params["p"], params["mode"]),
    "pad2d": _pad2d,
    "crop2d": lambda params, inputs: Crop2d(params["sides"]),
    "upsample": _upsample,
    "pixel_shuffle": lambda params, inputs: nn.PixelShuffle(params["factor"]),
    "space_to_depth": lambda params, inputs: nn.PixelUnshuffle(params["factor"]),
    "channel_shuffle": lambda params, inputs: ChannelShuffle(params["groups"]),
    "chunk": lambda params, inputs: Chunk(params["parts"], params["index"]),
    "channel_slice": lambda params, inputs: ChannelSlice(params["start"], params["stop"]),
    "scale_shift": lambda params, inputs: ScaleShift(params["scale"], params["shift"]),
    "reshape": lambda params, inputs: Reshape(params["shape"]),
    "permute": lambda params, inputs: Permute(params["order"]),
}
