"""Pooling over a sliding window: max, average, sum, power, and LeNet's trainable subsampling."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnn_studio.core.params import Flag, Pair, Param, Real, Sides
from cnn_studio.graph.layers.common import activation_param, count_text, need_map, size_text, stride_text
from cnn_studio.graph.spec import Family, FixSpec, Inferred, LayerSpec, Params, Shape, Tensor, failed, product
from cnn_studio.graph.tiling import Windowed, infer_window
from cnn_studio.graph.window import Window, window

_NO_PADDING = (0, 0, 0, 0)


def _pool_window(params: Params, shape: Shape) -> Window:
    return window(
        shape[1],
        shape[2],
        params["kernel_size"],
        params["stride"],
        params.get("padding", _NO_PADDING),
        params.get("dilation", (1, 1)),
        params["ceil_mode"],
    )


def _at_most_half(params: Params) -> bool:
    """PyTorch's rule for pooling: padding at most half the window, so that no window holds padding alone."""
    top, bottom, left, right = params.get("padding", _NO_PADDING)
    height, width = params["kernel_size"]
    return bool(2 * max(top, bottom) <= height and 2 * max(left, right) <= width)


def _padding_allowed(params: Params, shape: Shape) -> bool:
    if not _at_most_half(params):
        return False
    if params.get("dilation", (1, 1)) == (1, 1):
        return True
    return all(axis.sees_input() for axis in _pool_window(params, shape))


_WINDOWED = Windowed("window", _pool_window, frozenset({"padding", "ceil_mode"}), _padding_allowed)
_UNPADDED = Windowed("window", _pool_window, frozenset({"ceil_mode"}))


