"""Rules for functions that are layers by themselves: convolution, pooling, normalisation, linear, dropout.

Each rule has the signature of the PyTorch function it reads.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnn_studio.compiler.importing.draft import Draft, Reader
from cnn_studio.compiler.importing.recording import Value, Weight


def pair(size: Any) -> tuple[int, int]:
    """Return height and width from one number or from one or two of them."""
    if isinstance(size, int):
        return size, size
    return int(size[0]), int(size[-1])


def _sides(padding: Any, span: tuple[int, int] = (1, 1)) -> tuple[int, int, int, int]:
    """Return padding as (top, bottom, left, right); ``same`` in numbers, which PyTorch has for stride 1 only."""
    if padding == "same":
        (top, left), (bottom, right) = ((n - 1) // 2 for n in span), (n // 2 for n in span)
        return top, bottom, left, right
    height, width = (0, 0) if padding == "valid" else pair(padding)
    return height, height, width, width


def conv2d(
    ctx: Reader, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    dilation: Any = 1, groups: int = 1,
) -> Draft:  # fmt: skip
    """Convolution."""
    keys = ctx.keys(weight=weight, bias=bias)
    rows, columns = (d * (k - 1) + 1 for d, k in zip(pair(dilation), weight.shape[2:], strict=True))
    return ctx.layer(
        "conv2d",
        [input],
        keys,
        out_channels=weight.shape[0],
        kernel_size=weight.shape[2:],
        stride=pair(stride),
        padding=_sides(padding, (rows, columns)),
        dilation=pair(dilation),
        groups=groups,
        bias=bias is not None,
    )


def conv_transpose2d(
    ctx: Reader, input: Any, weight: Any, bias: Any = None, stride: Any = 1, padding: Any = 0,
    output_padding: Any = 0, groups: int = 1, dilation: Any = 1,
) -> Draft:  # fmt: skip
    """Transposed convolution."""
    keys = ctx.keys(weight=weight, bias=bias)
    return ctx.layer(
        "conv_transpose2d",
        [input],
        keys,
        out_channels=weight.shape[1] * groups,
        kernel_size=weight.shape[2:],
        stride=pair(stride),
        padding=pair(padding),
        output_padding=pair(output_padding),
        dilation=pair(dilation),
        groups=groups,
        bias=bias is not None,
    )


def linear(ctx: Reader, input: Any, weight: Any, bias: Any = None) -> Draft:
    """Fully connected: of a vector, or of the last axis of a channels-last map."""
    keys = ctx.keys(weight=weight, bias=bias)
    over = {} if len(ctx.shape) == 1 else {"over": "last"}
    return ctx.layer("linear", [input], keys, out_features=weight.shape[0], bias=bias is not None, **over)


def max_pool2d(
    ctx: Reader, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
    ceil_mode: bool = False, return_indices: bool = False,
) -> Draft:  # fmt: skip
    """Max pooling."""
    if return_indices:
        ctx.refuse("gives the places of the maxima too, but a layer has one result")
    return ctx.layer(
        "max_pool2d",
        [input],
        kernel_size=pair(kernel_size),
        stride=pair(stride or kernel_size),
        padding=_sides(padding),
        dilation=pair(dilation),
        ceil_mode=ceil_mode,
    )


def avg_pool2d(
    ctx: Reader, input: Any, kernel_size: Any, stride: Any = None, padding: Any = 0, ceil_mode: bool = False,
    count_include_pad: bool = True, divisor_override: int | None = None,
) -> Draft:  # fmt: skip
    """Average pooling, or sum pooling where the divisor is 1."""
    params = {
        "kernel_size": pair(kernel_size),
        "stride": pair(stride or kernel_size),
        "padding": _sides(padding),
        "ceil_mode": ceil_mode,
    }
    if divisor_override == 1:
        return ctx.layer("sum_pool2d", [input], **params)
    if divisor_override is not None:
        ctx.refuse(f"divides by {divisor_override}; an average pool divides by the cells of its window")
    return ctx.layer("avg_pool2d", [input], **params, count_include_pad=count_include_pad)


def lp_pool2d(
    ctx: Reader, input: Any, norm_type: float, kernel_size: Any, stride: Any = None, ceil_mode: bool = False
) -> Draft:
    """Power-average pooling."""
    return ctx.layer(
        "lp_pool2d",
        [input],
        norm=norm_type,
        kernel_size=pair(kernel_size),
        stride=pair(stride or kernel_size),
        ceil_mode=ceil_mode,
    )


def adaptive_avg_pool2d(ctx: Reader, input: Any, output_size: Any) -> Draft:
    """Adaptive average pooling, global where the result is one cell."""
    if ctx.shape[1:] == (1, 1):
        return ctx.layer("global_avg_pool", [input])
    return ctx.layer("adaptive_avg_pool2d", [input], output_size=ctx.shape[1:])


def adaptive_max_pool2d(ctx: Reader, input: Any, output_size: Any, return_indices: bool = False) -> Draft:
    """Adaptive max pooling, global where the result is one cell."""
    if return_indices:
        ctx.refuse("gives the places of the maxima too, but a layer has one result")
    if ctx.shape[1:] == (1, 1):
        return ctx.layer("global_max_pool", [input])
    return ctx.layer("adaptive_max_pool2d", [input], output_size=ctx.shape[1:])


def batch_norm(
    ctx: Reader, input: Any, running_mean: Any, running_var: Any, weight: Any = None, bias: Any = None,
    training: bool = False, momentum: float | None = 0.1, eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Draft:  # fmt: skip
    """Batch norm with running statistics."""
    if training or running_mean is None or running_var is None:
        ctx.refuse(
            "normalises each batch by itself in prediction too; batch norm here keeps running statistics"
        )
    if (weight is None) != (bias is None):
        ctx.refuse("has a weight without a bias or the other way round; batch norm has both or neither")
    keys = ctx.keys(weight=weight, bias=bias, running_mean=running_mean, running_var=running_var)
    counter = keys["running_mean"].removesuffix("running_mean") + "num_batches_tracked"
    if counter in ctx.tensors:
        keys["num_batches_tracked"] = counter
    return ctx.layer(
        "batch_norm",
        [input],
        keys,
        eps=eps,
        momentum=0.1 if momentum is None else momentum,
        affine=weight is not None,
    )


def group_norm(
    ctx: Reader, input: Any, num_groups: int, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Draft:
    """Group norm."""
    keys = ctx.keys(weight=weight, bias=bias)
    return ctx.layer("group_norm", [input], keys, groups=num_groups, eps=eps, affine=weight is not None)


def instance_norm(
    ctx: Reader, input: Any, running_mean: Any = None, running_var: Any = None, weight: Any = None,
    bias: Any = None, use_input_stats: bool = True, momentum: float = 0.1, eps: float = 1e-5,
) -> Draft:  # fmt: skip
    """Instance norm without running statistics."""
    if running_mean is not None or not use_input_stats:
        ctx.refuse("keeps running statistics; instance norm here has none")
    keys = ctx.keys(weight=weight, bias=bias)
    return ctx.layer("instance_norm", [input], keys, eps=eps, affine=weight is not None)


def layer_norm(
    ctx: Reader, input: Any, normalized_shape: Any, weight: Any = None, bias: Any = None, eps: float = 1e-5
) -> Draft:
    """Layer norm over the last axis or over all; `patterns` finds the one over channels."""
    if (weight is None) != (bias is None):
        ctx.refuse("has a weight without a bias; layer norm has both or neither")
    shape = tuple(normalized_shape)
    if len(shape) == 1 and shape == ctx.shape[-1:]:
        over = "last"
    elif shape == ctx.shape:
        over = "all"
    else:
        ctx.refuse(
            f"normalises over the last {len(shape)} axes of {list(ctx.shape)}; it can be the last or all"
        )
    keys = ctx.keys(weight=weight, bias=bias)
    return ctx.layer("layer_norm", [input], keys, over=over, eps=eps, affine=weight is not None)


def local_response_norm(
    ctx: Reader, input: Any, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0
) -> Draft:
    """AlexNet's normalisation."""
    return ctx.layer("local_response_norm", [input], size=size, alpha=alpha, beta=beta, k=k)


