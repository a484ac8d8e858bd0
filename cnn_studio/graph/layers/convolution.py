"""Convolution."""

from __future__ import annotations

import math

from cnn_studio.core.params import Choice, Flag, Integer, Pair, Sides
from cnn_studio.graph.layers.common import FILTERS, count_text, need_map, size_text, stride_text
from cnn_studio.graph.spec import Family, FixSpec, Inferred, LayerSpec, Params, Shape, Tensor, failed, product
from cnn_studio.graph.tiling import Windowed, infer_window
from cnn_studio.graph.window import Window, window


def conv_window(params: Params, shape: Shape) -> Window:
    """Return where the filter goes on a map of the given shape (C, H, W)."""
    return window(
        shape[1], shape[2], params["kernel_size"], params["stride"], params["padding"], params["dilation"]
    )


def _border_can_be_filled(params: Params, shape: Shape) -> bool:
    return params["padding_mode"] == "zeros" or _border_too_small(params, shape) is None


_WINDOWED = Windowed("filter", conv_window, frozenset({"padding"}), _border_can_be_filled)


def _conv_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("A convolution", shape)
    if wrong:
        return wrong
    channels, filters, groups = shape[0], params["out_channels"], params["groups"]
    if groups != 1 and (channels % groups or filters % groups):
        return groups_do_not_divide(channels, filters, groups)
    wrong = None if params["padding_mode"] == "zeros" else _border_too_small(params, shape)
    return wrong or infer_window(_WINDOWED, params, shape, filters)


def groups_do_not_divide(channels: int, filters: int, groups: int) -> Inferred:
    """Return the error of groups that cannot share channels and filters equally, with the nearest that can."""
    common = math.gcd(channels, filters)
    working = sorted(
        (n for n in range(1, common + 1) if common % n == 0), key=lambda n: (abs(n - groups), n)
    )[:3]
    more_filters = -(-filters // groups) * groups

    def fixes() -> tuple[FixSpec, ...]:
        found = [FixSpec(f"Groups {n}", {"groups": n}) for n in sorted(working)]
        if channels % groups == 0:
            found.append(FixSpec(f"Filters {more_filters}", {"out_channels": more_filters}))
        return tuple(found)

    return failed(
        "groups_do_not_divide",
        f"{groups} groups must divide both the {channels} input channels and the {filters} filters, because "
        "every group takes an equal share of each.",
        fixes,
        groups=groups,
        in_channels=channels,
        out_channels=filters,
    )


def _border_too_small(params: Params, shape: Shape) -> Inferred | None:
    """Check what PyTorch asks of paddings that are filled from the map itself."""
    mode = params["padding_mode"]
    rows, columns = conv_window(params, shape)
    for axis, name in ((rows, "height"), (columns, "width")):
        most = axis.size - 1 if mode == "reflect" else axis.size
        wide = max(axis.before, axis.after)
        if wide > most and mode != "replicate":
            return failed(
                "padding_wider_than_map",
                f"Padding {wide} cannot be filled by {mode} from a map of {name} {axis.size}: the map gives at "
                f"most {most} cells. Use less padding or fill it with zeros.",
                lambda: (FixSpec("Fill with zeros", {"padding_mode": "zeros"}),),
                padding=wide,
                most=most,
            )
    return None


def _conv_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    filters = params["out_channels"]
    weight = (filters, inputs[0][0] // params["groups"], *params["kernel_size"])
    found = {"weight": Tensor(weight)}
    if params["bias"]:
        found["bias"] = Tensor((filters,))
    return found


def _conv_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    per_cell: int = inputs[0][0] // params["groups"] * product(params["kernel_size"])
    return product(output) * per_cell


def _conv_caption(params: Params) -> str:
    return f"Conv {size_text(params['kernel_size'])}"


def _conv_subtitle(params: Params) -> str:
    parts = [count_text(params["out_channels"], "filter"), f"stride {stride_text(params['stride'])}"]
    padding = params["padding"]
    if padding == "same":
        parts.append("same")
    elif any(padding):
        parts.append(f"pad {padding[0]}" if len(set(padding)) == 1 else "padded")
    if params["groups"] > 1:
        parts.append(f"{params['groups']} groups")
    return " · ".join(parts)


def _conv_sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    channels, height, width = inputs[0]
    rows, columns = params["kernel_size"]
    depth = channels // params["groups"]
    filters = count_text(params["out_channels"], "filter")
    verb = "slides" if params["out_channels"] == 1 else "slide"
    return f"{filters} of {rows} × {columns} × {depth} {verb} over the {height} × {width} maps."


CONV2D = LayerSpec(
    id="conv2d",
    family=Family.CONVOLUTION,
    title="Convolution",
    help="Slides small filters over the map. Each filter runs through the full depth of its input, takes a dot "
    "product at every position, adds a bias and gives one feature map; the maps stack to the output volume.",
    infer=_conv_shape,
    params=(
        FILTERS,
        Pair(
            "kernel_size",
            "Filter size",
            "Height × width of each filter. 3 × 3 is the usual choice.",
            (3, 3),
            maximum=1_000,
        ),
        Pair(
            "stride",
            "Stride",
            "How far the filter moves each step. 2 halves the map.",
            (1, 1),
            maximum=1_000,
            short=True,
        ),
        Sides(
            "padding",
            "Padding",
            "Rows and columns added around the map. p = (f − 1)/2, or the word same, keeps the size at stride 1.",
            (0, 0, 0, 0),
            maximum=1_000,
            allows_same=True,
        ),
        Pair(
            "dilation",
            "Dilation",
            "Distance between the cells of a filter; 2 leaves one cell out between two.",
            (1, 1),
            short=True,
            maximum=1_000,
            advanced=True,
        ),
        Integer(
            "groups",
            "Groups",
            "Splits channels and filters into groups that do not see each other, as AlexNet did.",
            1,
            maximum=65_536,
            advanced=True,
        ),
        Flag(
            "bias",
            "Bias",
            "Adds one trainable number per filter. Not needed before batch norm.",
            True,
            advanced=True,
        ),
        Choice(
            "padding_mode",
            "Padding filled with",
            "What the padding holds: zeros, the map mirrored, its edge repeated, or its other side.",
            "zeros",
            advanced=True,
            options=(
                ("zeros", "Zeros"),
                ("reflect", "Reflect"),
                ("replicate", "Replicate"),
                ("circular", "Circular"),
            ),
        ),
    ),
    tensors=_conv_tensors,
    macs=_conv_macs,
    window=conv_window,
    caption=_conv_caption,
    subtitle=_conv_subtitle,
    sentence=_conv_sentence,
    keywords=(
        "conv",
        "filter",
        "kernel",
        "feature map",
        "depthwise",
        "pointwise",
        "grouped",
        "convolution2dlayer",
    ),
)

LAYERS = (CONV2D,)
