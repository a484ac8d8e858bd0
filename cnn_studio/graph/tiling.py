"""Does the window tile its input? The findings of every layer that slides a window, and fixes that really work.

A fix is offered only after the window was computed again with it: symmetric padding adds 2p, so with stride 2 and
an odd I − f no p can help, and none is offered then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from cnn_studio.core.params import Value
from cnn_studio.graph.spec import Finding, FixSpec, Inferred, Params, Shape, failed
from cnn_studio.graph.window import SAME, Axis, Window

_NO_KEYS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Windowed:
    """How a layer type's parameters make a window, and which of them a fix may touch.

    Attributes:
        noun: what slides: ``filter`` or ``window``.
        window: (params, input shape) -> geometry.
        keys: the parameters the type has among stride, padding, ceil_mode.
        allowed: whether the type accepts changed parameters on that input (padding at most half a pooling
            window, a border that can be mirrored).
    """

    noun: str
    window: Callable[[Params, Shape], Window]
    keys: frozenset[str] = field(default=_NO_KEYS)
    allowed: Callable[[Params, Shape], bool] = lambda params, shape: True


def infer_window(layer: Windowed, params: Params, shape: Shape, channels: int) -> Inferred:
    """Return the output shape of a windowed layer and what there is to say about its tiling.

    Args:
        layer: the layer type's window.
        params: its parameters.
        shape: input shape (C, H, W).
        channels: number of output maps.
    """
    rows, columns = layer.window(params, shape)
    height = rows.output
    width = height if columns == rows else columns.output
    if height < 1 or width < 1:
        return _too_large(layer, params, shape, rows, columns)
    if rows.reaches_end(height) and columns.reaches_end(width):
        return Inferred((channels, height, width))
    return Inferred((channels, height, width), (_not_tiling(layer, params, shape, rows, columns),))


# --------------------------------------------------------------------------------------------- window too large


def _too_large(layer: Windowed, params: Params, shape: Shape, rows: Axis, columns: Axis) -> Inferred:
    padded = "" if rows.padded == rows.size and columns.padded == columns.size else ", padding included"
    message = (
        f"The {rows.span} × {columns.span} {layer.noun} is larger than its {rows.padded} × {columns.padded} "
        f"input{padded}, so there is no place to put it. Use a smaller {layer.noun}, more padding, or shrink "
        "the maps less in the layers before."
    )
    fixes = partial(_too_large_fixes, layer, dict(params), shape)
    data = {"input": [rows.padded, columns.padded], "filter": [rows.span, columns.span]}
    return failed("window_too_large", message, fixes, **data)


def _too_large_fixes(layer: Windowed, params: dict[str, Any], shape: Shape) -> tuple[FixSpec, ...]:
    rows, columns = layer.window(params, shape)
    found: list[FixSpec] = []
    fitting = (_fitting_filter(rows), _fitting_filter(columns))
    if min(fitting) >= 1:
        found += _worked(
            layer, params, shape, {"kernel_size": fitting}, f"{_name(layer)} {_pair(fitting)}", fitting=True
        )
    if "dilation" in params and tuple(params["dilation"]) != (1, 1):
        found += _worked(layer, params, shape, {"dilation": (1, 1)}, "Dilation 1", fitting=True)
    if "padding" in layer.keys and params["padding"] != SAME:
        pad_rows, pad_columns = _missing_padding(rows), _missing_padding(columns)
        padding = (pad_rows, pad_rows, pad_columns, pad_columns)
        found += _worked(
            layer,
            params,
            shape,
            {"padding": padding},
            f"Padding {_pair((pad_rows, pad_columns))}",
            fitting=True,
        )
    return tuple(found)


def _fitting_filter(axis: Axis) -> int:
    """Return the largest filter not above the present one that fits the padded axis."""
    return min(axis.filter, (axis.padded - 1) // axis.dilation + 1)


def _missing_padding(axis: Axis) -> int:
    """Return the smallest symmetric padding, not below the present one, with which the window fits."""
    return max(axis.before, axis.after, -(-(axis.span - axis.size) // 2))


# --------------------------------------------------------------------------------------------------- not tiling


def _not_tiling(layer: Windowed, params: Params, shape: Shape, rows: Axis, columns: Axis) -> Finding:
    lost = (rows.left_out, columns.left_out)
    image = (rows.left_out_image, columns.left_out_image)
    # A filter of one cell samples every s-th position: what lies behind the last is no more left out than
    # what lies between two positions.
    harmful = (image[0] and rows.span > 1) or (image[1] and columns.span > 1)
    one = sum(lost) == 1
    holds = "it holds" if one else "they hold"
    if not any(image):
        what = f"{holds} only padding zeros, so nothing of the image is lost"
    elif not harmful:
        what = f"{holds} image, but a 1 × 1 {layer.noun} only samples every {_ordinal(rows.stride)} position anyway"
    else:
        what = f"{holds} image that this layer never sees"
    message = (
        f"At stride {_pair((rows.stride, columns.stride))} the {rows.span} × {columns.span} {layer.noun} does not tile "
        f"the {rows.padded} × {columns.padded} input{' with padding' if _has_padding(rows, columns) else ''}: "
        f"{_formula(rows, columns)}. PyTorch rounds down to {rows.output} × {columns.output}, so the last "
        f"{_rows_and_columns(*lost)} {'is' if one else 'are'} left out; {what}."
    )
    if harmful and not _symmetric_padding_can_help(rows, columns) and "padding" in layer.keys:
        message += " Symmetric padding adds 2p, an even number, so it cannot help here."
    return Finding(
        "not_tiling",
        "warning" if harmful else "note",
        message,
        partial(_tiling_fixes, layer, dict(params), shape),
        {
            "exact": [str(float(rows.exact)), str(float(columns.exact))],
            "output": [rows.output, columns.output],
            "left_out_rows": rows.left_out,
            "left_out_columns": columns.left_out,
            "left_out_holds": "image" if any(image) else "zeros",
            "image_rows": image[0],
            "image_columns": image[1],
        },
    )


def _tiling_fixes(layer: Windowed, params: dict[str, Any], shape: Shape) -> tuple[FixSpec, ...]:
    rows, columns = layer.window(params, shape)
    found: list[FixSpec] = []
    for changes, label in _candidates(layer, params, rows, columns):
        found += _worked(layer, params, shape, changes, label)
    found += _input_sizes(layer, params, shape)
    unique: dict[str, FixSpec] = {fix.label: fix for fix in found}
    return tuple(unique.values())


def _candidates(
    layer: Windowed, params: dict[str, Any], rows: Axis, columns: Axis
) -> Iterator[tuple[dict[str, Value], str]]:
    """Yield changes worth trying, the mildest first; the caller keeps those that tile."""
    stride = (_nearest_stride(rows), _nearest_stride(columns))
    yield {"stride": stride}, f"Stride {_pair(stride)}"
    if stride != (1, 1):
        yield {"stride": (1, 1)}, "Stride 1"
    for step in (-1, 1):
        filters = (_nearest_filter(rows, step), _nearest_filter(columns, step))
        if filters[0] and filters[1]:
            yield (
                {"kernel_size": (filters[0], filters[1])},
                f"{_name(layer)} {_pair((filters[0], filters[1]))}",
            )
    if "padding" in layer.keys:
        yield from _paddings(rows, columns)
    if "ceil_mode" in layer.keys and not params["ceil_mode"]:
        yield {"ceil_mode": True}, "Round up (ceil mode)"


def _nearest_stride(axis: Axis) -> int:
    """Return the largest stride not above the present one that divides the way of the window."""
    way = axis.padded - axis.span
    return next(s for s in range(axis.stride, 0, -1) if way % s == 0)


def _nearest_filter(axis: Axis, step: int) -> int | None:
    """Return the nearest filter size below (step −1) or above (+1) that tiles; the present one if it does."""
    if axis.tiles():
        return axis.filter
    for size in range(axis.filter + step, axis.filter + step * (axis.stride + 1), step):
        if size >= 1 and axis._replace(filter=size).tiles():
            return size
    return None


def _paddings(rows: Axis, columns: Axis) -> Iterator[tuple[dict[str, Value], str]]:
    for step in (1, -1):
        sides = (_nearest_padding(rows, step), _nearest_padding(columns, step))
        if sides[0] is not None and sides[1] is not None:
            padding = (sides[0], sides[0], sides[1], sides[1])
            yield {"padding": padding}, f"Padding {_pair((sides[0], sides[1]))}"
    # one-sided: add what the last window lacks, or take away zeros that no window reaches
    more = (_lacking(rows), _lacking(columns))
    yield (
        {"padding": (rows.before, rows.after + more[0], columns.before, columns.after + more[1])},
        _one_sided("Pad", more),
    )
    less = (min(rows.left_out, rows.after), min(columns.left_out, columns.after))
    if any(less):
        yield (
            {"padding": (rows.before, rows.after - less[0], columns.before, columns.after - less[1])},
            _one_sided("Pad less:", less),
        )


def _nearest_padding(axis: Axis, step: int) -> int | None:
    """Return the nearest symmetric padding above (+1) or below (−1) that tiles, narrower than the window."""
    if axis.tiles() and axis.before == axis.after:
        return axis.before
    start = max(axis.before, axis.after)
    for p in range(start + step, start + step * (axis.stride + 1), step):
        if 0 <= p < axis.span and axis._replace(before=p, after=p).tiles():
            return p
    return None


def _symmetric_padding_can_help(rows: Axis, columns: Axis) -> bool:
    return all(
        any(axis._replace(before=p, after=p).tiles() for p in range(axis.stride * 2 + axis.span))
        for axis in (rows, columns)
    )


def _lacking(axis: Axis) -> int:
    return (axis.stride - axis.left_out) % axis.stride if axis.left_out else 0


def _one_sided(verb: str, cells: tuple[int, int]) -> str:
    bottom, right = cells
    if bottom == right:
        return f"{verb} bottom and right by {bottom}"
    parts = [f"{side} by {n}" for side, n in (("bottom", bottom), ("right", right)) if n]
    return f"{verb} " + " and ".join(parts)


def _input_sizes(layer: Windowed, params: dict[str, Any], shape: Shape) -> Iterator[FixSpec]:
    """Yield the nearest input sizes that tile; they apply only where the layer reads the network's input."""
    for step in (-1, 1):
        size = [_nearest_size(layer, params, shape, axis, step) for axis in (0, 1)]
        if size[0] and size[1]:
            after = layer.window(params, (shape[0], size[0], size[1]))
            label = f"Input {_pair((size[0], size[1]))} → {after.rows.output} × {after.columns.output}"
            yield FixSpec(label, input_size=(size[0], size[1]))


