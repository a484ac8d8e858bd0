"""Convolution with a connection table: each filter sees only the input maps that the table gives it."""

from __future__ import annotations

from cnn_studio.core.lists import Connections
from cnn_studio.core.params import Flag, Pair, Sides
from cnn_studio.graph.layers.common import count_text, need_map, size_text, stride_text
from cnn_studio.graph.spec import (
    Family,
    Finding,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Shape,
    Tensor,
    failed,
    product,
)
from cnn_studio.graph.tiling import Windowed, infer_window
from cnn_studio.graph.window import Window, window

LENET5_TABLE: tuple[tuple[int, ...], ...] = (
    *((0, 1, 2), (1, 2, 3), (2, 3, 4), (3, 4, 5), (0, 4, 5), (0, 1, 5)),
    *((0, 1, 2, 3), (1, 2, 3, 4), (2, 3, 4, 5), (0, 3, 4, 5), (0, 1, 4, 5), (0, 1, 2, 5)),
    *((0, 1, 3, 4), (1, 2, 4, 5), (0, 2, 3, 5)),
    (0, 1, 2, 3, 4, 5),
)
"""Which maps of S2 each map of C3 sees in LeNet-5.

Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), table I.
"""


def _window(params: Params, shape: Shape) -> Window:
    return window(shape[1], shape[2], params["kernel_size"], params["stride"], params["padding"])


_WINDOWED = Windowed("filter", _window, frozenset({"padding"}))


def _num_connections(params: Params) -> int:
    return sum(len(row) for row in params["table"])


def _shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    wrong = need_map("A convolution", shape)
    if wrong:
        return wrong
    table, channels = params["table"], shape[0]
    if max(row[-1] for row in table) >= channels:
        return _beyond_the_maps(table, channels)
    inferred = infer_window(_WINDOWED, params, shape, len(table))
    unseen = sorted(set(range(channels)) - {n for row in table for n in row})
    return (
        Inferred(inferred.shape, (*inferred.findings, _unseen(unseen, table, channels)))
        if unseen
        else inferred
    )


def _beyond_the_maps(table: tuple[tuple[int, ...], ...], channels: int) -> Inferred:
    def fixes() -> tuple[FixSpec, ...]:
        found = []
        kept = tuple(row for row in (tuple(n for n in row if n < channels) for row in table) if row)
        if len(kept) == len(table):
            found.append(FixSpec("Leave out the maps that are not there", {"table": kept}))
        found.append(_all_maps(table, channels))
        return tuple(found)

    return failed(
        "connection_out_of_range",
        f"The connection table names map {max(row[-1] for row in table)}, but the input has "
        f"{count_text(channels, 'map')}, counted from 0 to {channels - 1}. Change the table, or give the layer before "
        "more filters.",
        fixes,
        channels=channels,
        largest=max(row[-1] for row in table),
    )


def _all_maps(table: tuple[tuple[int, ...], ...], channels: int) -> FixSpec:
    return FixSpec("Join every filter to all maps", {"table": (tuple(range(channels)),) * len(table)})


def _unseen(unseen: list[int], table: tuple[tuple[int, ...], ...], channels: int) -> Finding:
    listed = ", ".join(map(str, unseen[:8])) + ("..." if len(unseen) > 8 else "")
    return Finding(
        "map_not_seen",
        "warning",
        f"No filter is joined to map {listed} of the {channels}, so what "
        f"{'it holds is' if len(unseen) == 1 else 'they hold is'} lost. Name {'it' if len(unseen) == 1 else 'them'} in the "
        "connection table, or use fewer filters in the layer before.",
        lambda: (_all_maps(table, channels),),
        {"unseen": unseen},
    )


def _tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    found = {"weight": Tensor((_num_connections(params), *params["kernel_size"]))}
    if params["bias"]:
        found["bias"] = Tensor((len(params["table"]),))
    return found


def _macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per connection, filter cell and place; cells of the table that are empty cost nothing."""
    return output[1] * output[2] * _num_connections(params) * product(params["kernel_size"])


def _subtitle(params: Params) -> str:
    return (
        f"{count_text(len(params['table']), 'filter')} · {count_text(_num_connections(params), 'connection')} · "
        f"stride {stride_text(params['stride'])}"
    )


def _sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    channels, height, width = inputs[0]
    filters, joined = len(params["table"]), _num_connections(params)
    return (
        f"{count_text(filters, 'filter')} on {channels} maps of {height} × {width}: {joined} of {filters * channels} "
        "possible connections, each with a filter slice of its own."
    )


CONNECTION_CONV2D = LayerSpec(
    id="connection_conv2d",
    family=Family.CONVOLUTION,
    title="Convolution with table",
    help="A convolution in which a table says which input maps each filter sees, as in C3 of LeNet-5 (1998). It has "
    "fewer weights than a full convolution, and different filters are forced to learn different features.",
    infer=_shape,
    params=(
        Connections(
            "table",
            "Connections",
            "Per filter the input maps it sees, counted from 0; a semicolon begins the next filter.",
            LENET5_TABLE,
        ),
        Pair("kernel_size", "Filter size", "Height × width of each filter.", (5, 5), maximum=1_000),
        Pair("stride", "Stride", "How far the filter moves each step.", (1, 1), maximum=1_000, short=True),
        Sides(
            "padding",
            "Padding",
            "Rows and columns of zeros around the map. The word same keeps the size at stride 1.",
            (0, 0, 0, 0),
            maximum=1_000,
            allows_same=True,
        ),
        Flag("bias", "Bias", "Adds one trainable number per filter.", True, advanced=True),
    ),
    tensors=_tensors,
    macs=_macs,
    window=_window,
    caption=lambda params: f"Conv {size_text(params['kernel_size'])} with table",
    subtitle=_subtitle,
    sentence=_sentence,
    keywords=("connection table", "lenet", "partial", "sparse", "conv"),
)

LAYERS = (CONNECTION_CONV2D,)
