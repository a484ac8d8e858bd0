"""Activations: functions of each value alone, and softmax."""

from __future__ import annotations

from cnn_studio.core.params import Real
from cnn_studio.graph.layers.common import same_shape
from cnn_studio.graph.spec import Family, LayerSpec

RELU = LayerSpec(
    id="relu",
    family=Family.ACTIVATION,
    title="ReLU",
    help="max(0, x): keeps what is positive, sets the rest to zero. Its gradient does not shrink for large values, "
    "so deep networks learn faster than with tanh or sigmoid.",
    infer=same_shape,
    subtitle=lambda params: "max(0, x)",
    keywords=("rectified", "rectifier"),
)

LEAKY_RELU = LayerSpec(
    id="leaky_relu",
    family=Family.ACTIVATION,
    title="Leaky ReLU",
    help="Like ReLU, but negative values keep a small slope, so that no unit goes dead.",
    infer=same_shape,
    params=(
        Real(
            "negative_slope",
            "Negative slope",
            "Slope below zero; 0 is ReLU.",
            0.01,
            minimum=0.0,
            maximum=10.0,
        ),
    ),
    subtitle=lambda params: f"slope {params['negative_slope']:g}",
    keywords=("rectified",),
)

TANH = LayerSpec(
    id="tanh",
    family=Family.ACTIVATION,
    title="Tanh",
    help="Squashes values to −1..1, symmetric about zero. Flat at both ends, where gradients vanish.",
    infer=same_shape,
    subtitle=lambda params: "−1 to 1",
    keywords=("hyperbolic", "squash"),
)

SIGMOID = LayerSpec(
    id="sigmoid",
    family=Family.ACTIVATION,
    title="Sigmoid",
    help="Squashes values to 0..1, as in LeNet's subsampling. Flat at both ends, where gradients vanish.",
    infer=same_shape,
    subtitle=lambda params: "0 to 1",
    keywords=("logistic", "squash"),
)

SOFTMAX = LayerSpec(
    id="softmax",
    family=Family.ACTIVATION,
    title="Softmax",
    help="Turns class scores into probabilities that add up to 1, over the channels. Training does not need it: "
    "the cross-entropy loss has it built in.",
    infer=same_shape,
    subtitle=lambda params: "probabilities",
    keywords=("probability", "classifier"),
)

LAYERS = (RELU, LEAKY_RELU, TANH, SIGMOID, SOFTMAX)
