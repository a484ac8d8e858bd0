"""Lowest, highest and mean value of blocks of a growing array, so that a million points are drawn as fast as a few."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BITS = 4
_BLOCK = 1 << _BITS
_ENOUGH = 4  # blocks per column, so that an uneven share of blocks does not show


class _Level:
    """One value per block of the level below, in an array that doubles when full."""

    def __init__(self) -> None:
        self._data = np.empty((3, 64))  # lowest, highest, mean
        self.size = 0

    @property
    def values(self) -> Floats:
        return self._data[:, : self.size]

    def extend(self, values: Floats) -> None:
        needed = self.size + values.shape[1]
        if needed > self._data.shape[1]:
            larger = np.empty((3, max(needed, 2 * self._data.shape[1])))
            larger[:, : self.size] = self.values
            self._data = larger
        self._data[:, self.size : needed] = values
        self.size = needed


class Pyramid:
    """Levels of blocks over an array that only grows at its end; each holds a sixteenth of the level below.

    What is not a number counts only where a block holds nothing else.
    """

    def __init__(self) -> None:
        self._levels: list[_Level] = []

    def clear(self) -> None:
        """Forget all blocks, because the array was changed and not only extended."""
        self._levels.clear()

    def update(self, y: Floats) -> None:
        """Take in what was added to `y` since the last time; costs only that."""
        below = np.broadcast_to(y, (3, len(y)))
        at = 0
        while below.shape[1] >= _BLOCK:
            if at == len(self._levels):
                self._levels.append(_Level())
            level = self._levels[at]
            full = below.shape[1] >> _BITS
            if full > level.size:
                new = below[:, level.size << _BITS : full << _BITS].reshape(3, -1, _BLOCK)
                level.extend(np.stack([np.fmin.reduce(new[0], 1), np.fmax.reduce(new[1], 1), _mean(new[2])]))
            below = level.values
            at += 1

    def columns(self, y: Floats, part: slice, count: int) -> tuple[NDArray[np.intp], Floats]:
        """Return where the columns of a part begin, and the lowest, highest and mean value of each.

        Args:
            y: the array of the last `update`, shape [N].
            part: of it; it may begin up to a block earlier where blocks stand for points.
            count: how many columns at the most, at least 1.

        Returns:
            Indices into `y` of shape [C] and values of shape [3, C], C at most `count`, fewer where the part has less.
        """
        bits, source = 0, np.broadcast_to(y, (3, len(y)))
        for at, level in enumerate(self._levels, start=1):
            if (part.stop - part.start) >> (_BITS * at) < _ENOUGH * count:
                break
            bits, source = _BITS * at, level.values
        first, last = part.start >> bits, part.stop >> bits
        blocks = source[:, first:last]
        rest = y[last << bits : part.stop]
        if len(rest) and bits:
            tail = np.array([[np.fmin.reduce(rest)], [np.fmax.reduce(rest)], [_mean(rest)]])
            blocks = np.concatenate([blocks, tail], axis=1)
        columns = min(count, blocks.shape[1])
        if not columns:
            return np.zeros(0, np.intp), np.zeros((3, 0))
        starts = np.linspace(0, blocks.shape[1], columns, endpoint=False).astype(np.intp)
        low = np.fmin.reduceat(blocks[0], starts)
        high = np.fmax.reduceat(blocks[1], starts)
        good = np.isfinite(blocks[2])
        held = np.add.reduceat(good.astype(np.float64), starts)
        total = np.add.reduceat(np.where(good, blocks[2], 0.0), starts)
        mean = np.divide(total, held, out=np.full(columns, np.nan), where=held > 0)
        return (starts + first) << bits, np.stack([low, high, mean])


def _mean(values: Floats) -> Floats:
    """Return the mean over the last axis of what is finite, NaN where nothing is."""
    good = np.isfinite(values)
    held = good.sum(axis=-1)
    total = np.where(good, values, 0.0).sum(axis=-1)
    found: Floats = np.divide(total, held, out=np.full(np.shape(held), np.nan), where=held > 0)
    return found
