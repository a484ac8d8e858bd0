"""The input, and the layer that does nothing."""

from __future__ import annotations

from cnn_studio.core.params import Integer
from cnn_studio.graph.layers.common import same_shape
from cnn_studio.graph.spec import Family, Inferred, LayerSpec, Params, Shape


def _input_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    return Inferred((params["channels"], params["height"], params["width"]))


def _input_subtitle(params: Params) -> str:
    kinds = {1: "grey", 3: "RGB"}
    channels = kinds.get(params["channels"], f"{params['channels']} channels")
    return f"{params['height']} × {params['width']} {channels}"


INPUT = LayerSpec(
    id="input",
    family=Family.IO,
    title="Input",
    help="Where the image enters: a volume of channels × height × width. Grey pictures have one channel, RGB "
    "three. Every image is resized to this size.",
    infer=_input_shape,
    params=(
        Integer("channels", "Channels", "1 for grey pictures, 3 for RGB.", 1, maximum=4096),
        Integer("height", "Height", "Rows of the image.", 32, maximum=10_000),
        Integer("width", "Width", "Columns of the image.", 32, maximum=10_000),
    ),
    subtitle=_input_subtitle,
    min_inputs=0,
    max_inputs=0,
    keywords=("image", "data", "picture"),
)

IDENTITY = LayerSpec(
    id="identity",
    family=Family.IO,
    title="Identity",
    help="Passes its input on unchanged: y = x. It is the shortcut of a residual block, and a place to cut a "
    "network or to mark its output.",
    infer=same_shape,
    keywords=("pass", "shortcut", "skip", "noop"),
)

LAYERS = (INPUT, IDENTITY)
