"""How each layer type is written as PyTorch code. Pure text: nothing here imports PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import Params, Shape
from cnn_studio.graph.window import Axis, Window


def _call(module: str, arguments: Sequence[str]) -> str:
    return f"{module}({', '.join(arguments)})"


@dataclass(frozen=True, slots=True)
class LayerCode:
    """The code of one layer.

    Attributes:
        module: expression that makes its module, or nothing where the layer is an expression alone.
        call: the expression of its result, from the module's name and the names of its inputs.
        helper: name of the class in `HELPERS` that `module` uses, or nothing.
        note: a few words about what cannot be seen in the code.
    """

    module: str = ""
    call: Callable[[str, Sequence[str]], str] = _call
    helper: str = ""
    note: str = ""


HELPERS = {
    "Block": '''class Block(nn.Module):
    """A named group of layers; block[0] is the layer that the state dict calls block.0."""

    def __getitem__(self, name):
        return self.get_submodule(str(name))

    def __setitem__(self, name, layer):
        self.add_module(str(name), layer)
''',
    "PaddedConv2d": '''class PaddedConv2d(nn.Conv2d):
    """A convolution with its own padding on each side: (left, right, top, bottom)."""

    def __init__(self, *args, sides, fill="constant", **kwargs):
        super().__init__(*args, **kwargs)
        self.sides = sides
        self.fill = fill

    def forward(self, x):
        return super().forward(functional.pad(x, self.sides, self.fill))
''',
    "PaddedAvgPool2d": '''class PaddedAvgPool2d(nn.Module):
    """The mean of each window, divided by the cells that count.

    sides is the padding (left, right, top, bottom); extra is what the last windows need beyond it.
    """

    def __init__(self, kernel_size, stride, sides, extra=(0, 0, 0, 0), count_include_pad=True):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        self.sides = sides
        self.extra = extra
        self.count_include_pad = count_include_pad

    def forward(self, x):
        ones = torch.ones_like(x[:1, :1])
        counts = functional.pad(ones, self.sides, value=1.0 if self.count_include_pad else 0.0)
        return self.sums(functional.pad(x, self.sides)) / self.sums(counts)

    def sums(self, x):
        x = functional.pad(x, self.extra)
        return functional.avg_pool2d(x, self.kernel_size, self.stride, divisor_override=1)
''',
    "Subsampling": '''class Subsampling(nn.Module):
    """LeNet's pooling: the sum of each window times a coefficient per map, plus a bias per map."""

    def __init__(self, channels, kernel_size, stride):
        super().__init__()
        self.kernel_size = kernel_size
        self.stride = stride
        height, width = kernel_size
        self.weight = nn.Parameter(torch.full((channels,), (height * width) ** -0.5))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x):
        sums = functional.avg_pool2d(x, self.kernel_size, self.stride, divisor_override=1)
        return torch.addcmul(self.bias.view(-1, 1, 1), sums, self.weight.view(-1, 1, 1))
