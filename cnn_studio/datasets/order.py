"""Orders of images: seeded ones, and the classes in turn.

Seeded orders depend on their key alone: not on process-wide random state, nor on a library's version.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def seeded_order(count: int, *key: int) -> NDArray[np.int64]:
    """Return the numbers 0 to `count` - 1 in the random order that belongs to `key` (whole numbers from 0).

    Sorting raw generator output is used because NumPy and PyTorch promise stable streams for the raw bits
    only, not for their ``permutation`` and ``randperm``.
    """
    raw = np.random.PCG64(np.random.SeedSequence(key)).random_raw(count)
    return np.argsort(raw, kind="stable").astype(np.int64, copy=False)


def class_turns(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """Return the indices of all images so that the classes take turns: the first of each, the second of each...

    Args:
        labels: class per image, shape [N].
    """
    by_class = np.argsort(labels, kind="stable")
    grouped = labels[by_class]
    starts = (
        np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]]) if len(grouped) else np.zeros(0, np.int64)
    )
    sizes = np.diff(np.r_[starts, len(grouped)])
    rank = np.empty(len(labels), np.int64)
    rank[by_class] = np.arange(len(labels)) - np.repeat(starts, sizes)
    return np.lexsort((labels, rank))
