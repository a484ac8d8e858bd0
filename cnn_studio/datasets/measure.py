"""Mean and standard deviation of images, exact and without a float copy of them."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cnn_studio.datasets.cache_mapped import MappedImages

_CHUNK_VALUES = 1 << 22


def mean_and_std(
    images: NDArray[np.uint8] | MappedImages, check: Callable[[], None] = lambda: None
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return mean and standard deviation per channel of uint8 images [N, C, H, W], scaled to 0..1.

    A channel of one single value gets the deviation 1, since it is divided by. `check` is called often and may
    raise to stop.
    """
    if isinstance(images, MappedImages):
        return _of_sums(images, check)
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


def _of_sums(images: MappedImages, check: Callable[[], None]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The same from sums of whole numbers, which images on disk keep."""
    sums, squares = images.sums(check)
    number = len(images) * images.shape[2] * images.shape[3]
    means, stds = [], []
    for total, square in zip(sums.sum(axis=0).tolist(), squares.sum(axis=0).tolist(), strict=True):
        means.append(total / number / 255)
        spread = number * square - total * total  # Python's whole numbers have no end
        stds.append(math.sqrt(spread) / number / 255 if spread else 1.0)
    return tuple(means), tuple(stds)
