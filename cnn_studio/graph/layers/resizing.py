"""Layers that make maps larger or smaller without weights: upsampling, and channels exchanged for pixels."""

from __future__ import annotations

from fractions import Fraction

from cnn_studio.core.params import Choice, Flag, Integer, Pair
from cnn_studio.graph.layers.common import divisor_fixes, need_map, stride_text
from cnn_studio.graph.spec import (
    ONE_CELL,
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Reach,
    Shape,
    failed,
    product,
)

_NEIGHBOURS = {"nearest": 1, "bilinear": 2, "bicubic": 4}
"""Input cells along each axis from which one output cell is computed."""


def _upsample_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("Upsampling", shape)
    if wrong:
        return wrong
    rows, columns = params["scale"]
    return Inferred((shape[0], shape[1] * rows, shape[2] * columns))


def _upsample_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per output value and input value that it is mixed from; copying costs none."""
    neighbours = _NEIGHBOURS[params["mode"]] ** 2
    return 0 if neighbours == 1 else product(output) * neighbours


def _upsample_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    def along(axis: int) -> Reach:
        scale, size = params["scale"][axis], inputs[0][axis + 1]
        if scale == 1:
            return ONE_CELL
        if params["mode"] == "nearest" or not params["align_corners"]:
            return Reach(_NEIGHBOURS[params["mode"]], Fraction(1, scale))
        # the corners of input and output lie on each other
        return Reach(_NEIGHBOURS[params["mode"]], Fraction(size - 1, size * scale - 1))

    return along(0), along(1)


UPSAMPLE = LayerSpec(
    id="upsample",
    family=Family.SHAPE,
    title="Upsample",
    help="Makes the maps larger by whole factors: each cell repeated, or values in between computed from its neighbours. "
    "It has nothing to train; a transposed convolution does the same with trained weights.",
    infer=_upsample_shape,
    params=(
        Pair(
            "scale",
            "Factor",
            "How many times as high and as wide the maps become.",
            (2, 2),
            maximum=64,
            short=True,
        ),
        Choice(
            "mode",
            "Values between",
            "Repeat the nearest cell, or mix 2 × 2 (bilinear) or 4 × 4 (bicubic) cells.",
            "nearest",
            options=(("nearest", "Nearest"), ("bilinear", "Bilinear"), ("bicubic", "Bicubic")),
        ),
        Flag(
            "align_corners",
            "Corners meet",
            "Puts the corner cells of input and output on each other; counts for bilinear and bicubic only.",
            False,
            advanced=True,
        ),
    ),
    macs=_upsample_macs,
    reach_rule=_upsample_reach,
    caption=lambda params: f"Upsample ×{stride_text(params['scale'])}",
    subtitle=lambda params: str(params["mode"]),
    keywords=(
        "upsampling2d",
        "interpolate",
        "resize",
        "enlarge",
        "nearest",
        "bilinear",
        "bicubic",
        "resize2dlayer",
    ),
)


def _factor(help_: str) -> Integer:
    return Integer("factor", "Factor", help_, 2, maximum=64)


def _pixel_shuffle_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, factor = inputs[0], params["factor"]
    wrong = need_map("A pixel shuffle", shape)
    if wrong:
        return wrong
    channels, height, width = shape
    if channels % factor**2 == 0:
        return Inferred((channels // factor**2, height * factor, width * factor))

    def fixes() -> tuple[FixSpec, ...]:
        fitting = [n for n in range(2, 65) if channels % n**2 == 0]
        nearest = min(fitting, key=lambda n: abs(n - factor), default=0)
        return (FixSpec(f"Factor {nearest}", {"factor": nearest}),) if nearest else (_REMOVE,)

    return failed(
        "factor_does_not_divide",
        f"Factor {factor} makes each pixel from {factor**2} channels, but {channels} channels cannot be divided by "
        f"{factor**2}. Choose another factor, or give the layer before {-(-channels // factor**2) * factor**2} filters.",
        fixes,
        factor=factor,
        channels=channels,
    )


_REMOVE = FixSpec("Remove this layer", remove=True)


def _pixel_shuffle_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    reach = Reach(1, Fraction(1, params["factor"]))
    return reach, reach


PIXEL_SHUFFLE = LayerSpec(
    id="pixel_shuffle",
    family=Family.SHAPE,
    title="Pixel shuffle",
    help="Lays r² channels out as blocks of r × r pixels: fewer, larger maps. A convolution before it computes all pixels "
    "of the larger map, which costs less than convolving the larger map.",
    infer=_pixel_shuffle_shape,
    params=(_factor("r: maps become r times as high and wide, and there are r² times fewer."),),
    reach_rule=_pixel_shuffle_reach,
    subtitle=lambda params: f"×{params['factor']} larger",
    keywords=("depth to space", "subpixel", "superresolution", "upscale", "depthtospace2dlayer"),
)


def _space_to_depth_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, factor = inputs[0], params["factor"]
    wrong = need_map("Space to depth", shape)
    if wrong:
        return wrong
    channels, height, width = shape
    if height % factor == 0 and width % factor == 0:
        return Inferred((channels * factor**2, height // factor, width // factor))
    rows, columns = height % factor, width % factor
    return failed(
        "factor_does_not_divide",
        f"Blocks of {factor} × {factor} do not cover {height} × {width} maps: {rows} rows and {columns} columns are left. "
        "Choose another factor, or put a crop or a padding before this layer.",
        lambda: (
            divisor_fixes(height, factor, "factor", "Factor", lambda n: 1 < n <= 64 and width % n == 0)
            or (_REMOVE,)
        ),
        factor=factor,
        input=list(shape),
    )


def _space_to_depth_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    reach = Reach(params["factor"], Fraction(params["factor"]))
    return reach, reach


SPACE_TO_DEPTH = LayerSpec(
    id="space_to_depth",
    family=Family.SHAPE,
    title="Space to depth",
    help="Lays every block of r × r pixels out as r² channels: smaller maps, and nothing is lost. It shrinks an image "
    "before the first convolution; the opposite of a pixel shuffle.",
    infer=_space_to_depth_shape,
    params=(_factor("r: maps become r times as low and narrow, and there are r² times as many."),),
    reach_rule=_space_to_depth_reach,
    subtitle=lambda params: f"{params['factor']} × {params['factor']} pixels to channels",
    keywords=("pixel unshuffle", "pixelunshuffle", "reorg", "downscale", "spacetodepthlayer"),
)


LAYERS = (UPSAMPLE, PIXEL_SHUFFLE, SPACE_TO_DEPTH)
