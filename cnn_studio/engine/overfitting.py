"""From which epoch on a network only gets better at the images it learns from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

_LATER = 3  # epochs that must speak for it after the turn, so that one bad epoch is none
_AROUND = 2
_SHARE = 0.08  # of the best validation loss: how far the gap must have opened at the least
_NOISE = 3.0  # standard deviations of the epoch-to-epoch noise: the same


def gap_opens(train_losses: Sequence[float], val_losses: Sequence[float]) -> int | None:
    """Return the epoch from which the validation loss parts from the training loss, or None while it does not.

    That is the epoch of the lowest validation loss (running median of three), if since then the training loss fell,
    the validation loss did not, and the gap between the two opened by more than an epoch's noise explains.

    Args:
        train_losses, val_losses: of each epoch, from the first on; what is not finite is passed over.

    Returns:
        The epoch, counted from 1.
    """
    points = [
        (epoch, train, val)
        for epoch, (train, val) in enumerate(zip(train_losses, val_losses, strict=False), start=1)
        if math.isfinite(train) and math.isfinite(val)
    ]
    if len(points) < _LATER + 2:
        return None
    train, val = [t for _, t, _ in points], [v for _, _, v in points]
    gap = [v - t for _, t, v in points]
    smooth = [median(val[max(0, at - 1) : at + 2]) for at in range(len(val))]
    lowest = min(range(len(val)), key=smooth.__getitem__)
    turn = min(range(max(0, lowest - 1), min(len(val), lowest + 2)), key=val.__getitem__)
    if len(val) - 1 - turn < _LATER:
        return None
    # around the turn, not at it: the lowest of many values is low by chance too
    there, now = slice(max(0, turn - _AROUND), turn + _AROUND + 1), slice(-_LATER, None)
    opened = median(gap[now]) - median(gap[there])
    needed = max(_SHARE * val[turn], _NOISE * _noise(gap))
    parted = opened > needed and median(train[now]) < median(train[there]) and median(val[now]) > val[turn]
    return points[turn][0] if parted else None


def _noise(values: Sequence[float]) -> float:
    """Return the standard deviation of single values around their trend, from the differences of neighbours."""
    steps = [after - before for before, after in pairwise(values)]
    middle = median(steps)
    return 1.4826 * median(abs(step - middle) for step in steps) / math.sqrt(2)
