"""Transposed convolution: the convolution that makes maps larger."""

from __future__ import annotations

from fractions import Fraction
from math import gcd
from typing import Any

from cnn_studio.core.params import Flag, Integer, Pair
from cnn_studio.graph.layers.common import FILTERS, count_text, need_map, size_text, stride_text
from cnn_studio.graph.layers.convolution import groups_do_not_divide
from cnn_studio.graph.spec import (
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Reach,
    Shape,
    Tensor,
    failed,
    product,
)


def _output_size(params: Params, shape: Shape) -> tuple[int, int]:
    """Return O = (I − 1)·s − 2p + d(f − 1) + e + 1 per axis, e being the extra cells at the end.

    Source: V. Dumoulin and F. Visin, A guide to convolution arithmetic for deep learning (2016), section 4.
    """

    def along(axis: int) -> int:
        stride, padding = params["stride"][axis], params["padding"][axis]
        span = params["dilation"][axis] * (params["kernel_size"][axis] - 1) + 1
        return int((shape[axis + 1] - 1) * stride - 2 * padding + span + params["output_padding"][axis])

    return along(0), along(1)


def _shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("A transposed convolution", shape)
    if wrong:
        return wrong
    channels, filters, groups = shape[0], params["out_channels"], params["groups"]
    if channels % groups or filters % groups:
        return groups_do_not_divide(channels, filters, groups)
    most = _most_output_padding(params)
    if any(extra > m for extra, m in zip(params["output_padding"], most, strict=True)):
        return _too_many_extra_cells(params, most)
    height, width = _output_size(params, shape)
    if min(height, width) < 1:
        return _nothing_left(params, shape)
    return Inferred((filters, height, width))


def _most_output_padding(params: Params) -> tuple[int, int]:
    """Return PyTorch's bound: fewer extra cells than the stride or the dilation, whichever is larger."""
    rows, columns = (max(s, d) - 1 for s, d in zip(params["stride"], params["dilation"], strict=True))
    return rows, columns


def _too_many_extra_cells(params: Params, most: tuple[int, int]) -> Inferred:
    extra = params["output_padding"]
    fitting = (min(extra[0], most[0]), min(extra[1], most[1]))
    return failed(
        "output_padding_too_wide",
        f"{stride_text(extra)} extra cells at the end are too many: there must be fewer than the stride "
        f"{stride_text(params['stride'])} (or the dilation, if that is larger). Use fewer, or a larger stride.",
        lambda: (FixSpec(f"Extra cells {stride_text(fitting)}", {"output_padding": fitting}),),
        output_padding=list(extra),
        most=list(most),
    )


def _nothing_left(params: Params, shape: Shape) -> Inferred:
    changed: dict[str, Any] = {**params, "padding": (0, 0)}
    rows, columns = _output_size(changed, shape)
    return failed(
        "output_below_one",
        f"Padding {stride_text(params['padding'])} cuts the whole result off: without it there would be {rows} × {columns} "
        "cells. Use less padding or a larger filter.",
        lambda: (FixSpec(f"Padding 0 → {rows} × {columns}", {"padding": (0, 0)}),),
        unpadded=[rows, columns],
    )


def _tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    filters = params["out_channels"]
    found = {"weight": Tensor((inputs[0][0], filters // params["groups"], *params["kernel_size"]))}
    if params["bias"]:
        found["bias"] = Tensor((filters,))
    return found


def _macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per input value and weight that it meets."""
    return int(
        product(inputs[0]) * params["out_channels"] // params["groups"] * product(params["kernel_size"])
    )


def _reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    def along(axis: int) -> Reach:
        stride, dilation = params["stride"][axis], params["dilation"][axis]
        common = gcd(stride, dilation)
        # Output cell o meets the input cells i with o + p = i·s + m·d: every (s/common)-th filter cell m.
        cells = -(-params["kernel_size"][axis] * common // stride)
        return Reach((cells - 1) * (dilation // common) + 1, Fraction(1, stride))

    return along(0), along(1)


def _subtitle(params: Params) -> str:
    return f"{count_text(params['out_channels'], 'filter')} · stride {stride_text(params['stride'])}"


def _sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    rows, columns = params["kernel_size"]
    height, width = _output_size(params, inputs[0])
    return (
        f"Every cell of the {inputs[0][1]} × {inputs[0][2]} maps paints a {rows} × {columns} patch; the patches lie "
        f"{stride_text(params['stride'])} apart, overlap, add up, and make maps of {height} × {width}."
    )


CONV_TRANSPOSE2D = LayerSpec(
    id="conv_transpose2d",
    family=Family.CONVOLUTION,
    title="Transposed convolution",
    help="A convolution run backwards: every input cell paints its filter into the output, scaled by its value, and "
    "the patches add up. With stride 2 the maps become twice as large. It is trained, unlike plain upsampling.",
    infer=_shape,
    params=(
        FILTERS,
        Pair(
            "kernel_size",
            "Filter size",
            "Height × width of the patch that one cell paints; 2 × 2 at stride 2 leaves no overlap.",
            (2, 2),
            maximum=1_000,
        ),
        Pair(
            "stride",
            "Stride",
            "How far apart the patches of neighbouring cells lie: 2 doubles the size.",
            (2, 2),
            maximum=1_000,
            short=True,
        ),
        Pair(
            "padding",
            "Padding",
            "Rows and columns cut off on each side of the result (it undoes a convolution's padding).",
            (0, 0),
            minimum=0,
            maximum=1_000,
            short=True,
        ),
        Pair(
            "output_padding",
            "Extra cells",
            "Rows and columns added at the bottom and the right, to hit a wanted size.",
            (0, 0),
            minimum=0,
            maximum=999,
            short=True,
            advanced=True,
        ),
        Pair(
            "dilation",
            "Dilation",
            "Distance between the cells of a filter.",
            (1, 1),
            maximum=1_000,
            short=True,
            advanced=True,
        ),
        Integer(
            "groups",
            "Groups",
            "Splits channels and filters into groups that do not see each other.",
            1,
            maximum=65_536,
            advanced=True,
        ),
        Flag("bias", "Bias", "Adds one trainable number per filter.", True, advanced=True),
    ),
    tensors=_tensors,
    macs=_macs,
    reach_rule=_reach,
    caption=lambda params: f"Transposed {size_text(params['kernel_size'])}",
    subtitle=_subtitle,
    sentence=_sentence,
    keywords=(
        "deconvolution",
        "upconvolution",
        "convtranspose2d",
        "conv2dtranspose",
        "transposedconv2dlayer",
    ),
)

LAYERS = (CONV_TRANSPOSE2D,)
