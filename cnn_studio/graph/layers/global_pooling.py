"""Pooling to a given size: adaptive, global, and the mean over height and width."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from cnn_studio.core.params import Flag, Pair
from cnn_studio.graph.layers.common import count_text, need_map, size_text
from cnn_studio.graph.spec import Family, Inferred, LayerSpec, Params, Reach, Shape, whole_map


def _adaptive_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    wrong = need_map("Adaptive pooling", inputs[0])
    return wrong or Inferred((inputs[0][0], *params["output_size"]))


def _adaptive_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    """Cell o of O takes the input cells from ⌊o·I/O⌋ up to ⌈(o + 1)·I/O⌉, which is PyTorch's rule."""

    def along(size: int, cells: int) -> Reach:
        span = max(-(-(o + 1) * size // cells) - o * size // cells for o in range(cells))
        return Reach(span, Fraction(size, cells))

    (_, height, width), (rows, columns) = inputs[0], params["output_size"]
    return along(height, rows), along(width, columns)


def _adaptive_caption(params: Params) -> str:
    return f"to {size_text(params['output_size'])}"


def _adaptive(id_: str, title: str, help_: str, subtitle: str, keywords: tuple[str, ...]) -> LayerSpec:
    return LayerSpec(
        id=id_,
        family=Family.POOLING,
        title=title,
        help=help_,
        infer=_adaptive_shape,
        params=(Pair("output_size", "Output size", "Height × width of the result.", (1, 1), maximum=1_000),),
        reach_rule=_adaptive_reach,
        caption=_adaptive_caption,
        subtitle=lambda params: subtitle,
        keywords=("pool", *keywords),
    )


ADAPTIVE_AVG_POOL = _adaptive(
    "adaptive_avg_pool2d",
    "Adaptive average pool",
    "Divides the map into as many windows as the output has cells and takes the mean of each, so that any "
    "input size gives the same output size. AlexNet and VGG use it before their fully connected layers.",
    "average",
    ("mean", "average"),
)

ADAPTIVE_MAX_POOL = _adaptive(
    "adaptive_max_pool2d",
    "Adaptive max pool",
    "Divides the map into as many windows as the output has cells and keeps the largest value of each, so that any "
    "input size gives the same output size.",
    "maximum",
    ("max", "maximum"),
)


def _global_shape(noun: str, params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    wrong = need_map(noun, inputs[0])
    return wrong or Inferred((inputs[0][0], 1, 1))


GLOBAL_AVG_POOL = LayerSpec(
    id="global_avg_pool",
    family=Family.POOLING,
    title="Global average pool",
    help="Takes the mean of each whole map: one number per map. It replaces large fully connected layers and "
    "their many weights.",
    infer=partial(_global_shape, "Global average pooling"),
    reach_rule=whole_map,
    caption=lambda params: "Global average",
    subtitle=lambda params: "one number per map",
    keywords=("gap", "mean", "pool", "globalaveragepooling2d", "globalaveragepooling2dlayer"),
)

GLOBAL_MAX_POOL = LayerSpec(
    id="global_max_pool",
    family=Family.POOLING,
    title="Global max pool",
    help="Keeps the largest value of each whole map: whether the feature is anywhere in the image. One number per map.",
    infer=partial(_global_shape, "Global max pooling"),
    reach_rule=whole_map,
    caption=lambda params: "Global max",
    subtitle=lambda params: "one number per map",
    keywords=("gmp", "maximum", "pool", "globalmaxpooling2d", "globalmaxpooling2dlayer"),
)


def _mean_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    wrong = need_map("The mean over height and width", inputs[0])
    return wrong or Inferred((inputs[0][0], 1, 1) if params["keepdim"] else (inputs[0][0],))


SPATIAL_MEAN = LayerSpec(
    id="spatial_mean",
    family=Family.POOLING,
    title="Mean over H and W",
    help="The mean of each whole map as a vector: global average pooling and flatten in one. MNASNet and ShuffleNet end "
    "so, before the classifier.",
    infer=_mean_shape,
    params=(
        Flag(
            "keepdim",
            "Keep maps",
            "Gives maps of 1 × 1 cells, as global average pooling does, instead of a vector.",
            False,
        ),
    ),
    reach_rule=whole_map,
    caption=lambda params: "Mean over H, W",
    subtitle=lambda params: "maps of 1 × 1" if params["keepdim"] else "to a vector",
    sentence=lambda params, inputs: (
        f"One mean of {inputs[0][1]} × {inputs[0][2]} cells for each of the "
        f"{count_text(inputs[0][0], 'map')}."
    ),
    keywords=("global average", "pool", "reduce", "squeeze", "mnasnet"),
)

LAYERS = (ADAPTIVE_AVG_POOL, ADAPTIVE_MAX_POOL, GLOBAL_AVG_POOL, GLOBAL_MAX_POOL, SPATIAL_MEAN)
