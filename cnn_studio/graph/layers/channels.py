"""Layers that choose or rearrange channels: shuffle, chunk, slice; and fixed scaling of the values."""

from __future__ import annotations

from cnn_studio.core.params import Integer, Real
from cnn_studio.graph.layers.common import count_text, divisor_fixes, need_map, same_shape
from cnn_studio.graph.spec import Family, FixSpec, Inferred, LayerSpec, Params, Shape, failed, product


def _shuffle_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, groups = inputs[0], params["groups"]
    wrong = need_map("A channel shuffle", shape)
    if wrong:
        return wrong
    if shape[0] % groups == 0:
        return Inferred(shape)
    return failed(
        "groups_do_not_divide",
        f"{groups} groups must divide the {shape[0]} channels, because every group takes an equal share of them.",
        lambda: divisor_fixes(shape[0], groups, "groups", "Groups"),
        groups=groups,
        in_channels=shape[0],
    )


CHANNEL_SHUFFLE = LayerSpec(
    id="channel_shuffle",
    family=Family.SHAPE,
    title="Channel shuffle",
    help="Deals the channels of all groups out in turn, like cards: first of group 1, first of group 2, and so on. "
    "Between grouped convolutions it lets the groups learn from each other, as in ShuffleNet.",
    infer=_shuffle_shape,
    params=(
        Integer(
            "groups", "Groups", "Into how many equal groups the channels are divided.", 2, maximum=65_536
        ),
    ),
    subtitle=lambda params: count_text(params["groups"], "group"),
    keywords=("shufflenet", "permute", "mix", "grouped"),
)


def chunk_range(channels: int, parts: int, index: int) -> tuple[int, int]:
    """Return where share number `index` begins and ends.

    PyTorch's rounding: every share has ⌈channels / parts⌉ channels but the last, which has what is left; there
    may be fewer shares than asked for. The range is empty where there is no such share.
    """
    size = -(-channels // parts)
    return min(index * size, channels), min((index + 1) * size, channels)


def _chunk_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, parts, index = inputs[0], params["parts"], params["index"]
    channels = shape[0]
    begin, end = chunk_range(channels, parts, index)
    if begin < end:
        return Inferred((end - begin, *shape[1:]))
    shares = -(-channels // -(-channels // parts))

    def fixes() -> tuple[FixSpec, ...]:
        found = [FixSpec(f"Take the last share, number {shares - 1}", {"index": shares - 1})]
        if index < channels:
            found.append(FixSpec(f"Parts {channels}", {"parts": channels}))
        return tuple(found)

    return failed(
        "no_such_share",
        f"{count_text(channels, 'channel')} in {parts} parts give {count_text(shares, 'share')}, counted from 0, so there is no share "
        f"number {index}. Take another, or change the number of parts.",
        fixes,
        channels=channels,
        shares=shares,
        index=index,
    )


CHUNK = LayerSpec(
    id="chunk",
    family=Family.SHAPE,
    title="Split channels",
    help="Divides the channels into equal shares and gives one of them; use one such layer for each share. ShuffleNet "
    "sends one half of the channels through a branch and keeps the other.",
    infer=_chunk_shape,
    params=(
        Integer("parts", "Parts", "Number of equal shares; 2 makes halves.", 2, maximum=65_536),
        Integer(
            "index", "Share", "Which of them this layer gives, counted from 0.", 0, minimum=0, maximum=65_535
        ),
    ),
    subtitle=lambda params: f"share {params['index']} of {params['parts']}",
    keywords=("chunk", "split", "half", "shufflenet", "divide"),
)


def _slice_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, start, stop = inputs[0], params["start"], params["stop"]
    channels = shape[0]
    if start < stop <= channels:
        return Inferred((stop - start, *shape[1:]))

    def fixes() -> tuple[FixSpec, ...]:
        if start < channels:
            return (FixSpec(f"Stop at {channels}", {"stop": channels}),)
        return (FixSpec(f"All {channels} channels", {"start": 0, "stop": channels}),)

    return failed(
        "channels_out_of_range",
        f"Channels {start} up to, but without, {stop} are not all there: the input has {count_text(channels, 'channel')}, counted "
        "from 0, and the first must come before the end.",
        fixes,
        channels=channels,
        start=start,
        stop=stop,
    )


CHANNEL_SLICE = LayerSpec(
    id="channel_slice",
    family=Family.SHAPE,
    title="Choose channels",
    help="Gives some of the channels, from one number up to another, and leaves out the rest. For example the red plane "
    "of an RGB image: start 0, stop 1.",
    infer=_slice_shape,
    params=(
        Integer("start", "Start", "First channel, counted from 0.", 0, minimum=0, maximum=999_999),
        Integer("stop", "Stop", "The channel before which to stop.", 1, maximum=1_000_000),
    ),
    subtitle=lambda params: f"{params['start']} to {params['stop'] - 1}",
    keywords=("slice", "select", "narrow", "index", "part"),
)


def _scale_shift_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per value."""
    return product(output)


SCALE_SHIFT = LayerSpec(
    id="scale_shift",
    family=Family.SHAPE,
    title="Scale and shift",
    help="y = a·x + b with two fixed numbers, which are not trained. It brings images or maps to another range, for "
    "example 0..1 to −1..1 with a = 2 and b = −1.",
    infer=same_shape,
    params=(
        Real("scale", "Factor a", "What every value is multiplied by.", 1.0, minimum=-1e6, maximum=1e6),
        Real("shift", "Offset b", "What is added then.", 0.0, minimum=-1e6, maximum=1e6),
    ),
    macs=_scale_shift_macs,
    subtitle=lambda params: (
        f"{params['scale']:g} · x {'−' if params['shift'] < 0 else '+'} {abs(params['shift']):g}"
    ),
    keywords=("rescale", "multiply", "add", "constant", "normalise", "rescaling", "affine", "scalinglayer"),
)

LAYERS = (CHANNEL_SHUFFLE, CHUNK, CHANNEL_SLICE, SCALE_SHIFT)