def _nearest_size(layer: Windowed, params: dict[str, Any], shape: Shape, axis: int, step: int) -> int | None:
    present = layer.window(params, shape)[axis]
    if present.tiles():
        return present.size
    for size in range(present.size + step, present.size + step * (present.stride + 1), step):
        if size < 1:
            return None
        changed = (shape[0], size, shape[2]) if axis == 0 else (shape[0], shape[1], size)
        if layer.window(params, changed)[axis].tiles():
            return size
    return None


def _worked(
    layer: Windowed,
    params: dict[str, Any],
    shape: Shape,
    changes: dict[str, Value],
    label: str,
    *,
    fitting: bool = False,
) -> list[FixSpec]:
    """Return the change as a fix if the window then fits and, unless only `fitting` is asked, tiles."""
    if all(params.get(key) == value for key, value in changes.items()):
        return []
    changed = {**params, **changes}
    if not layer.allowed(changed, shape):
        return []
    rows, columns = layer.window(changed, shape)
    if min(rows.output, columns.output) < 1 or not (fitting or (rows.tiles() and columns.tiles())):
        return []
    return [FixSpec(f"{label} → {rows.output} × {columns.output}", changes)]


# --------------------------------------------------------------------------------------------------------- words


def _name(layer: Windowed) -> str:
    return layer.noun.capitalize()


