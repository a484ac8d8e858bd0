"""Axes whose numbers read as everywhere else in the program. Import late: this needs pyqtgraph."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pyqtgraph as pg

from cnn_studio.ui.plots.gradient_bars import value_text
from cnn_studio.ui.plots.spec import Kind, bytes_text, time_text

_FEW = 1.7  # decades; below that the 2 and the 5 between two powers of ten are wanted too


class NumberAxis(pg.AxisItem):  # type: ignore[misc]  # pyqtgraph has no types
    """An axis of one kind of numbers; on a logarithmic one positions are the logarithms to base 10.

    Attributes:
        is_log: whether positions are logarithms.
        kind: how numbers read; ``time`` are seconds.
    """

    def __init__(self, orientation: str, kind: Kind | str) -> None:
        super().__init__(orientation)
        self.kind = kind
        self.is_log = False

    def tickValues(self, low: float, high: float, size: float) -> list[tuple[float, list[float]]]:
        """Return where numbers stand: (spacing, positions) of each level."""
        if not self.is_log:
            found: list[tuple[float, list[float]]] = super().tickValues(low, high, size)
            return found
        digits = (1.0,) if high - low > _FEW else (1.0, 2.0, 5.0) if high - low > 0.5 else tuple(range(1, 10))
        stride = max(1, math.ceil((high - low) / 9))
        at = [
            decade + math.log10(digit)
            for decade in range(math.floor(low), math.ceil(high) + 1, stride)
            for digit in digits
        ]
        return [(1.0, [value for value in at if low <= value <= high])]

    def tickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
        """Return how the numbers at some positions read."""
        if self.is_log:
            return [self._text(10**value, 0.0) for value in values]
        if self.kind in ("count", "bytes", "time"):
            return [self._text(value, spacing) for value in values]
        found: list[str] = super().tickStrings(values, scale, spacing)
        return found

    def _text(self, value: float, spacing: float) -> str:
        if self.kind == "percent":
            return f"{100 * value:.3g}"
        if self.kind == "count":
            return f"{value:,.0f}"
        if self.kind == "bytes":
            return bytes_text(value) if value > 0 else "0"
        if self.kind == "time":
            return time_text(value) if spacing >= 1 or value >= 60 else f"{value:.3g} s"
        return value_text(value)
