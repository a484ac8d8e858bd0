"""Layers that add or take away rows and columns."""

from __future__ import annotations

from cnn_studio.core.params import Choice, Real, Sides
from cnn_studio.graph.layers.common import need_map
from cnn_studio.graph.spec import Family, FixSpec, Inferred, LayerSpec, Params, Shape, failed


def _sides_text(sides: tuple[int, int, int, int]) -> str:
    if len(set(sides)) == 1:
        return f"{sides[0]} on each side"
    top, bottom, left, right = sides
    return f"top {top}, bottom {bottom}, left {left}, right {right}"


def _most_padding(mode: str, shape: Shape) -> tuple[int, int]:
    """Return how many rows and columns the map itself can fill; PyTorch's limits."""
    less = 1 if mode == "reflect" else 0
    return shape[1] - less, shape[2] - less


def _pad_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, mode = inputs[0], params["mode"]
    wrong = need_map("Padding", shape)
    if wrong:
        return wrong
    top, bottom, left, right = params["padding"]
    if mode in {"reflect", "circular"}:
        rows, columns = _most_padding(mode, shape)
        if max(top, bottom) > rows or max(left, right) > columns:
            return _wider_than_the_map(params, rows, columns)
    return Inferred((shape[0], shape[1] + top + bottom, shape[2] + left + right))


def _wider_than_the_map(params: Params, rows: int, columns: int) -> Inferred:
    top, bottom, left, right = params["padding"]
    fitting = (min(top, rows), min(bottom, rows), min(left, columns), min(right, columns))
    return failed(
        "padding_wider_than_map",
        f"Padding of {_sides_text(params['padding'])} cannot be filled by {params['mode']}: the map gives at most {rows} "
        f"rows and {columns} columns. Use less padding, or fill it with a constant.",
        lambda: (
            FixSpec("Fill with a constant", {"mode": "constant"}),
            FixSpec(f"Padding of {_sides_text(fitting)}", {"padding": fitting}),
        ),
        padding=list(params["padding"]),
        most=[rows, columns],
    )


PAD2D = LayerSpec(
    id="pad2d",
    family=Family.SHAPE,
    title="Padding",
    help="Adds rows and columns around the maps, each side by itself: a constant such as zero, the map mirrored, its edge "
    "repeated, or its other side. Convolution and pooling can pad by themselves; this is for what they cannot.",
    infer=_pad_shape,
    params=(
        Sides(
            "padding",
            "Sides",
            "Rows and columns added: top, bottom, left, right.",
            (1, 1, 1, 1),
            maximum=1_000,
        ),
        Choice(
            "mode",
            "Filled with",
            "A constant, the map mirrored without its edge, the edge repeated, or the other side.",
            "constant",
            options=(
                ("constant", "A constant"),
                ("reflect", "Reflect"),
                ("replicate", "Replicate"),
                ("circular", "Circular"),
            ),
        ),
        Real(
            "value",
            "Constant",
            "What a constant padding holds; the other ways of filling do not use it.",
            0.0,
            minimum=-1e6,
            maximum=1e6,
            advanced=True,
        ),
    ),
    subtitle=lambda params: _sides_text(params["padding"]),
    keywords=(
        "zeropad2d",
        "zeropadding2d",
        "reflectionpad2d",
        "replicationpad2d",
        "circularpad2d",
        "border",
        "margin",
    ),
)


def _crop_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("A crop", shape)
    if wrong:
        return wrong
    top, bottom, left, right = params["sides"]
    height, width = shape[1] - top - bottom, shape[2] - left - right
    if min(height, width) >= 1:
        return Inferred((shape[0], height, width))
    rows, columns = (shape[1] - 1) // 2, (shape[2] - 1) // 2
    fitting = (min(top, rows), min(bottom, rows), min(left, columns), min(right, columns))
    return failed(
        "nothing_left",
        f"Cutting off {_sides_text(params['sides'])} leaves nothing of the {shape[1]} × {shape[2]} maps. Cut off less.",
        lambda: (FixSpec(f"Cut off {_sides_text(fitting)}", {"sides": fitting}),),
        sides=list(params["sides"]),
        input=list(shape),
    )


CROP2D = LayerSpec(
    id="crop2d",
    family=Family.SHAPE,
    title="Crop",
    help="Cuts rows and columns off the maps, each side by itself: the opposite of padding. It makes maps of two branches "
    "the same size, as in the first U-Net.",
    infer=_crop_shape,
    params=(
        Sides(
            "sides",
            "Sides",
            "Rows and columns cut off: top, bottom, left, right.",
            (1, 1, 1, 1),
            maximum=10_000,
        ),
    ),
    subtitle=lambda params: _sides_text(params["sides"]),
    keywords=("cropping2d", "cut", "trim", "crop2dlayer"),
)

LAYERS = (PAD2D, CROP2D)
