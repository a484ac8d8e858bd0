"""Layers that act in training only."""

from __future__ import annotations

from cnn_studio.core.params import Real
from cnn_studio.graph.layers.common import same_shape
from cnn_studio.graph.spec import Family, LayerSpec

DROPOUT = LayerSpec(
    id="dropout",
    family=Family.REGULARISATION,
    title="Dropout",
    help="In training sets each value to zero with probability p and scales the rest up, so that no unit can rely "
    "on another. In prediction it does nothing.",
    infer=same_shape,
    params=(
        Real("p", "Probability", "Share of the values that are dropped; 0.5 is AlexNet's.", 0.5, maximum=1.0),
    ),
    subtitle=lambda params: f"p = {params['p']:g}",
    keywords=("overfitting", "regularization"),
)

LAYERS = (DROPOUT,)
