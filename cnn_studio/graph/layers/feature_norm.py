"""Normalisation of one image by itself: group, instance and layer norm, and the trained scale of ConvNeXt."""

from __future__ import annotations

from fractions import Fraction

from cnn_studio.core.params import Choice, Flag, Integer, Real
from cnn_studio.graph.layers.common import count_text, divisor_fixes, need_map
from cnn_studio.graph.spec import (
    ONE_CELL,
    Family,
    Finding,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Reach,
    Shape,
    Tensor,
    failed,
    product,
    shape_text,
)


def _eps(default: float) -> Real:
    return Real(
        "eps",
        "Epsilon",
        "Added to the variance so that nothing is divided by zero.",
        default,
        minimum=1e-12,
        maximum=1.0,
        advanced=True,
    )


def _affine(each: str) -> Flag:
    return Flag(
        "affine", "Scale and shift", f"Trains a factor and an offset per {each}.", True, advanced=True
    )


def _scale_and_shift(size: Shape, params: Params) -> dict[str, Tensor]:
    return {"weight": Tensor(size), "bias": Tensor(size)} if params["affine"] else {}


def _one_product_each(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per value, as for batch norm: mean and variance are sums."""
    return product(output)


def _whole_map(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    """Mean and variance come from the whole map, but every place keeps its own value."""
    shape = inputs[0]
    if len(shape) != 3:
        return ONE_CELL, ONE_CELL
    return Reach(shape[1], Fraction(1)), Reach(shape[2], Fraction(1))


def _single_value(noun: str, shape: Shape) -> str:
    return (
        f"{noun} of {shape_text(shape)} would normalise single values by themselves: every result would be the "
        "trained offset, whatever the image."
    )


# ---------------------------------------------------------------------------------------------------- group norm


def _group_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, groups = inputs[0], params["groups"]
    if shape[0] % groups:
        return failed(
            "groups_do_not_divide",
            f"{groups} groups must divide the {shape[0]} channels, because every group takes an equal share of them.",
            lambda: divisor_fixes(shape[0], groups, "groups", "Groups", allowed=lambda n: n < product(shape)),
            groups=groups,
            in_channels=shape[0],
        )
    if product(shape) == groups:
        return failed(
            "single_value",
            f"{_single_value('Group norm', shape)} Use fewer groups, or move it to where the maps are larger.",
            lambda: (
                (FixSpec("Groups 1", {"groups": 1}),) if groups > 1 else (FixSpec("Remove it", remove=True),)
            ),
            input=list(shape),
        )
    return Inferred(shape)


GROUP_NORM = LayerSpec(
    id="group_norm",
    family=Family.NORMALISATION,
    title="Group norm",
    help="Brings each group of channels of one image to mean 0 and variance 1, then scales and shifts every channel. "
    "It looks at no other image, so it works with small batches, where batch norm does not.",
    infer=_group_shape,
    params=(
        Integer(
            "groups",
            "Groups",
            "Into how many equal groups the channels are divided. 1 is one group of all.",
            4,
            maximum=65_536,
        ),
        _eps(1e-5),
        _affine("channel"),
    ),
    tensors=lambda params, inputs: _scale_and_shift((inputs[0][0],), params),
    macs=_one_product_each,
    reach_rule=_whole_map,
    subtitle=lambda params: count_text(params["groups"], "group"),
    keywords=("gn", "groupnorm", "normalization", "groupnormalizationlayer"),
)


# ------------------------------------------------------------------------------------------------- instance norm


def _instance_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("Instance norm", shape)
    if wrong:
        return wrong
    if product(shape[1:]) > 1:
        return Inferred(shape)
    return failed(
        "single_value",
        f"{_single_value('Instance norm', shape)} Move it to where the maps are larger, or remove it.",
        lambda: (FixSpec("Remove this layer", remove=True),),
        input=list(shape),
    )


INSTANCE_NORM = LayerSpec(
    id="instance_norm",
    family=Family.NORMALISATION,
    title="Instance norm",
    help="Brings each map of each image to mean 0 and variance 1: brightness and contrast of the picture no longer "
    "matter. Style transfer uses it.",
    infer=_instance_shape,
    params=(
        _eps(1e-5),
        Flag("affine", "Scale and shift", "Trains a factor and an offset per channel.", False, advanced=True),
    ),
    tensors=lambda params, inputs: _scale_and_shift((inputs[0][0],), params),
    macs=_one_product_each,
    reach_rule=_whole_map,
    subtitle=lambda params: "each map by itself",
    keywords=("in", "instancenorm", "contrast", "style", "normalization", "instancenormalizationlayer"),
)


# ---------------------------------------------------------------------------------------------------- layer norm


def _layer_norm_size(params: Params, shape: Shape) -> Shape:
    """Return the shape over which mean and variance are taken, which is that of the weights."""
    if params["over"] == "all":
        return shape
    return shape[:1] if params["over"] == "channels" else shape[-1:]


def _layer_norm_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    if product(_layer_norm_size(params, shape)) > 1:
        return Inferred(shape)
    message = f"{_single_value('Layer norm', shape)} Normalise over the whole map, or give the layer before more filters."
    can_widen = product(shape) > 1 and params["over"] != "all"
    fixes = (FixSpec("Over the whole map", {"over": "all"}),) if can_widen else ()
    return Inferred(
        shape, (Finding("single_value", "warning", message, lambda: fixes, {"input": list(shape)}),)
    )


def _layer_norm_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    return _whole_map(params, inputs) if params["over"] == "all" else (ONE_CELL, ONE_CELL)


_OVER = {"channels": "channels at each place", "last": "last axis", "all": "whole map"}

LAYER_NORM = LayerSpec(
    id="layer_norm",
    family=Family.NORMALISATION,
    title="Layer norm",
    help="Brings the channels at each place of one image to mean 0 and variance 1, then scales and shifts them. "
    "ConvNeXt uses it in place of batch norm; it acts alike in training and prediction.",
    infer=_layer_norm_shape,
    params=(
        Choice(
            "over",
            "Over",
            "The values that share a mean: the channels at each place of C × H × W maps, the last axis (for maps of "
            "H × W × C and for vectors), or the whole map.",
            "channels",
            options=(
                ("channels", "Channels at each place"),
                ("last", "Last axis"),
                ("all", "Whole map"),
            ),
        ),
        _eps(1e-6),
        _affine("value that shares the mean"),
    ),
    tensors=lambda params, inputs: _scale_and_shift(_layer_norm_size(params, inputs[0]), params),
    macs=_one_product_each,
    reach_rule=_layer_norm_reach,
    subtitle=lambda params: f"over the {_OVER[params['over']]}",
    keywords=("ln", "layernorm", "convnext", "normalization", "layernormalizationlayer"),
)


# --------------------------------------------------------------------------------------------------- layer scale


def _scale_size(params: Params, shape: Shape) -> Shape:
    if params["layout"] == "vector":
        return shape[-1:]
    return (shape[0], 1, 1) if params["layout"] == "map" else shape[:1]


def _layer_scale_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    if params["layout"] == "vector" or len(inputs[0]) == 3:
        return Inferred(inputs[0])
    return failed(
        "needs_map",
        f"Layer scale is set to maps of channels × height × width, but gets a vector of {shape_text(inputs[0])} numbers. "
        "Set its layout to the last axis.",
        lambda: (FixSpec("Along the last axis", {"layout": "vector"}),),
        input=list(inputs[0]),
    )


LAYER_SCALE = LayerSpec(
    id="layer_scale",
    family=Family.NORMALISATION,
    title="Layer scale",
    help="Multiplies each channel by one trained factor. Starting near zero at the end of a residual branch, it lets a "
    "deep network begin as nearly the identity, as in ConvNeXt.",
    infer=_layer_scale_shape,
    params=(
        Real("init", "First factor", "Every factor before training.", 1e-6, minimum=-1e3, maximum=1e3),
        Choice(
            "layout",
            "Channels are",
            "Where the channels stand: first, as in C × H × W maps, or last, as in H × W × C maps and vectors.",
            "map",
            advanced=True,
            options=(
                ("map", "First, stored as C × 1 × 1"),
                ("vector_map", "First, stored as C numbers"),
                ("vector", "Last"),
            ),
        ),
    ),
    # the tensor has no name of its own: it is a parameter of its block, and its key is the layer's path
    tensors=lambda params, inputs: {"": Tensor(_scale_size(params, inputs[0]))},
    macs=_one_product_each,
    subtitle=lambda params: f"starts at {params['init']:g}",
    keywords=("layerscale", "gamma", "convnext", "factor", "residual"),
)

LAYERS = (GROUP_NORM, INSTANCE_NORM, LAYER_NORM, LAYER_SCALE)
