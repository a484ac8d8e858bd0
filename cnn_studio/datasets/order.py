"""Seeded orders that depend on their key alone: not on process-wide random state, nor on a library's version."""

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
