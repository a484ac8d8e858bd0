"""The numbers behind a curve: arrays that grow, the smoothed line, and thinning to what pixels can show."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from cnn_studio.ui.plots.pyramid import Pyramid
from cnn_studio.ui.plots.smoothing import smoothed
from cnn_studio.ui.plots.spec import XAxis

Floats = NDArray[np.float64]

_FIRST_CAPACITY = 1024
MOST_POINTS = 1 << 21
"""How many points a series keeps at the most; a longer run is merged, its peaks kept."""


class Series:
    """Points with rising x, and their smoothed y, in arrays that double when full.

    x is kept as steps and as seconds, so that a plot can change its axis. The smoothed value is the exponential
    moving average with its bias corrected: ``s = beta s + (1 - beta) y``, shown as ``s / (1 - beta^n)`` (Adam's
    correction, Kingma and Ba 2015). Appending costs the same however long the series is.

    Attributes:
        beta: weight of the past in the smoothed line; 0 smooths nothing.
        steps_per_epoch: turns steps into epochs.
    """

    def __init__(self, beta: float = 0.0, steps_per_epoch: float = 1.0) -> None:
        self.beta = beta
        self.steps_per_epoch = steps_per_epoch
        self._data = np.empty((4, _FIRST_CAPACITY))  # step, seconds, y, smoothed y
        self._size = 0
        self._average = 0.0
        self._weight = 0.0
        self._raw, self._mean = Pyramid(), Pyramid()
        self._seen = 0
        self._range = (math.inf, -math.inf, math.inf)  # of the smoothed line: lowest, highest, lowest above 0
        self._stride = 1.0  # steps between two points; more than 1 after merging

    def __len__(self) -> int:
        return self._size

    def clear(self, beta: float | None = None) -> None:
        """Forget all points; optionally smooth otherwise from now on."""
        self._size = 0
        self._stride = 1.0
        self._average = self._weight = 0.0
        self._forget_blocks()
        if beta is not None:
            self.beta = beta

    def _forget_blocks(self) -> None:
        self._raw.clear()
        self._forget_smooth()

    def _forget_smooth(self) -> None:
        self._mean.clear()
        self._seen = 0
        self._range = (math.inf, -math.inf, math.inf)

    def append(self, step: float, y: float, seconds: float = math.nan) -> None:
        """Add a point; a y that is no finite number leaves a gap and does not touch the smoothed line."""
        if self._size == self._data.shape[1]:
            self._make_room(1)
        if math.isfinite(y):
            self._average = self.beta * self._average + (1 - self.beta) * y
            self._weight = self.beta * self._weight + (1 - self.beta)
        else:
            y = math.nan
        smooth = self._average / self._weight if self._weight else math.nan
        if math.isnan(seconds):  # nobody knows: as at the point before
            seconds = self._data[1, self._size - 1] if self._size else 0.0
        self._data[:, self._size] = (step, seconds, y, smooth)
        self._size += 1

    def extend(self, steps: ArrayLike, y: ArrayLike, seconds: ArrayLike | None = None) -> None:
        """Add many points at once, as `append` would one by one."""
        steps, values = np.asarray(steps, dtype=np.float64), np.asarray(y, dtype=np.float64)
        self._make_room(len(steps))
        new = slice(self._size, self._size + len(steps))
        self._data[0, new] = steps
        self._data[1, new] = 0.0 if seconds is None else np.asarray(seconds, dtype=np.float64)
        self._data[2, new] = np.where(np.isfinite(values), values, np.nan)
        self._size = new.stop
        if self._size > MOST_POINTS:
            self._merge()
        self.smooth_with(self.beta)

    def smooth_with(self, beta: float) -> None:
        """Smooth all points otherwise."""
        self.beta = beta
        smooth, self._average, self._weight = smoothed(self.y, beta**self._stride)
        self._data[3, : self._size] = smooth
        self._forget_smooth()

    def _make_room(self, count: int) -> None:
        if self._size + count <= self._data.shape[1]:
            return
        if self._size >= MOST_POINTS:
            self._merge()
            if self._size + count <= self._data.shape[1]:
                return
        larger = np.empty((4, max(2 * self._data.shape[1], self._size + count)))
        larger[:, : self._size] = self._data[:, : self._size]
        self._data = larger

    def _merge(self) -> None:
        """Keep of every four points the lowest and the highest, in order."""
        while self._size >= MOST_POINTS:
            count = self._size // 4
            fours = self._data[2, : 4 * count].reshape(count, 4)
            low = np.argmin(np.where(np.isnan(fours), np.inf, fours), axis=1)
            high = np.argmax(np.where(np.isnan(fours), -np.inf, fours), axis=1)
            high = np.where(low == high, (low + 1) % 4, high)
            kept = (4 * np.arange(count)[:, None] + np.sort(np.stack([low, high], axis=1), axis=1)).reshape(
                -1
            )
            kept = np.concatenate([kept, np.arange(4 * count, self._size)])
            self._data[:, : len(kept)] = self._data[:, kept]
            self._size = len(kept)
        steps = self._data[0, : self._size]
        self._stride = max(1.0, float(steps[-1] - steps[0]) / max(1, self._size - 1))
        self._forget_blocks()

    # ------------------------------------------------------------------------------------------------------ views

    @property
    def steps(self) -> Floats:
        """A view of all steps, not a copy."""
        return self._data[0, : self._size]

    @property
    def seconds(self) -> Floats:
        """A view of the training time at each point."""
        return self._data[1, : self._size]

    @property
    def y(self) -> Floats:
        """A view of all y; NaN where there was no finite number."""
        return self._data[2, : self._size]

    @property
    def smooth(self) -> Floats:
        """A view of the smoothed y."""
        return self._data[3, : self._size]

    @property
    def last(self) -> float | None:
        """The last smoothed value, or None without points."""
        return float(self._data[3, self._size - 1]) if self._size else None

    def x_at(self, at: int, axis: XAxis) -> float:
        """Return where a point lies on an axis."""
        if axis == "time":
            return float(self._data[1, at])
        step = float(self._data[0, at])
        return step / self.steps_per_epoch if axis == "epoch" else step

    def xs_at(self, at: NDArray[np.intp], axis: XAxis) -> Floats:
        """Return where some points lie on an axis."""
        if axis == "time":
            return self.seconds[at]
        return self.steps[at] / self.steps_per_epoch if axis == "epoch" else self.steps[at]

    def _rising(self, axis: XAxis, x: float) -> tuple[Floats, float]:
        """Return the array that an axis shows, and a place on that axis in its unit."""
        if axis == "time":
            return self.seconds, x
        return self.steps, x * self.steps_per_epoch if axis == "epoch" else x

    def nearest(self, x: float, axis: XAxis = "epoch") -> int | None:
        """Return the index of the point nearest to a place on an axis, or None without points."""
        if not self._size:
            return None
        values, x = self._rising(axis, x)
        at = int(np.searchsorted(values, x))
        if at == self._size or (at > 0 and x - values[at - 1] < values[at] - x):
            at -= 1
        return at

    def visible(self, first: float, last: float, axis: XAxis = "epoch") -> slice:
        """Return the points between two places on an axis, with one more on each side."""
        values, low = self._rising(axis, first)
        start = int(np.searchsorted(values, low)) - 1
        stop = int(np.searchsorted(values, self._rising(axis, last)[1], side="right")) + 1
        return slice(max(0, start), min(stop, self._size))

    def smooth_range(self) -> tuple[float, float, float]:
        """Return the lowest and highest smoothed value and the lowest above zero; infinite where there is none."""
        new = self._data[3, self._seen : self._size]
        if len(new):
            good = new[np.isfinite(new)]
            low, high, positive = self._range
            if len(good):
                low, high = min(low, float(good.min())), max(high, float(good.max()))
                above = good[good > 0]
                positive = min(positive, float(above.min())) if len(above) else positive
            self._range = low, high, positive
            self._seen = self._size
        return self._range

    # --------------------------------------------------------------------------------------------------- thinning

    def envelope(self, part: slice, columns: int, axis: XAxis = "epoch") -> tuple[Floats, Floats]:
        """Return x and y of the raw line, thinned to its lowest and highest point per column; peaks stay.

        Args:
            part: the points, as `visible` returns them.
            columns: number of pixel columns, at least 1.
            axis: what x is.

        Returns:
            At most ``2 * columns`` points, all of them if there are no more.
        """
        if part.stop - part.start <= 2 * columns:
            return self.xs_at(np.arange(part.start, part.stop), axis), self.y[part]
        self._raw.update(self.y)
        starts, (low, high, _) = self._raw.columns(self.y, part, columns)
        thin = np.empty(2 * len(starts))
        thin[0::2], thin[1::2] = low, high
        return np.repeat(self.xs_at(starts, axis), 2), thin

    def line(self, part: slice, columns: int, axis: XAxis = "epoch") -> tuple[Floats, Floats]:
        """Return x and y of the smoothed line, thinned to its mean per column; the last point stays.

        Args:
            part: the points, as `visible` returns them.
            columns: number of points at the most.
            axis: what x is.
        """
        if part.stop - part.start <= columns:
            return self.xs_at(np.arange(part.start, part.stop), axis), self.smooth[part]
        self._mean.update(self.smooth)
        starts, (_, _, mean) = self._mean.columns(self.smooth, part, columns - 1)
        if not len(starts):
            return np.zeros(0), np.zeros(0)
        ends = np.append(starts[1:], part.stop) - 1
        x = (self.xs_at(starts, axis) + self.xs_at(ends, axis)) / 2
        last = part.stop - 1
        return np.append(x, self.x_at(last, axis)), np.append(mean, self.smooth[last])


def every(x: Floats, y: Floats, count: int) -> tuple[Floats, Floats]:
    """Thin a smooth line to at most `count` points, evenly, with the last one kept."""
    if len(x) <= count:
        return x, y
    chosen = np.linspace(0, len(x) - 1, count).astype(np.intp)
    return x[chosen], y[chosen]