def _pool_shape(noun: str, params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map(noun, shape)
    if wrong:
        return wrong
    if not _at_most_half(params):
        return _padding_too_wide(params)
    if not _padding_allowed(params, shape):
        return _dilated_over_the_map(params, shape)
    return infer_window(_WINDOWED if "padding" in params else _UNPADDED, params, shape, shape[0])


def _padding_too_wide(params: Params) -> Inferred:
    height, width = params["kernel_size"]
    top, bottom, left, right = params["padding"]
    fitting = (min(top, height // 2), min(bottom, height // 2), min(left, width // 2), min(right, width // 2))
    return failed(
        "padding_too_wide",
        f"Padding {max(params['padding'])} is more than half of the {height} × {width} window, so a window could "
        "hold padding alone. Use less padding or a larger window.",
        lambda: (FixSpec("Less padding", {"padding": fitting}),),
        padding=list(params["padding"]),
        kernel_size=[height, width],
    )


def _dilated_over_the_map(params: Params, shape: Shape) -> Inferred:
    return failed(
        "padding_too_wide",
        f"With dilation {size_text(params['dilation'])} some windows step over the whole {shape[1]} × {shape[2]} map "
        "and hold padding alone, so they have no maximum. Use no padding or a smaller dilation.",
        lambda: (
            FixSpec("No padding", {"padding": (0, 0, 0, 0)}),
            FixSpec("Dilation 1", {"dilation": (1, 1)}),
        ),
        padding=list(params["padding"]),
        dilation=list(params["dilation"]),
    )


def _kernel(default: int) -> Pair:
    return Pair(
        "kernel_size",
        "Window",
        "Height × width of the window, usually 2 × 2.",
        (default, default),
        maximum=1_000,
    )


def _stride(default: int) -> Pair:
    return Pair(
        "stride",
        "Stride",
        "How far the window moves each step. Equal to the window: no overlap. Smaller: windows overlap, as in AlexNet.",
        (default, default),
        maximum=1_000,
        short=True,
    )


_PADDING = Sides(
    "padding",
    "Padding",
    "Rows and columns added around the map, at most half the window.",
    (0, 0, 0, 0),
    maximum=500,
    advanced=True,
)
_CEIL = Flag(
    "ceil_mode",
    "Round up",
    "Rounds the output size up instead of down: the last window may hang over the edge (ceil mode).",
    False,
    advanced=True,
)


def _subtitle(params: Params) -> str:
    overlap = (
        " · overlapping"
        if any(s < k for s, k in zip(params["stride"], params["kernel_size"], strict=True))
        else ""
    )
    return f"stride {stride_text(params['stride'])}{overlap}"


def _sentence(verb: str, params: Params, inputs: tuple[Shape, ...]) -> str:
    channels, height, width = inputs[0]
    rows, columns = params["kernel_size"]
    maps = count_text(channels, "map")
    return f"{verb} of every {rows} × {columns} window, in each of the {maps} of {height} × {width}."


def _caption(word: str, params: Params) -> str:
    return f"{word} {size_text(params['kernel_size'])}"


def _window_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    return product(output) * product(params["kernel_size"])


def _pool(
    id_: str,
    title: str,
    help_: str,
    word: str,
    verb: str,
    extra: tuple[Param, ...],
    keywords: tuple[str, ...],
    macs: Callable[[Params, tuple[Shape, ...], Shape], int],
) -> LayerSpec:
    return LayerSpec(
        id=id_,
        family=Family.POOLING,
        title=title,
        help=help_,
        infer=partial(_pool_shape, "Pooling"),
        params=(_kernel(2), _stride(2), _PADDING, *extra, _CEIL),
        macs=macs,
        window=_pool_window,
        caption=partial(_caption, word),
        subtitle=_subtitle,
        sentence=partial(_sentence, verb),
        keywords=("pool", "subsampling", *keywords),
    )


def _comparisons(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    return 0  # a maximum compares; it multiplies nothing


MAX_POOL = _pool(
    "max_pool2d",
    "Max pool",
    "Keeps the largest value of each window, map by map: the feature is there, never mind where exactly. "
    "2 × 2 at stride 2 halves the map.",
    "Max",
    "The largest value",
    (
        Pair(
            "dilation",
            "Dilation",
            "Distance between the cells of a window.",
            (1, 1),
            maximum=1_000,
            short=True,
            advanced=True,
        ),
    ),
    ("maximum",),
    _comparisons,
)

AVG_POOL = _pool(
    "avg_pool2d",
    "Average pool",
    "Takes the mean of each window, map by map: smoother than the maximum, and every cell counts.",
    "Average",
    "The mean",
    (
        Flag(
            "count_include_pad",
            "Count padding",
            "Divides by the whole window, padding zeros included; off divides by the image cells only.",
            True,
            advanced=True,
        ),
    ),
    ("mean", "average"),
    _window_macs,
)

SUM_POOL = _pool(
    "sum_pool2d",
    "Sum pool",
    "Adds up the values of each window, map by map: the average times the number of cells.",
    "Sum",
    "The sum",
    (),
    ("add", "total"),
    _window_macs,
)


def _subsampling_window(params: Params, shape: Shape) -> Window:
    return window(shape[1], shape[2], params["kernel_size"], params["stride"], (0, 0, 0, 0))


_SUBSAMPLING = Windowed("window", _subsampling_window)


def _subsampling_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    wrong = need_map("Subsampling", inputs[0])
    return wrong or infer_window(_SUBSAMPLING, params, inputs[0], inputs[0][0])


def _subsampling_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    return {"weight": Tensor((inputs[0][0],)), "bias": Tensor((inputs[0][0],))}


def _subsampling_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    return product(output) * (product(params["kernel_size"]) + 1)


def _subsampling_subtitle(params: Params) -> str:
    activation = params["activation"]
    return "trainable" if activation == "none" else f"trainable · {activation}"


SUBSAMPLING = LayerSpec(
    id="subsampling",
    family=Family.POOLING,
    title="Trainable subsampling",
    help="LeNet's pooling: the sum of each window times one trainable coefficient per map, plus one trainable bias "
    "per map, then the activation.",
    infer=_subsampling_shape,
    params=(_kernel(2), _stride(2), activation_param("sigmoid")),
    tensors=_subsampling_tensors,
    macs=_subsampling_macs,
    window=_subsampling_window,
    caption=partial(_caption, "Subsampling"),
    subtitle=_subsampling_subtitle,
    sentence=partial(_sentence, "The sum, scaled and shifted by trained numbers,"),
    keywords=("pool", "lenet", "coefficient"),
)


def _power(params: Params) -> str:
    return f"{params['norm']:g}"


LP_POOL = LayerSpec(
    id="lp_pool2d",
    family=Family.POOLING,
    title="Power pool",
    help="Takes (Σ |x|ᵖ)^(1/p) over each window, map by map. p = 1 is the sum, p = 2 the root of the sum of squares, and "
    "with larger p the strongest value decides, as in max pooling.",
    infer=partial(_pool_shape, "Pooling"),
    params=(
        Real(
            "norm",
            "Power p",
            "1 adds up, large powers come near the maximum.",
            2.0,
            minimum=1.0,
            maximum=10.0,
        ),
        _kernel(2),
        _stride(2),
        _CEIL,
    ),
    macs=_window_macs,
    window=_pool_window,
    caption=partial(_caption, "Power"),
    subtitle=lambda params: f"p = {_power(params)} · {_subtitle(params)}",
    sentence=lambda params, inputs: _sentence(f"The {_power(params)}-norm", params, inputs),
    keywords=("pool", "lp", "lppool2d", "norm", "subsampling"),
)

LAYERS = (MAX_POOL, AVG_POOL, SUM_POOL, LP_POOL, SUBSAMPLING)