''',
}
"""Classes that PyTorch does not have, by name, in the order in which a file holds them."""


def write_layer(type_id: str, params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    """Return the code of a layer.

    Raises:
        KeyError: there is no code for this layer type.
    """
    return _WRITERS[type_id](params, inputs)


def writable(type_id: str) -> bool:
    """Return whether `write_layer` knows a layer type."""
    return type_id in _WRITERS


def _number(value: object) -> str:
    """Return a number, or a pair as one number where both are equal."""
    if isinstance(value, tuple) and len(set(value)) == 1:
        return repr(value[0])
    return repr(value)


def _arguments(*plain: object, **named: tuple[object, object]) -> str:
    """Return an argument list: `plain` as they are, `named` as (value, default) where they differ."""
    shown = [_number(value) for value in plain]
    shown += [f"{key}={_number(value)}" for key, (value, default) in named.items() if value != default]
    return ", ".join(shown)


_ALWAYS = object()
"""A default that nothing equals."""


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


def _with_activation(params: Params) -> Callable[[str, Sequence[str]], str]:
    activation = params["activation"]
    if activation == "none":
        return _call
    return lambda module, arguments: f"torch.{activation}({_call(module, arguments)})"


def _conv2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("conv2d", params, inputs[0])
    padding, mode = _padding(window), params["padding_mode"]
    plain = (inputs[0][0], params["out_channels"])
    size = {"kernel_size": (params["kernel_size"], _ALWAYS), "stride": (params["stride"], (1, 1))}
    rest = {
        "dilation": (params["dilation"], (1, 1)),
        "groups": (params["groups"], 1),
        "bias": (params["bias"], True),
    }
    if padding is not None:
        pads = {"padding": (padding, (0, 0))}
        code = _arguments(*plain, **size, **pads, **rest, padding_mode=(_Quoted(mode), _Quoted("zeros")))
        return LayerCode(f"nn.Conv2d({code})")
    fill = _Quoted("constant" if mode == "zeros" else mode)
    code = _arguments(
        *plain, **size, sides=(_sides(window), _ALWAYS), fill=(fill, _Quoted("constant")), **rest
    )
    return LayerCode(f"PaddedConv2d({code})", helper="PaddedConv2d")


class _Quoted(str):
    """A word that is written in double quotes."""

    def __repr__(self) -> str:
        return f'"{self}"'


def _max_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("max_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], _ALWAYS), "stride": (params["stride"], _ALWAYS)}
    dilation = (params["dilation"], (1, 1))
    if padding is not None:
        code = _arguments(
            **size, padding=(padding, (0, 0)), dilation=dilation, ceil_mode=(params["ceil_mode"], False)
        )
        return LayerCode(f"nn.MaxPool2d({code})")
    pool = f"nn.MaxPool2d({_arguments(**size, dilation=dilation)})"
    return LayerCode(f'nn.Sequential(nn.ConstantPad2d({_whole(window)}, float("-inf")), {pool})')


def _whole(window: Window) -> tuple[int, ...]:
    """Return the padding that brings four-sided padding and either rounding to plain pooling."""
    return tuple(side + more for side, more in zip(_sides(window), _extra(window), strict=True))


def _avg_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("avg_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], _ALWAYS), "stride": (params["stride"], _ALWAYS)}
    count = {"count_include_pad": (params["count_include_pad"], True)}
    if padding is not None:
        code = _arguments(**size, padding=(padding, (0, 0)), ceil_mode=(params["ceil_mode"], False), **count)
        return LayerCode(f"nn.AvgPool2d({code})")
    extra = {"sides": (_sides(window), _ALWAYS), "extra": (_extra(window), (0, 0, 0, 0))}
    code = _arguments(**size, **extra, **count)
    return LayerCode(f"PaddedAvgPool2d({code})", helper="PaddedAvgPool2d")


def _sum_pool2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    window = _window("sum_pool2d", params, inputs[0])
    padding = _padding(window)
    size = {"kernel_size": (params["kernel_size"], _ALWAYS), "stride": (params["stride"], _ALWAYS)}
    divisor = {"divisor_override": (1, None)}
    note = "the sum: divided by 1"
    if padding is not None and not params["ceil_mode"]:
        code = _arguments(**size, padding=(padding, (0, 0)), **divisor)
        return LayerCode(f"nn.AvgPool2d({code})", note=note)
    pool = f"nn.AvgPool2d({_arguments(**size, **divisor)})"
    return LayerCode(f"nn.Sequential(nn.ZeroPad2d({_whole(window)}), {pool})", note=note)


def _subsampling(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = f"{inputs[0][0]}, kernel_size={params['kernel_size']}, stride={params['stride']}"
    return LayerCode(f"Subsampling({code})", _with_activation(params), "Subsampling")


def _linear(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = _arguments(inputs[0][0], params["out_features"], bias=(params["bias"], True))
    return LayerCode(f"nn.Linear({code})", _with_activation(params))


def _batch_norm(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    kind = "BatchNorm2d" if len(inputs[0]) == 3 else "BatchNorm1d"
    code = _arguments(
        inputs[0][0],
        eps=(params["eps"], 1e-5),
        momentum=(params["momentum"], 0.1),
        affine=(params["affine"], True),
    )
    return LayerCode(f"nn.{kind}({code})")


def _lrn(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    names = ("size", "alpha", "beta", "k")
    return LayerCode(
        f"nn.LocalResponseNorm({_arguments(**{name: (params[name], _ALWAYS) for name in names})})"
    )


def _plain(code: str) -> Callable[[Params, tuple[Shape, ...]], LayerCode]:
    return lambda params, inputs: LayerCode(code)


_WRITERS: dict[str, Callable[[Params, tuple[Shape, ...]], LayerCode]] = {
    "identity": _plain("nn.Identity()"),
    "conv2d": _conv2d,
    "max_pool2d": _max_pool2d,
    "avg_pool2d": _avg_pool2d,
    "sum_pool2d": _sum_pool2d,
    "subsampling": _subsampling,
    "adaptive_avg_pool2d": lambda params, inputs: LayerCode(
        f"nn.AdaptiveAvgPool2d({_number(params['output_size'])})"
    ),
    "global_avg_pool": _plain("nn.AdaptiveAvgPool2d(1)"),
    "relu": _plain("nn.ReLU()"),
    "leaky_relu": lambda params, inputs: LayerCode(
        f"nn.LeakyReLU(negative_slope={params['negative_slope']!r})"
    ),
    "tanh": _plain("nn.Tanh()"),
    "sigmoid": _plain("nn.Sigmoid()"),
    "softmax": _plain("nn.Softmax(dim=1)"),
    "batch_norm": _batch_norm,
    "local_response_norm": _lrn,
    "flatten": _plain("nn.Flatten()"),
    "linear": _linear,
    "add": lambda params, inputs: LayerCode(call=lambda module, arguments: " + ".join(arguments)),
    "concat": lambda params, inputs: LayerCode(
        call=lambda module, arguments: f"torch.cat([{', '.join(arguments)}], dim=1)"
    ),
    "dropout": lambda params, inputs: LayerCode(f"nn.Dropout(p={params['p']!r})"),
}
