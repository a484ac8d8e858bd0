"""Layers that act in training only."""

from __future__ import annotations

from cnn_studio.core.params import Choice, Real
from cnn_studio.graph.layers.common import need_map, same_shape
from cnn_studio.graph.spec import Family, Inferred, LayerSpec, Params, Shape

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
    keywords=("overfitting", "regularization", "dropoutlayer"),
)


def _dropout2d_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    return need_map("Dropout of whole maps", inputs[0]) or Inferred(inputs[0])


DROPOUT2D = LayerSpec(
    id="dropout2d",
    family=Family.REGULARISATION,
    title="Dropout of maps",
    help="In training sets whole feature maps to zero with probability p and scales the rest up. Neighbouring cells of "
    "a map are alike, so dropping single cells takes little away; dropping the map takes the feature away.",
    infer=_dropout2d_shape,
    params=(Real("p", "Probability", "Share of the maps that are dropped.", 0.2, maximum=1.0),),
    subtitle=lambda params: f"p = {params['p']:g}",
    keywords=("spatialdropout2d", "channel", "overfitting", "regularization", "spatialdropoutlayer"),
)

STOCHASTIC_DEPTH = LayerSpec(
    id="stochastic_depth",
    family=Family.REGULARISATION,
    title="Stochastic depth",
    help="In training leaves a residual branch out with probability p and scales it up otherwise; it stands at the end "
    "of the branch, before the addition. Deep networks train as if they were shallower, and generalise better.",
    infer=same_shape,
    params=(
        Real("p", "Probability", "How often the branch is left out.", 0.1, maximum=1.0),
        Choice(
            "mode",
            "Draws",
            "One draw for each image, or one for the whole batch.",
            "row",
            options=(("row", "Per image"), ("batch", "Per batch")),
        ),
    ),
    subtitle=lambda params: f"p = {params['p']:g} per {'image' if params['mode'] == 'row' else 'batch'}",
    keywords=("drop path", "droppath", "dropconnect", "residual", "regularization"),
)

LAYERS = (DROPOUT, DROPOUT2D, STOCHASTIC_DEPTH)
