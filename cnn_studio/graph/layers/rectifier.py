"""Activations after ReLU: its bounded, leaky, trained and smooth relatives, and LeNet's scaled tanh."""

from __future__ import annotations

from cnn_studio.core.params import Choice, Flag, Real
from cnn_studio.graph.layers.common import one_product_each, same_shape
from cnn_studio.graph.spec import (
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Shape,
    Tensor,
    failed,
)

RELU6 = LayerSpec(
    id="relu6",
    family=Family.ACTIVATION,
    title="ReLU6",
    help="ReLU that stops at 6: min(max(0, x), 6). MobileNet uses it, because values of a known range survive being "
    "stored with few bits.",
    infer=same_shape,
    subtitle=lambda params: "0 to 6",
    keywords=("rectified", "clipped", "mobilenet", "clippedrelulayer"),
)


def _prelu_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    return {"weight": Tensor((inputs[0][0] if params["per_channel"] else 1,))}


PRELU = LayerSpec(
    id="prelu",
    family=Family.ACTIVATION,
    title="PReLU",
    help="Leaky ReLU whose slope below zero is trained: one slope per channel, or one for all. The network decides "
    "how much of the negative values it keeps.",
    infer=same_shape,
    params=(
        Flag("per_channel", "One slope per channel", "Off trains one slope for the whole layer.", True),
        Real("init", "First slope", "Slope below zero before training.", 0.25, minimum=-10.0, maximum=10.0),
    ),
    tensors=_prelu_tensors,
    macs=one_product_each,
    subtitle=lambda params: "slope per channel" if params["per_channel"] else "one slope",
    keywords=("parametric", "rectified", "leaky", "prelulayer"),
)

ELU = LayerSpec(
    id="elu",
    family=Family.ACTIVATION,
    title="ELU",
    help="Like ReLU above zero; below it bends smoothly towards −α. Negative results pull the mean of the layer "
    "towards zero, which helps the next layer to learn.",
    infer=same_shape,
    params=(Real("alpha", "Alpha", "The value is never below −alpha.", 1.0, maximum=100.0),),
    subtitle=lambda params: f"α = {params['alpha']:g}",
    keywords=("exponential", "linear unit", "elulayer"),
)

SELU = LayerSpec(
    id="selu",
    family=Family.ACTIVATION,
    title="SELU",
    help="An ELU with two fixed numbers chosen so that mean 0 and variance 1 go through fully connected layers "
    "unchanged: it normalises without a normalisation layer.",
    infer=same_shape,
    subtitle=lambda params: "self-normalising",
    keywords=("scaled", "exponential", "self-normalizing"),
)

GELU = LayerSpec(
    id="gelu",
    family=Family.ACTIVATION,
    title="GELU",
    help="x times the probability that a normal random number is below x: a smooth ReLU. ConvNeXt and transformers "
    "use it.",
    infer=same_shape,
    params=(
        Choice(
            "approximate",
            "Computed",
            "Exactly, or with a tanh that is close to it and was faster on old hardware.",
            "none",
            advanced=True,
            options=(("none", "Exactly"), ("tanh", "Approximately, by tanh")),
        ),
    ),
    subtitle=lambda params: "x · Φ(x)",
    keywords=("gaussian", "error", "convnext", "smooth", "gelulayer"),
)

SILU = LayerSpec(
    id="silu",
    family=Family.ACTIVATION,
    title="SiLU",
    help="x · sigmoid(x), also called swish: a smooth ReLU that dips a little below zero. EfficientNet uses it.",
    infer=same_shape,
    subtitle=lambda params: "x · σ(x)",
    keywords=("swish", "efficientnet", "smooth", "swishlayer"),
)

MISH = LayerSpec(
    id="mish",
    family=Family.ACTIVATION,
    title="Mish",
    help="x · tanh(softplus(x)): much like SiLU, smooth everywhere and a little below zero on the left.",
    infer=same_shape,
    subtitle=lambda params: "x · tanh(ln(1 + eˣ))",
    keywords=("smooth", "softplus"),
)

