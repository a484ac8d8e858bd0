"""How convolution and pooling are written as PyTorch code."""

from __future__ import annotations

from cnn_studio.compiler.source_words import (
    ALWAYS,
    LayerCode,
    Quoted,
    Writer,
    arguments,
    number,
    plain,
    with_activation,
)
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.graph.window import Axis, Window


def _window(type_id: str, params: Params, shape: Shape) -> Window:
    geometry = get_spec(type_id).window
    if geometry is None:
        raise TypeError(f"{type_id} slides no window")
    return geometry(params, shape)


def _padding(window: Window) -> tuple[int, int] | None:
    """Return (height, width) of the padding, or None where opposite sides differ."""
    rows, columns = window
    if rows.before != rows.after or columns.before != columns.after:
        return None
    return rows.before, columns.before


def _sides(window: Window) -> tuple[int, int, int, int]:
    rows, columns = window
    return columns.before, columns.after, rows.before, rows.after


def _extra(window: Window) -> tuple[int, int, int, int]:
    """Return the cells that the last windows hang over the padded map: right and bottom only."""

    def beyond(axis: Axis) -> int:
        return max(0, (axis.output - 1) * axis.stride + axis.span - axis.padded)

    return 0, beyond(window.columns), 0, beyond(window.rows)


def _conv2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("conv2d", params, inputs[0])
    padding, mode = _padding(window), params["padding_mode"]
    plain = (inputs[0][0], params["out_channels"])
    size = {"kernel_size": (params["kernel_size"], ALWAYS), "stride": (params["stride"], (1, 1))}
    rest = {
        "dilation": (params["dilation"], (1, 1)),
        "groups": (params["groups"], 1),
        "bias": (params["bias"], True),
    }
    if padding is not None:
        pads = {"padding": (padding, (0, 0))}
        code = arguments(*plain, **size, **pads, **rest, padding_mode=(Quoted(mode), Quoted("zeros")))
        return LayerCode(f"nn.Conv2d({code})")
    fill = Quoted("constant" if mode == "zeros" else mode)
    code = arguments(*plain, **size, sides=(_sides(window), ALWAYS), fill=(fill, Quoted("constant")), **rest)
    return LayerCode(f"PaddedConv2d({code})", helper="PaddedConv2d")


def _max_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("max_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], ALWAYS), "stride": (params["stride"], ALWAYS)}
    dilation = (params["dilation"], (1, 1))
    if padding is not None:
        code = arguments(
            **size, padding=(padding, (0, 0)), dilation=dilation, ceil_mode=(params["ceil_mode"], False)
        )
        return LayerCode(f"nn.MaxPool2d({code})")
    pool = f"nn.MaxPool2d({arguments(**size, dilation=dilation)})"
    return LayerCode(f'nn.Sequential(nn.ConstantPad2d({_whole(window)}, float("-inf")), {pool})')


def _whole(window: Window) -> tuple[int, ...]:
    """Return the padding that brings four-sided padding and either rounding to plain pooling."""
    return tuple(side + more for side, more in zip(_sides(window), _extra(window), strict=True))


def _avg_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("avg_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], ALWAYS), "stride": (params["stride"], ALWAYS)}
    count = {"count_include_pad": (params["count_include_pad"], True)}
    if padding is not None:
        code = arguments(**size, padding=(padding, (0, 0)), ceil_mode=(params["ceil_mode"], False), **count)
        return LayerCode(f"nn.AvgPool2d({code})")
    extra = {"sides": (_sides(window), ALWAYS), "extra": (_extra(window), (0, 0, 0, 0))}
    code = arguments(**size, **extra, **count)
    return LayerCode(f"PaddedAvgPool2d({code})", helper="PaddedAvgPool2d")


def _sum_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("sum_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], ALWAYS), "stride": (params["stride"], ALWAYS)}
    divisor = {"divisor_override": (1, None)}
    note = "the sum: divided by 1"
    if padding is not None and not params["ceil_mode"]:
        code = arguments(**size, padding=(padding, (0, 0)), **divisor)
        return LayerCode(f"nn.AvgPool2d({code})", note=note)
    pool = f"nn.AvgPool2d({arguments(**size, **divisor)})"
    return LayerCode(f"nn.Sequential(nn.ZeroPad2d({_whole(window)}), {pool})", note=note)


def _subsampling(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = f"{inputs[0][0]}, kernel_size={params['kernel_size']}, stride={params['stride']}"
    return LayerCode(f"Subsampling({code})", with_activation(params), "Subsampling")


def _conv_transpose2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = arguments(
        inputs[0][0],
        params["out_channels"],
        kernel_size=(params["kernel_size"], ALWAYS),
        stride=(params["stride"], (1, 1)),
        padding=(params["padding"], (0, 0)),
        output_padding=(params["output_padding"], (0, 0)),
        groups=(params["groups"], 1),
        bias=(params["bias"], True),
        dilation=(params["dilation"], (1, 1)),
    )
    return LayerCode(f"nn.ConvTranspose2d({code})")


def _connection_conv2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("connection_conv2d", params, inputs[0])
    table = "[" + ", ".join(str(list(row)) for row in params["table"]) + "]"
    code = f"{inputs[0][0]}, {table}, kernel_size={params['kernel_size']}"
    if params["stride"] != (1, 1):
        code += f", stride={params['stride']}"
    if any(_sides(window)):
        code += f", sides={_sides(window)}"
    return LayerCode(
        f"ConnectionConv2d({code}{'' if params['bias'] else ', bias=False'})", helper="ConnectionConv2d"
    )


def _lp_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = arguments(
        params["norm"],
        kernel_size=(params["kernel_size"], ALWAYS),
        stride=(params["stride"], ALWAYS),
        ceil_mode=(params["ceil_mode"], False),
    )
    return LayerCode(f"LpPool2d({code})", helper="LpPool2d")


def _adaptive(kind: str) -> Writer:
    return lambda params, inputs: LayerCode(f"nn.{kind}({number(params['output_size'])})")


def _spatial_mean(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    keep = ", keepdim=True" if params["keepdim"] else ""
    return LayerCode(call=lambda module, arguments: f"{arguments[0]}.mean((2, 3){keep})")


WRITERS: dict[str, Writer] = {
    "conv2d": _conv2d,
    "conv_transpose2d": _conv_transpose2d,
    "connection_conv2d": _connection_conv2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "sum_pool2d": _sum_pool2d,
    "lp_pool2d": _lp_pool2d,
    "subsampling": _subsampling,
    "adaptive_avg_pool2d": _adaptive("AdaptiveAvgPool2d"),
    "adaptive_max_pool2d": _adaptive("AdaptiveMaxPool2d"),
    "global_avg_pool": plain("nn.AdaptiveAvgPool2d(1)"),
    "global_max_pool": plain("nn.AdaptiveMaxPool2d(1)"),
    "spatial_mean": _spatial_mean,
}
"""The writers of this module by layer type."""
