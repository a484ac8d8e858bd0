"""Where a sliding window lies on its input: cell by cell, position by position, and what no position reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple, overload

import numpy as np

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.window import Axis, Window

PADDING = -1
"""Stands where a window holds padding that is no cell of its input."""


class Box(NamedTuple):
    """A rectangle of cells: from `top` up to, but without, `bottom`, likewise `left` and `right`.

    Where it stands for a window, it may begin below 0 and end behind the map: there it lies on the padding.
    """

    top: int
    left: int
    bottom: int
    right: int

    @property
    def height(self) -> int:
        """Number of rows."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """Number of columns."""
        return self.right - self.left

    def clipped(self, height: int, width: int) -> Box:
        """Return the part that lies on a map of that size."""
        return Box(max(0, self.top), max(0, self.left), min(height, self.bottom), min(width, self.right))


class Position(NamedTuple):
    """One place of a window: the cell of the output that it gives, and where it lies on the input."""

    row: int
    column: int
    box: Box


class Positions(Sequence[Position]):
    """All places of a window in the order in which it slides: row by row, from left to right."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.rows, self.columns = window.rows.output, window.columns.output

    def __len__(self) -> int:
        return self.rows * self.columns

    @overload
    def __getitem__(self, at: int) -> Position: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Position]: ...
    def __getitem__(self, at: int | slice) -> Position | Sequence[Position]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"there are {len(self)} positions, no number {at}")
        row, column = divmod(at % len(self), self.columns)
        return Position(row, column, box_of(self.window, row, column))

    def __iter__(self) -> Iterator[Position]:
        return (self[at] for at in range(len(self)))


class NeverSeen(NamedTuple):
    """Rows and columns of a layer's input that none of its windows reads."""

    rows: tuple[int, ...]
    columns: tuple[int, ...]

    def __bool__(self) -> bool:
        return bool(self.rows or self.columns)


@dataclass(frozen=True, slots=True)
class _Slides:
    window: Window
    fill: str


def window_positions(report: ShapeReport, layer_id: int) -> Positions:
    """Return all places of a layer's window, for stepping through them.

    Raises:
        GraphError: the layer slides no window, or its input is not known.
    """
    return Positions(_slides(report, layer_id).window)


def never_seen(report: ShapeReport, layer_id: int) -> NeverSeen:
    """Return the rows and columns of a layer's input that no window reads.

    These are the last ones, where the window does not tile its input, and those between two places where the stride is
    larger than the window. Cells that a window reads only as the filling of its padding count as read.

    Raises:
        GraphError: the layer slides no window, or its input is not known.
    """
    slides = _slides(report, layer_id)
    unread = (~reads(axis, slides.fill).any(axis=1) for axis in slides.window)
    rows, columns = (tuple(int(n) for n in np.flatnonzero(missing)) for missing in unread)
    return NeverSeen(rows, columns)


def _slides(report: ShapeReport, layer_id: int) -> _Slides:
    layer, state = report.document.layer(layer_id), report.states[layer_id]
    spec = layer.spec
    if spec is None or spec.window is None:
        raise GraphError(f"{layer.path} slides no window over its input.")
    if state.shape is None or len(state.inputs[0]) != 3:
        raise GraphError(f"The input of {layer.path} is not known, so neither is where its window goes.")
    return _Slides(spec.window(layer.params, state.inputs[0]), layer.params.get("padding_mode", "zeros"))


def box_of(window: Window, row: int, column: int) -> Box:
    """Return where the window of an output cell lies on the input, gaps of dilation included."""
    rows, columns = window
    top, left = row * rows.stride - rows.before, column * columns.stride - columns.before
    return Box(top, left, top + rows.span, left + columns.span)


def cells(axis: Axis, at: int) -> np.ndarray:
    """Return which cells the window at output cell `at` covers along an axis, those of the padding too, int64 [filter]."""
    return np.arange(axis.filter) * axis.dilation + at * axis.stride - axis.before


def origins(axis: Axis, at: int, fill: str = "zeros") -> np.ndarray:
    """Return the input cells whose values the window at output cell `at` holds, int64 [filter].

    `PADDING` stands for zeros, and for cells behind the padding, over which rounding up lets a window hang.

    Args:
        axis: of the window.
        at: output cell.
        fill: what the padding holds: ``zeros``, ``reflect``, ``replicate`` or ``circular``.
    """
    place = cells(axis, at)
    return filled(place, axis.size, axis.after, fill)


def filled(place: np.ndarray, size: int, after: int, fill: str) -> np.ndarray:
    """Return the cells of a map that stand at places of the padded map, `PADDING` for none."""
    inside = (place >= 0) & (place < size)
    if fill == "replicate":
        found = np.clip(place, 0, size - 1)
    elif fill == "circular":
        found = place % size
    elif fill == "reflect" and size > 1:
        found = np.abs(place)
        found = np.where(found >= size, 2 * (size - 1) - found, found)
    else:
        return np.where(inside, place, PADDING)
    return np.where(place < size + after, found, PADDING)


@lru_cache(maxsize=256)
def reads(axis: Axis, fill: str = "zeros") -> np.ndarray:
    """Return which input cells each output cell reads along an axis, bool [size, output], not to be written into."""
    found = np.zeros((axis.size, axis.output), bool)
    for at in range(axis.output):
        here = origins(axis, at, fill)
        found[here[here != PADDING], at] = True
    found.flags.writeable = False
    return found
