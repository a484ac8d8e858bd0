"""Where a layer's window slides: its positions in order, its frame of padding, what it never sees, and what to call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from cnn_studio.core.errors import GraphError
from cnn_studio.insight.regions import Cell
from cnn_studio.insight.windows import Box, NeverSeen, box_of, never_seen, window_positions

if TYPE_CHECKING:
    from cnn_studio.graph.window import Axis
    from cnn_studio.insight.maps import Look

_MOST_NAMED = 6


class Frame(NamedTuple):
    """Rows and columns of padding around a map."""

    top: int = 0
    left: int = 0
    bottom: int = 0
    right: int = 0


class Fact(NamedTuple):
    """A number of a layer, and what it means."""

    text: str
    help: str


class Slides:
    """The cells of one layer in the order in which its window makes them: row by row, from left to right.

    Layers without a window are gone through in the same order, with no rectangle.
    """

    def __init__(self, look: Look, layer_id: int) -> None:
        self.layer_id = layer_id
        self.shape = look.layers[layer_id].shape
        self._layer = look.network.document.layer(layer_id)
        report = look.network.report
        self.never = NeverSeen((), ())
        self._positions = None
        try:
            self._positions = window_positions(report, layer_id)
            self.never = never_seen(report, layer_id)
        except GraphError:
            pass  # it slides no window

    @property
    def has_window(self) -> bool:
        """Whether the layer slides a window over its input."""
        return self._positions is not None

    def __len__(self) -> int:
        return self.shape[1] * self.shape[2] if len(self.shape) == 3 else self.shape[0]

    def cell(self, number: int, channel: int = 0) -> Cell:
        """Return the cell that comes at a place in the order."""
        if len(self.shape) != 3:
            return (number,)
        return (channel, *divmod(number, self.shape[2]))

    def number(self, cell: Cell) -> int:
        """Return a cell's place in the order."""
        return cell[1] * self.shape[2] + cell[2] if len(cell) == 3 else cell[0]

    def moved(self, cell: Cell, rows: int, columns: int) -> Cell:
        """Return the cell beside another, or itself at the border."""
        if len(cell) != 3:
            return (min(max(cell[0] + columns + rows, 0), self.shape[0] - 1),)
        channel, row, column = cell
        _, height, width = self.shape
        return (channel, min(max(row + rows, 0), height - 1), min(max(column + columns, 0), width - 1))

    def box(self, cell: Cell) -> Box | None:
        """Return where the window of a cell lies; None without a window."""
        if self._positions is None or len(cell) != 3:
            return None
        return box_of(self._positions.window, cell[1], cell[2])

    @property
    def frame(self) -> Frame:
        """The padding, with what a window hangs over the end."""
        if self._positions is None:
            return Frame()
        rows, columns = self._positions.window
        return Frame(rows.before, columns.before, _behind(rows), _behind(columns))

    @property
    def never_text(self) -> str:
        """What no window reaches; empty where all is seen."""
        parts = [
            named for named in (_named("row", self.never.rows), _named("column", self.never.columns)) if named
        ]
        if not parts:
            return ""
        count = len(self.never.rows) + len(self.never.columns)
        text = " and ".join(parts)
        return f"{text[0].upper()}{text[1:]} {'is' if count == 1 else 'are'} never seen: no window reaches {'it' if count == 1 else 'them'}."

    def facts(self, bias: float | None = None, divisor: float | None = None) -> list[Fact]:
        """Return the window's numbers with a sentence on each.

        Args:
            bias: of the chosen cell, where it has one.
            divisor: by which an average is divided.
        """
        found = []
        if self._positions is not None:
            rows, columns = self._positions.window
            size, stride = _pair(rows.filter, columns.filter), _pair(rows.stride, columns.stride)
            found.append(
                Fact(
                    f"window {size}",
                    f"The window covers {size} cells of each map below at a time; its numbers are the same everywhere.",
                )
            )
            found.append(
                Fact(
                    f"stride {_short(rows.stride, columns.stride)}",
                    f"The stride is how many cells the window moves on at each step: {stride} here. A stride of 2 halves the map.",
                )
            )
            frame = self.frame
            if any(frame):
                mode = self._layer.params.get("padding_mode", "zeros")
                what = "zeros" if mode == "zeros" else f"values taken from the map itself ({mode})"
                if "max" in self._layer.type:
                    what = "cells that never win"
                found.append(
                    Fact(
                        f"padding {_short(max(frame.top, frame.bottom), max(frame.left, frame.right))}",
                        f"Padding is a frame of {what} around the map, so that the window can lie on its border too.",
                    )
                )
            if (rows.dilation, columns.dilation) != (1, 1):
                found.append(
                    Fact(
                        f"dilation {_short(rows.dilation, columns.dilation)}",
                        "Dilation leaves gaps between the window's cells: it sees farther with as many weights.",
                    )
                )
        if bias is not None:
            found.append(
                Fact(
                    "bias",
                    "The bias is one trained number per filter, added to every sum; it shifts the whole map.",
                )
            )
        if divisor is not None and self.has_window:
            found.append(
                Fact(
                    f"divided by {divisor:,g}",
                    "An average adds up what lies under the window and divides by the number of cells.",
                )
            )
        return found


def _behind(axis: Axis) -> int:
    end = (axis.output - 1) * axis.stride - axis.before + axis.span
    return max(axis.after, end - axis.size, 0)


def _pair(rows: int, columns: int) -> str:
    return f"{rows} × {columns}"


def _short(rows: int, columns: int) -> str:
    return f"{rows}" if rows == columns else _pair(rows, columns)


def _named(word: str, numbers: Sequence[int]) -> str:
    if not numbers:
        return ""
    if len(numbers) == 1:
        return f"{word} {numbers[0]}"
    if len(numbers) > _MOST_NAMED:
        if numbers[-1] - numbers[0] + 1 == len(numbers):
            return f"{word}s {numbers[0]} to {numbers[-1]}"
        return f"{len(numbers)} {word}s"
    return f"{word}s {', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"
