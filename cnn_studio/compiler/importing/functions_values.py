"""Rules for functions of values: activations, arithmetic of one or two tensors, joins.

Each rule has the signature of the PyTorch function it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real
from typing import Any

from cnn_studio.compiler.importing.draft import Draft, Reader
from cnn_studio.compiler.importing.recording import Constant, Value, Weight


def _plain(type_id: str) -> Callable[..., Draft]:
    """Return the rule of an activation without parameters."""

    def rule(ctx: Reader, input: Any, inplace: bool = False) -> Draft:
        return ctx.layer(type_id, [input])

    return rule


def relu(ctx: Reader, input: Any, inplace: bool = False) -> Draft:
    """ReLU."""
    return ctx.layer("relu", [input])


def leaky_relu(ctx: Reader, input: Any, negative_slope: float = 0.01, inplace: bool = False) -> Draft:
    """Leaky ReLU."""
    return ctx.layer("leaky_relu", [input], negative_slope=negative_slope)


def elu(ctx: Reader, input: Any, alpha: float = 1.0, inplace: bool = False) -> Draft:
    """ELU."""
    return ctx.layer("elu", [input], alpha=alpha)


def gelu(ctx: Reader, input: Any, approximate: str = "none") -> Draft:
    """GELU."""
    return ctx.layer("gelu", [input], approximate=approximate)


def softplus(ctx: Reader, input: Any, beta: float = 1.0, threshold: float = 20.0) -> Draft:
    """Softplus; beyond the threshold both forms agree to the last digits."""
    if threshold != 20:
        ctx.refuse(f"has the threshold {threshold:g}; softplus here has PyTorch's, 20")
    return ctx.layer("softplus", [input], beta=beta)


def hardtanh(
    ctx: Reader, input: Any, min_val: float = -1.0, max_val: float = 1.0, inplace: bool = False
) -> Draft:
    """Hardtanh; from 0 to 6 it is ReLU6."""
    if (min_val, max_val) == (0, 6):
        return ctx.layer("relu6", [input])
    return ctx.layer("hardtanh", [input], min_val=min_val, max_val=max_val)


def clamp(ctx: Reader, input: Any, min: Any = None, max: Any = None) -> Draft:
    """Limits on both sides, or ReLU."""
    if min == 0 and max is None:
        return ctx.layer("relu", [input])
    if not (_is_number(min) and _is_number(max)):
        ctx.refuse("has one limit or limits that are tensors; it needs two numbers")
    return hardtanh(ctx, input, min, max)


def softmax(ctx: Reader, input: Any, dim: Any = None, _stacklevel: int = 3, dtype: Any = None) -> Draft:
    """Softmax over the channels."""
    if dim is None or dim % (len(ctx.shape) + 1) != 1:
        ctx.refuse("does not act over the channels")
    return ctx.layer("softmax", [input])


def _is_number(item: object) -> bool:
    return isinstance(item, Real) and not isinstance(item, bool)  # NumPy's numbers too


def _scaled(ctx: Reader, value: Any, scale: float, shift: float) -> Draft:
    """Return y = scale · x + shift, or x itself where that changes nothing."""
    if (scale, shift) == (1, 0):
        return ctx.source(value)
    return ctx.layer("scale_shift", [value], scale=float(scale), shift=float(shift))


def add(ctx: Reader, input: Any, other: Any, alpha: float = 1) -> Draft:
    """The sum of two tensors, or a number added."""
    if isinstance(input, Value) and isinstance(other, Value):
        if alpha != 1:
            ctx.refuse(f"scales what it adds by {alpha:g}; multiply first, then add")
        return ctx.layer("add", [input, other])
    if _is_number(input):
        return _scaled(ctx, other, alpha, input)
    number, value = (input, other) if isinstance(other, Value) else (other, input)
    if not _is_number(number):
        ctx.refuse(f"adds {_named(number)}; layers add what other layers give, or a number")
    return _scaled(ctx, value, 1.0, number * alpha)


def sub(ctx: Reader, input: Any, other: Any, alpha: float = 1) -> Draft:
    """The difference of two tensors, or a number subtracted."""
    if isinstance(input, Value) and isinstance(other, Value):
        if alpha != 1:
            ctx.refuse(f"scales what it subtracts by {alpha:g}; multiply first, then subtract")
        return ctx.layer("subtract", [input, other])
    if _is_number(input):
        return _scaled(ctx, other, -alpha, input)
    if not isinstance(input, Value):
        ctx.refuse(
            f"subtracts from {_named(input)}; layers subtract from what other layers give, or from a number"
        )
    if not _is_number(other):
        ctx.refuse(f"subtracts {_named(other)}; layers subtract what other layers give, or a number")
    return _scaled(ctx, input, 1.0, -other * alpha)


def rsub(ctx: Reader, input: Any, other: Any, alpha: float = 1) -> Draft:
    """A tensor subtracted from a number."""
    return sub(ctx, other, input, alpha)


def mul(ctx: Reader, input: Any, other: Any) -> Draft:
    """The product of two tensors, or with a number or with one trained factor per channel."""
    if isinstance(input, Value) and isinstance(other, Value):
        return ctx.layer("multiply", [input, other])
    factor, value = (input, other) if isinstance(other, Value) else (other, input)
    if isinstance(factor, Weight):
        return _layer_scale(ctx, value, factor)
    if not _is_number(factor):
        ctx.refuse(
            f"multiplies by {_named(factor)}; layers multiply by what other layers give, or by a number"
        )
    return _scaled(ctx, value, factor, 0.0)


def _layer_scale(ctx: Reader, value: Any, factor: Weight) -> Draft:
    """Return the layer of a parameter that multiplies: one trained factor per channel."""
    shape = ctx.source(value).shape
    used = tuple(factor.shape)
    while used and used[0] == 1 and len(used) > len(shape):
        used = used[1:]
    per_map = len(shape) == 3 and used == (shape[0], 1, 1)
    if per_map and factor.stored == used:
        layout = "map"
    elif per_map and factor.stored == (shape[0],):
        layout = "vector_map"
    elif used == shape[-1:] and factor.stored == used:
        layout = "vector"
    else:
        ctx.refuse(
            f"multiplies {list(shape)} by the parameter {factor.key} of shape {list(factor.stored)}; trained factors "
            "are one per channel"
        )
    return ctx.layer("layer_scale", [value], {"": factor.key}, layout=layout)


def neg(ctx: Reader, input: Any) -> Draft:
    """A tensor with the other sign."""
    return _scaled(ctx, input, -1.0, 0.0)


def div(ctx: Reader, input: Any, other: Any, rounding_mode: str | None = None) -> Draft:
    """A tensor divided by a number."""
    if rounding_mode is not None or not _is_number(other) or other == 0:
        ctx.refuse(f"divides by {_named(other)}; layers divide by fixed numbers only")
    return _scaled(ctx, input, 1.0 / other, 0.0)


def _named(item: object) -> str:
    if isinstance(item, Weight):
        return f"the parameter {item.key}"
    if isinstance(item, Value):
        return "what a layer gives"
    return item.origin if isinstance(item, Constant) else str(item)


def maximum(ctx: Reader, input: Any, other: Any) -> Draft:
    """The larger of two tensors, value by value."""
    return ctx.layer("maximum", [input, other])


def max_(ctx: Reader, input: Any, other: Any = None, dim: Any = None, keepdim: bool = False) -> Draft:
    """``torch.max`` of two tensors."""
    if not isinstance(other, Value):
        ctx.refuse("takes the largest value along an axis; pooling does so over a map")
    return maximum(ctx, input, other)


def amax(ctx: Reader, input: Any, dim: Any = (), keepdim: bool = False) -> Draft:
    """The maximum of each map."""
    if not _over_maps(ctx, input, dim) or not keepdim:
        ctx.refuse("takes maxima over other axes than height and width, or drops those axes")
    return ctx.layer("global_max_pool", [input])


def mean(ctx: Reader, input: Any, dim: Any = None, keepdim: bool = False, dtype: Any = None) -> Draft:
    """The mean of each map."""
    if not _over_maps(ctx, input, dim):
        ctx.refuse("takes means over other axes than height and width of a map")
    return ctx.layer("spatial_mean", [input], keepdim=keepdim)


def _over_maps(ctx: Reader, input: Any, dim: Any) -> bool:
    rank = len(ctx.source(input).shape) + 1
    dims = {dim} if isinstance(dim, int) else set(dim or ())
    return rank == 4 and {d % rank for d in dims} == {2, 3}


def cat(ctx: Reader, tensors: Any, dim: int = 0, axis: int | None = None) -> Draft:
    """Channels joined."""
    along = (dim if axis is None else axis) % (len(ctx.shape) + 1)
    if along != 1:
        ctx.refuse(f"joins along axis {along}; layers join channels, axis 1")
    return ctx.layer("concat", list(tensors)) if len(tensors) > 1 else ctx.source(tensors[0])


def same_value(ctx: Reader, input: Any, *args: Any, **kwargs: Any) -> Draft:
    """Copies and casts that change no value."""
    output = ctx.call.outputs[0]
    if output.dtype != input.dtype:
        ctx.refuse(
            f"changes the numbers to {str(output.dtype).removeprefix('torch.')}; layers work in float32"
        )
    return ctx.source(input)


def expand(ctx: Reader, input: Any, *args: Any, **kwargs: Any) -> Draft:
    """A small tensor repeated over a map: multiplying and adding do that by themselves."""
    return ctx.source(input)


RULES: dict[str, Callable[..., Draft]] = {
    name: _plain(name)
    for name in (
        "relu6", "tanh", "sigmoid", "selu", "silu", "mish", "hardswish", "hardsigmoid",
    )
} | {
    rule.__name__: rule
    for rule in (
        relu, leaky_relu, elu, gelu, softplus, hardtanh, clamp, softmax, add, sub, rsub, mul, neg, div, maximum, amax,
        mean, cat, expand,
    )
} | {
    "max": max_, "clamp_min": clamp, "negative": neg, "expand_as": expand, "contiguous": same_value, "clone": same_value,
    "to": same_value, "type": same_value, "type_as": same_value, "float": same_value, "half": same_value, "double": same_value, "bfloat16": same_value,
}  # fmt: skip