SOFTPLUS = LayerSpec(
    id="softplus",
    family=Family.ACTIVATION,
    title="Softplus",
    help="ln(1 + exp(βx))/β: ReLU with its corner rounded off. All results are above zero, and so is every gradient.",
    infer=same_shape,
    params=(Real("beta", "Beta", "The larger, the sharper the corner.", 1.0, minimum=0.01, maximum=100.0),),
    subtitle=lambda params: f"β = {params['beta']:g}",
    keywords=("smooth", "rectified"),
)

HARDSWISH = LayerSpec(
    id="hardswish",
    family=Family.ACTIVATION,
    title="Hardswish",
    help="SiLU made of straight lines and one parabola: x · min(max(0, x + 3), 6)/6. Nearly the same curve, much "
    "cheaper on phones; MobileNetV3 uses it.",
    infer=same_shape,
    macs=one_product_each,
    subtitle=lambda params: "x · hardsigmoid(x)",
    keywords=("swish", "mobilenet", "hard"),
)

HARDSIGMOID = LayerSpec(
    id="hardsigmoid",
    family=Family.ACTIVATION,
    title="Hardsigmoid",
    help="The sigmoid made of three straight lines: min(max(0, x + 3), 6)/6. MobileNetV3 uses it in its "
    "squeeze-excitation gates.",
    infer=same_shape,
    macs=one_product_each,
    subtitle=lambda params: "0 to 1",
    keywords=("gate", "mobilenet", "hard"),
)


def _hardtanh_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    low, high = params["min_val"], params["max_val"]
    if low < high:
        return Inferred(inputs[0])
    fixes = [FixSpec("From −1 to 1", {"min_val": -1.0, "max_val": 1.0})]
    if high < low:
        fixes.insert(0, FixSpec("Swap them", {"min_val": high, "max_val": low}))
    return failed(
        "empty_range",
        f"The largest value, {high:g}, is not above the smallest, {low:g}, so every result would be the same. Give a "
        "larger one.",
        lambda: tuple(fixes),
        min_val=low,
        max_val=high,
    )


HARDTANH = LayerSpec(
    id="hardtanh",
    family=Family.ACTIVATION,
    title="Hardtanh",
    help="Passes values between two bounds unchanged and cuts off the rest: tanh made of three straight lines. Beyond "
    "the bounds no gradient comes back.",
    infer=_hardtanh_shape,
    params=(
        Real("min_val", "Smallest", "Values below become this one.", -1.0, minimum=-1e6, maximum=1e6),
        Real("max_val", "Largest", "Values above become this one.", 1.0, minimum=-1e6, maximum=1e6),
    ),
    subtitle=lambda params: f"{params['min_val']:g} to {params['max_val']:g}",
    keywords=("clip", "clamp", "relun", "hard"),
)

SCALED_TANH = LayerSpec(
    id="scaled_tanh",
    family=Family.ACTIVATION,
    title="Scaled tanh",
    help="A · tanh(S · x) with A = 1.7159 and S = 2/3, LeNet-5's squashing function: f(1) = 1 and f(−1) = −1, so that "
    "targets of ±1 lie where the curve still bends.",
    infer=same_shape,
    params=(
        Real("amplitude", "Amplitude", "The largest value.", 1.7159, minimum=0.001, maximum=100.0),
        Real("slope", "Slope", "Factor of x inside the tanh.", 2 / 3, minimum=0.001, maximum=100.0),
    ),
    subtitle=lambda params: f"{params['amplitude']:g} · tanh({params['slope']:.3g}x)",
    keywords=("lenet", "hyperbolic", "squash"),
)


LAYERS = (
    RELU6,
    PRELU,
    ELU,
    SELU,
    GELU,
    SILU,
    MISH,
    SOFTPLUS,
    HARDSWISH,
    HARDSIGMOID,
    HARDTANH,
    SCALED_TANH,
)