def prelu(ctx: Reader, input: Any, weight: Any) -> Draft:
    """ReLU with a trained slope."""
    keys = ctx.keys(weight=weight)
    return ctx.layer("prelu", [input], keys, per_channel=isinstance(weight, Weight) and weight.shape != (1,))


def _drop(type_id: str) -> Callable[..., Draft]:
    """Return the rule of dropout as a function; the recorded run is one of prediction."""

    def rule(ctx: Reader, input: Any, p: float = 0.5, training: bool = True, inplace: bool = False) -> Draft:
        if training and p:
            ctx.refuse("drops values in predictions too; call it with training=self.training")
        return ctx.layer(type_id, [input], p=p) if p else ctx.source(input)

    return rule


def interpolate(
    ctx: Reader, input: Value, size: Any = None, scale_factor: Any = None, mode: str = "nearest",
    align_corners: bool | None = None, recompute_scale_factor: bool | None = None, antialias: bool = False,
) -> Draft:  # fmt: skip
    """Enlarging by a whole factor."""
    before, after = ctx.source(input).shape[1:], ctx.shape[1:]
    if antialias or any(big % small for small, big in zip(before, after, strict=True)):
        ctx.refuse(
            f"scales a map of {before[0]} × {before[1]} to {after[0]} × {after[1]}; it can be enlarged by whole factors"
        )
    scale = (after[0] // before[0], after[1] // before[1])
    if scale_factor is not None and not (recompute_scale_factor or align_corners):
        given = scale_factor if isinstance(scale_factor, tuple | list) else (scale_factor, scale_factor)
        if tuple(given) != scale:
            # PyTorch places the cells by the factor it is given, not by the sizes that come out
            ctx.refuse(
                f"scales by {' × '.join(f'{n:g}' for n in given)}; it can be enlarged by whole factors"
            )
    if mode not in {"nearest", "bilinear", "bicubic"}:
        ctx.refuse(f"interpolates in the mode {mode!r}; there are nearest, bilinear and bicubic")
    return ctx.layer("upsample", [input], scale=scale, mode=mode, align_corners=bool(align_corners))


RULES = {
    rule.__name__: rule
    for rule in (
        conv2d, conv_transpose2d, linear, max_pool2d, avg_pool2d, lp_pool2d, adaptive_avg_pool2d,
        adaptive_max_pool2d, batch_norm, group_norm, instance_norm, layer_norm, local_response_norm, prelu,
        interpolate,
    )
} | {
    "dropout": _drop("dropout"), "dropout2d": _drop("dropout2d"), "feature_dropout": _drop("dropout2d"), "max_pool2d_with_indices": max_pool2d,
    "adaptive_max_pool2d_with_indices": adaptive_max_pool2d,
}  # fmt: skip