def _pair(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} × {pair[1]}"


def _has_padding(rows: Axis, columns: Axis) -> bool:
    return rows.padded != rows.size or columns.padded != columns.size


def padding_term(axis: Axis) -> str:
    """Return the padding as it stands in the formula: ``2·1``, or ``(3 + 2)`` where the sides differ."""
    return f"2·{axis.before}" if axis.before == axis.after else f"({axis.before} + {axis.after})"


def _axis_formula(axis: Axis) -> str:
    return f"({axis.size} − {axis.span} + {padding_term(axis)})/{axis.stride} + 1 = {decimal(axis)}"


def _formula(rows: Axis, columns: Axis) -> str:
    if rows == columns:
        return _axis_formula(rows)
    return f"height {_axis_formula(rows)}, width {_axis_formula(columns)}"


def decimal(axis: Axis) -> str:
    """Return the exact value of the formula with at most two decimals, such as ``5.5`` or ``3.33``."""
    exact = axis.exact
    return str(exact.numerator) if exact.denominator == 1 else f"{float(exact):.2f}".rstrip("0")


def _ordinal(number: int) -> str:
    endings = {1: "st", 2: "nd", 3: "rd"}
    ending = "th" if 10 <= number % 100 <= 20 else endings.get(number % 10, "th")
    return "second" if number == 2 else f"{number}{ending}"


def _rows_and_columns(rows: int, columns: int) -> str:
    def counted(number: int, noun: str) -> str:
        return noun if number == 1 else f"{number} {noun}s"

    if rows == columns == 1:
        return "row and column"
    if rows == columns:
        return f"{rows} rows and columns"
    return " and ".join(counted(n, noun) for n, noun in ((rows, "row"), (columns, "column")) if n)
