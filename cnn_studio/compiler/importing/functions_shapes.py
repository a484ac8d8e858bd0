"""Rules for functions that move values: reshape, permute, slices and shares of channels, padding, shuffles.

Each rule has the signature of the PyTorch function it reads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cnn_studio.compiler.importing.draft import Draft, Reader

Sides = tuple[int, int, int, int]


def reshape(ctx: Reader, input: Any, *args: Any, **kwargs: Any) -> Draft:
    """Whatever keeps the order of values: view, reshape, flatten, squeeze, unsqueeze, unflatten."""
    before, after = ctx.source(input).shape, ctx.shape
    if before == after:
        return ctx.source(input)
    if len(after) == 1:
        return ctx.layer("flatten", [input])
    return ctx.layer("reshape", [input], shape=after)


def permute(ctx: Reader, input: Any, *axes: Any, dims: Any = ()) -> Draft:
    """Axes in another order."""
    dims = axes or tuple(dims)
    order = tuple(dims[0]) if len(dims) == 1 and not isinstance(dims[0], int) else dims
    return _permuted(ctx, input, order)


def transpose(ctx: Reader, input: Any, dim0: int, dim1: int) -> Draft:
    """Two axes exchanged."""
    order = list(range(len(ctx.shape) + 1))
    dim0, dim1 = dim0 % len(order), dim1 % len(order)
    order[dim0], order[dim1] = order[dim1], order[dim0]
    return _permuted(ctx, input, order)


def movedim(ctx: Reader, input: Any, source: Any, destination: Any) -> Draft:
    """One axis moved to another place."""
    if not (isinstance(source, int) and isinstance(destination, int)):
        ctx.refuse("moves several axes at once; permute them")
    order = list(range(len(ctx.shape) + 1))
    order.insert(destination % len(order), order.pop(source % len(order)))
    return _permuted(ctx, input, order)


def _permuted(ctx: Reader, input: Any, order: Sequence[int]) -> Draft:
    axes = [axis % (len(ctx.shape) + 1) for axis in order]
    if axes[0] != 0:
        ctx.refuse("moves the batch axis")
    if axes == list(range(len(axes))):
        return ctx.source(input)
    return ctx.layer("permute", [input], order=tuple(axis - 1 for axis in axes[1:]))


def getitem(ctx: Reader, input: Any, index: Any) -> Draft:
    """A range of channels or a cut-out of the map; ``None`` adds an axis."""
    entries = list(index) if isinstance(index, tuple) else [index]
    source = ctx.source(input)
    rank = len(source.shape) + 1
    if Ellipsis in entries:
        at = entries.index(Ellipsis)
        given = len([entry for entry in entries if entry is not None and entry is not Ellipsis])
        entries[at : at + 1] = [slice(None)] * (rank - given)
    if None in entries and all(entry is None or entry == slice(None) for entry in entries):
        return reshape(ctx, input)
    entries += [slice(None)] * (rank - len(entries))
    if any(not isinstance(e, slice) or e.step not in {None, 1} for e in entries) or entries[0] != slice(None):
        ctx.refuse("takes other parts than a range of channels or a rectangle of a map")
    ranges = [entry.indices(size) for entry, size in zip(entries[1:], source.shape, strict=True)]
    here = source
    if ranges[0][:2] != (0, source.shape[0]):
        shape = (ranges[0][1] - ranges[0][0], *source.shape[1:])
        here = _slice(ctx, here, ranges[0][0], ranges[0][1], shape)
    if len(ranges) == 3:
        sides = _margins(ranges[1:], source.shape[1:])
        if any(sides):
            here = ctx.layer("crop2d", [here], None, ctx.shape, sides=sides)
    elif any(entry != slice(None) for entry in entries[2:]):
        ctx.refuse("takes a part along an axis that is neither channels nor height or width")
    return here


def _margins(ranges: Sequence[tuple[int, int, int]], sizes: Sequence[int]) -> Sides:
    (top, bottom, _), (left, right, _) = ranges
    return top, sizes[0] - bottom, left, sizes[1] - right


def _slice(ctx: Reader, source: Any, start: int, stop: int, shape: tuple[int, ...]) -> Draft:
    return ctx.layer("channel_slice", [source], None, shape, start=start, stop=stop)


def narrow(ctx: Reader, input: Any, dim: int, start: int, length: int) -> Draft:
    """A range along one axis."""
    entries = [slice(None)] * (len(ctx.shape) + 1)
    entries[dim] = slice(start, start + length)
    return getitem(ctx, input, tuple(entries))


def split(ctx: Reader, input: Any, split_size: Any = None, dim: int = 0, **kwargs: Any) -> tuple[Draft, ...]:
    """Ranges of channels, one layer each."""
    _check_channels(ctx, dim)
    found, start = [], 0
    for output in ctx.call.outputs:
        stop = start + output.shape[0]
        found.append(_slice(ctx, input, start, stop, output.shape))
        start = stop
    return tuple(found)


def chunk(ctx: Reader, input: Any, chunks: int, dim: int = 0) -> tuple[Draft, ...]:
    """Equal shares of the channels, one layer each."""
    _check_channels(ctx, dim)
    return tuple(
        ctx.layer("chunk", [input], None, output.shape, parts=chunks, index=index)
        for index, output in enumerate(ctx.call.outputs)
    )


def _check_channels(ctx: Reader, dim: int) -> None:
    rank = len(ctx.shape) + 1
    if dim % rank != 1:
        ctx.refuse(f"divides axis {dim % rank}; layers divide channels, axis 1")


def pad(ctx: Reader, input: Any, pad: Any, mode: str = "constant", value: float | None = None) -> Draft:
    """Cells around a map; negative ones cut off."""
    sides = (*pad, *(0 for _ in range(4 - len(pad))))
    if len(sides) > 4 or len(ctx.shape) != 3:
        ctx.refuse("pads other axes than height and width of a map")
    left, right, top, bottom = sides
    around: Sides = (top, bottom, left, right)
    source = ctx.source(input)
    cut: Sides = (max(0, -top), max(0, -bottom), max(0, -left), max(0, -right))
    here = source
    if any(cut):
        _, height, width = source.shape
        shape = (source.shape[0], height - cut[0] - cut[1], width - cut[2] - cut[3])
        here = ctx.layer("crop2d", [source], None, shape, sides=cut)
    added: Sides = (max(0, around[0]), max(0, around[1]), max(0, around[2]), max(0, around[3]))
    if not any(added):
        return here
    return ctx.layer("pad2d", [here], padding=added, mode=mode, value=float(value or 0.0))


def pixel_shuffle(ctx: Reader, input: Any, upscale_factor: int) -> Draft:
    """Channels to space."""
    return ctx.layer("pixel_shuffle", [input], factor=upscale_factor)


def pixel_unshuffle(ctx: Reader, input: Any, downscale_factor: int) -> Draft:
    """Space to channels."""
    return ctx.layer("space_to_depth", [input], factor=downscale_factor)


def channel_shuffle(ctx: Reader, input: Any, groups: int) -> Draft:
    """Channels of several groups mixed."""
    return ctx.layer("channel_shuffle", [input], groups=groups)


_NAMED: tuple[Callable[..., Draft | tuple[Draft, ...]], ...] = (
    permute, transpose, movedim, getitem, narrow, split, chunk, pad, pixel_shuffle, pixel_unshuffle, channel_shuffle
)  # fmt: skip

RULES = {rule.__name__: rule for rule in _NAMED} | {
    "reshape": reshape, "view": reshape, "flatten": reshape, "squeeze": reshape, "unsqueeze": reshape,
    "unflatten": reshape, "view_as": reshape, "reshape_as": reshape, "split_with_sizes": split,
    "native_channel_shuffle": channel_shuffle, "constant_pad_nd": pad, "moveaxis": movedim,
}  # fmt: skip
