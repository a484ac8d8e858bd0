"""How a number of each layer went over a run, in a table of bounded size. Import late: this needs numpy."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn_studio.ui.plots.series import Floats

MOST_ROWS = 1024
"""Measurements that are kept; of a longer run every second, then every fourth..."""


class LayerHistory:
    """Measurements as rows, layers as columns.

    Attributes:
        paths: the layers in the order of the network.
    """

    def __init__(self) -> None:
        self.paths: tuple[str, ...] = ()
        self._steps = np.zeros(MOST_ROWS)
        self._values = np.zeros((MOST_ROWS, 0))
        self._size = 0
        self._every = 1  # of what comes, this many make one row
        self._skipped = 0

    def __len__(self) -> int:
        return self._size

    def clear(self) -> None:
        """Forget everything."""
        self.paths, self._size, self._every, self._skipped = (), 0, 1, 0

    def add(self, step: int, pairs: Sequence[tuple[str, float]]) -> None:
        """Add a measurement: (layer, value) in the order of the network. Other layers begin a new history."""
        paths = tuple(path for path, _ in pairs)
        if paths != self.paths:
            self.clear()
            self.paths = paths
            self._values = np.zeros((MOST_ROWS, len(paths)))
        self._skipped += 1
        if self._skipped < self._every:
            return
        self._skipped = 0
        if self._size == MOST_ROWS:
            half = MOST_ROWS // 2
            self._steps[:half] = self._steps[1::2]
            self._values[:half] = self._values[1::2]
            self._size = half
            self._every *= 2
        self._steps[self._size] = step
        self._values[self._size] = [value for _, value in pairs]
        self._size += 1

    @property
    def steps(self) -> Floats:
        """The step of each measurement, rising."""
        return self._steps[: self._size]

    @property
    def values(self) -> Floats:
        """The numbers, of shape [measurements, layers]."""
        return self._values[: self._size]

    def logarithms(self) -> Floats:
        """Return the logarithms to base 10; what has none is NaN."""
        values = self.values
        return np.log10(np.where(np.isfinite(values) & (values > 0), values, np.nan))

    def thinned(self, columns: int) -> tuple[Floats, Floats]:
        """Return steps and mean logarithms of at most so many columns, of shapes [C] and [C, layers]."""
        logs = self.logarithms()
        if self._size <= columns:
            return self.steps, logs
        starts = np.linspace(0, self._size, columns, endpoint=False).astype(np.intp)
        good = np.isfinite(logs)
        held = np.add.reduceat(good.astype(np.float64), starts, axis=0)
        total = np.add.reduceat(np.where(good, logs, 0.0), starts, axis=0)
        mean = np.divide(total, held, out=np.full(held.shape, np.nan), where=held > 0)
        return self.steps[starts], mean
