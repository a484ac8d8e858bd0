"""How each layer type is written as PyTorch code. Pure text: nothing here imports PyTorch."""

from __future__ import annotations

from functools import reduce

from cnn_studio.compiler import source_shapes, source_windows
from cnn_studio.compiler.source_words import (
    ALWAYS,
    LayerCode,
    Quoted,
    Writer,
    arguments,
    expression,
    plain,
    with_activation,
)
from cnn_studio.graph.spec import Params, Shape


def write_layer(type_id: str, params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    """Return the code of a layer.

    Raises:
        KeyError: there is no code for this layer type.
    """
    return _WRITERS[type_id](params, inputs)


def writable(type_id: str) -> bool:
    """Return whether `write_layer` knows a layer type."""
    return type_id in _WRITERS


def _linear(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = arguments(inputs[0][-1], params["out_features"], bias=(params["bias"], True))
    return LayerCode(f"nn.Linear({code})", with_activation(params))


def _batch_norm(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    kind = "BatchNorm2d" if len(inputs[0]) == 3 else "BatchNorm1d"
    code = arguments(
        inputs[0][0],
        eps=(params["eps"], 1e-5),
        momentum=(params["momentum"], 0.1),
        affine=(params["affine"], True),
    )
    return LayerCode(f"nn.{kind}({code})")


def _lrn(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    names = ("size", "alpha", "beta", "k")
    return LayerCode(f"nn.LocalResponseNorm({arguments(**{name: (params[name], ALWAYS) for name in names})})")


def _affine(params: Params, default: bool) -> dict[str, tuple[object, object]]:
    return {"eps": (params["eps"], 1e-5), "affine": (params["affine"], default)}


def _group_norm(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    return LayerCode(f"nn.GroupNorm({arguments(params['groups'], inputs[0][0], **_affine(params, True))})")


def _instance_norm(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    return LayerCode(f"nn.InstanceNorm2d({arguments(inputs[0][0], **_affine(params, False))})")


def _layer_norm(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    shape, over = inputs[0], params["over"]
    size = {"channels": shape[0], "last": shape[-1], "all": list(shape)}[over]
    code = arguments(size, eps=(params["eps"], 1e-5), elementwise_affine=(params["affine"], True))
    kind = "ChannelLayerNorm" if over == "channels" else ""
    return LayerCode(f"{kind or 'nn.LayerNorm'}({code})", helper=kind)


def _layer_scale(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    shape, layout = inputs[0], params["layout"]
    size = {"map": (shape[0], 1, 1), "vector_map": shape[:1], "vector": shape[-1:]}[layout]
    factors = ".view(-1, 1, 1)" if layout == "vector_map" else ""
    return LayerCode(
        f"nn.Parameter(torch.full({size}, {params['init']!r}))",
        lambda module, names: f"{names[0]} * {module}{factors}",
    )


def _prelu(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    channels = inputs[0][0] if params["per_channel"] else 1
    code = arguments(num_parameters=(channels, 1), init=(params["init"], 0.25))
    return LayerCode(f"nn.PReLU({code})")


def _stochastic_depth(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    code = arguments(p=(params["p"], ALWAYS), mode=(Quoted(params["mode"]), Quoted("row")))
    return LayerCode(f"StochasticDepth({code})", helper="StochasticDepth")


def _with_argument(module: str, key: str) -> Writer:
    """Return the writer of a module with one argument that is always shown."""
    return lambda params, inputs: LayerCode(f"nn.{module}({key}={params[key]!r})")


_WRITERS: dict[str, Writer] = {
    **source_windows.WRITERS,
    **source_shapes.WRITERS,
    "identity": plain("nn.Identity()"),
    "relu": plain("nn.ReLU()"),
    "leaky_relu": _with_argument("LeakyReLU", "negative_slope"),
    "tanh": plain("nn.Tanh()"),
    "sigmoid": plain("nn.Sigmoid()"),
    "softmax": plain("nn.Softmax(dim=1)"),
    "relu6": plain("nn.ReLU6()"),
    "prelu": _prelu,
    "elu": _with_argument("ELU", "alpha"),
    "selu": plain("nn.SELU()"),
    "gelu": lambda params, inputs: LayerCode(
        "nn.GELU()" if params["approximate"] == "none" else 'nn.GELU(approximate="tanh")'
    ),
    "silu": plain("nn.SiLU()"),
    "mish": plain("nn.Mish()"),
    "softplus": _with_argument("Softplus", "beta"),
    "hardswish": plain("nn.Hardswish()"),
    "hardsigmoid": plain("nn.Hardsigmoid()"),
    "hardtanh": lambda params, inputs: LayerCode(
        f"nn.Hardtanh({params['min_val']!r}, {params['max_val']!r})"
    ),
    "scaled_tanh": expression(
        lambda params, names: f"{params['amplitude']!r} * torch.tanh({params['slope']!r} * {names[0]})"
    ),
    "batch_norm": _batch_norm,
    "local_response_norm": _lrn,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "layer_norm": _layer_norm,
    "layer_scale": _layer_scale,
    "flatten": plain("nn.Flatten()"),
    "linear": _linear,
    "add": expression(lambda params, names: " + ".join(names)),
    "multiply": expression(lambda params, names: " * ".join(names)),
    "subtract": expression(lambda params, names: " - ".join(names)),
    "maximum": expression(
        lambda params, names: reduce(lambda first, other: f"torch.maximum({first}, {other})", names)
    ),
    "concat": expression(lambda params, names: f"torch.cat([{', '.join(names)}], dim=1)"),
    "dropout": _with_argument("Dropout", "p"),
    "dropout2d": _with_argument("Dropout2d", "p"),
    "stochastic_depth": _stochastic_depth,
}
