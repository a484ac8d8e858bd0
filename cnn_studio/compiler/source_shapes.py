"""How layers that choose, rearrange or pad values are written as PyTorch code."""

from __future__ import annotations

from collections.abc import Sequence

from cnn_studio.compiler.source_words import LayerCode, Quoted, Writer, arguments, expression, number
from cnn_studio.graph.spec import Params, Shape


def _pad2d(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    top, bottom, left, right = params["padding"]
    sides = number((left, right, top, bottom))
    if params["mode"] == "constant":
        value = params["value"]
        return LayerCode(f"nn.ConstantPad2d({sides}, {value!r})" if value else f"nn.ZeroPad2d({sides})")
    kind = {"reflect": "ReflectionPad2d", "replicate": "ReplicationPad2d", "circular": "CircularPad2d"}
    return LayerCode(f"nn.{kind[params['mode']]}({sides})")


def _range(begin: int, end: int) -> str:
    """Return a slice that leaves out `begin` cells at the start and `end` at the end."""
    return f"{begin or ''}:{-end if end else ''}"


def _crop2d(params: Params, names: Sequence[str]) -> str:
    top, bottom, left, right = params["sides"]
    return f"{names[0]}[:, :, {_range(top, bottom)}, {_range(left, right)}]"


def _upsample(params: Params, inputs: tuple[Shape, ...]) -> LayerCode:
    mode, rows_columns = params["mode"], params["scale"]
    code = arguments(
        scale_factor=(rows_columns, None),
        mode=(Quoted(mode), Quoted("nearest")),
        align_corners=(params["align_corners"] and mode != "nearest", False),
    )
    return LayerCode(f"nn.Upsample({code})")


def _axes(first: str, sizes: Sequence[int]) -> str:
    return ", ".join([first, *map(str, sizes)])


WRITERS: dict[str, Writer] = {
    "pad2d": _pad2d,
    "crop2d": expression(_crop2d),
    "upsample": _upsample,
    "pixel_shuffle": lambda params, inputs: LayerCode(f"nn.PixelShuffle({params['factor']})"),
    "space_to_depth": lambda params, inputs: LayerCode(f"nn.PixelUnshuffle({params['factor']})"),
    "channel_shuffle": lambda params, inputs: LayerCode(
        f"ChannelShuffle({params['groups']})", helper="ChannelShuffle"
    ),
    "chunk": expression(lambda p, names: f"{names[0]}.chunk({p['parts']}, dim=1)[{p['index']}]"),
    "channel_slice": expression(lambda p, names: f"{names[0]}[:, {p['start']}:{p['stop']}]"),
    "scale_shift": expression(
        lambda p, names: f"{names[0]} * {p['scale']!r} {'-' if p['shift'] < 0 else '+'} {abs(p['shift'])!r}"
    ),
    "reshape": expression(
        lambda p, names: f"{names[0]}.reshape({_axes(f'{names[0]}.shape[0]', p['shape'])})"
    ),
    "permute": expression(lambda p, names: f"{names[0]}.permute({_axes('0', [n + 1 for n in p['order']])})"),
}
"""The writers of this module by layer type."""
