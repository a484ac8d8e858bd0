"""Mean and standard deviation of images, exact and without a float copy of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

_CHUNK_VALUES = 1 << 22


def mean_and_std(
    images: NDArray[np.uint8], check: Callable[[], None] = lambda: None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel of uint8 images [N, C, H, W], scaled to 0..1.

    A channel of one single value gets the deviation 1, since it is divided by. `check` is called often and may
    raise to stop.
    """
    count, channels, height, width = images.shape
    # Values are counted: whole numbers add up exactly, in any order and for any number of images.
    counts = np.zeros((channels, 256), np.int64)
    chunk = max(1, _CHUNK_VALUES // (channels * height * width))
    for begin in range(0, count, chunk):
        check()
        for channel in range(channels):
            values = images[begin : begin + chunk, channel].ravel()
            counts[channel] += np.bincount(values, minlength=256)
    scaled = np.arange(256) / 255
    total = counts.sum(axis=1)
    means = counts @ scaled / total
    stds = [
        float(np.sqrt(row @ (scaled - mean) ** 2 / number)) if np.count_nonzero(row) > 1 else 1.0
        for row, mean, number in zip(counts, means, total, strict=True)
    ]
    return tuple(map(float, means)), tuple(stds)
