"""The numbers behind a curve: arrays that grow, the smoothed line, and thinning to what pixels can show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_FIRST_CAPACITY = 1024


class Series:
    """Points with rising x, and their smoothed y, in arrays that double when full.

    The smoothed value is the exponential moving average with its bias corrected:
    ``s = beta s + (1 - beta) y``, shown as ``s / (1 - beta^n)`` (Adam's correction, Kingma and Ba 2015).

    Attributes:
        beta: weight of the past in the smoothed line; 0 smooths nothing.
    """

    def __init__(self, beta: float = 0.0) -> None:
        self.beta = beta
        self._data = np.empty((3, _FIRST_CAPACITY))  # x, y, smoothed y
        self._size = 0
        self._average = 0.0
        self._weight = 0.0

    def __len__(self) -> int:
        return self._size

    def clear(self, beta: float | None = None) -> None:
        """Forget all points; optionally smooth otherwise from now on."""
        self._size = 0
        self._average = self._weight = 0.0
        if beta is not None:
            self.beta = beta

    def append(self, x: float, y: float) -> None:
        """Add a point; a y that is no finite number leaves a gap and does not touch the smoothed line."""
        if self._size == self._data.shape[1]:
            larger = np.empty((3, 2 * self._size))
            larger[:, : self._size] = self._data
            self._data = larger
        if math.isfinite(y):
            self._average = self.beta * self._average + (1 - self.beta) * y
            self._weight = self.beta * self._weight + (1 - self.beta)
        smooth = self._average / self._weight if self._weight else math.nan
        self._data[:, self._size] = (x, y, smooth)
        self._size += 1

    @property
    def x(self) -> Floats:
        """A view of all x, not a copy."""
        return self._data[0, : self._size]

    @property
    def y(self) -> Floats:
        """A view of all y as they came."""
        return self._data[1, : self._size]

    @property
    def smooth(self) -> Floats:
        """A view of the smoothed y."""
        return self._data[2, : self._size]

    @property
    def last(self) -> float | None:
        """The last smoothed value, or None without points."""
        return float(self._data[2, self._size - 1]) if self._size else None

    def nearest(self, x: float) -> int | None:
        """Return the index of the point nearest to `x`, or None without points."""
        if not self._size:
            return None
        at = int(np.searchsorted(self.x, x))
        if at == self._size or (at > 0 and x - self.x[at - 1] < self.x[at] - x):
            at -= 1
        return at


def visible(x: Floats, first: float, last: float) -> slice:
    """Return the part of the rising `x` from `first` to `last` with one point more on each side."""
    start = int(np.searchsorted(x, first)) - 1
    stop = int(np.searchsorted(x, last, side="right")) + 1
    return slice(max(0, start), stop)


def envelope(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """Thin a line to its lowest and highest point per column; peaks stay, the rest could not be seen.

    Args:
        x: rising, shape [N].
        y: shape [N]; what is not finite counts only where a column holds nothing else.
        columns: number of pixel columns, at least 1.

    Returns:
        x and y of at most ``2 * columns`` points, or the arrays as they are if they have no more.
    """
    if len(x) <= 2 * columns:
        return x, y
    starts = np.linspace(0, len(x), columns, endpoint=False).astype(np.intp)
    low = np.fmin.reduceat(y, starts)
    high = np.fmax.reduceat(y, starts)
    thin_x = np.repeat(x[starts], 2)
    thin_y = np.empty(2 * columns)
    thin_y[0::2] = low
    thin_y[1::2] = high
    return thin_x, thin_y


def every(x: Floats, y: Floats, count: int) -> tuple[Floats, Floats]:
    """Thin a smooth line to at most `count` points, evenly, with the last one kept."""
    if len(x) <= count:
        return x, y
    chosen = np.linspace(0, len(x) - 1, count).astype(np.intp)
    return x[chosen], y[chosen]
