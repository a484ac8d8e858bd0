"""Cuts the validation part out of a training part: seeded, and with every class on both sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn_studio.datasets.order import seeded_order

MAX_VALIDATION = 10_000
"""More validation images cost time in each epoch and hardly sharpen the accuracy (0.5 % at 10,000)."""


def validation_counts(class_counts: NDArray[np.int64], fraction: float) -> NDArray[np.int64]:
    """Return how many images of each class become validation.

    A class with two images or more keeps at least one on each side, a single image stays in training. At most
    `MAX_VALIDATION` images in all, unless there are more classes than that.
    """
    wanted = np.rint(class_counts * fraction)
    if wanted.sum() > MAX_VALIDATION:
        exact = class_counts * (MAX_VALIDATION / class_counts.sum())
        wanted = np.floor(exact)
        wanted[np.argsort(wanted - exact, kind="stable")[: MAX_VALIDATION - int(wanted.sum())]] += 1
    least = (class_counts >= 2).astype(np.int64)
    most = np.maximum(class_counts - 1, 0)
    counts: NDArray[np.int64] = np.clip(wanted.astype(np.int64), least, most)
    # The single images of small classes can lift the sum over the limit again; large classes give them back.
    surplus = int(counts.sum()) - MAX_VALIDATION
    for label in np.argsort(-counts, kind="stable"):
        if surplus <= 0:
            break
        returned = min(surplus, int(counts[label] - least[label]))
        counts[label] -= returned
        surplus -= returned
    return counts


def stratified_split(
    labels: NDArray[np.int64], fraction: float, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of the training and the validation part, each ascending.

    Args:
        labels: class of each image, shape [N], from 0.
        fraction: share of each class that becomes validation, between 0 and 1.
        seed: the same seed gives the same split of the same labels.
    """
    class_counts = np.bincount(labels).astype(np.int64)
    counts = validation_counts(class_counts, fraction)
    by_class = np.argsort(labels, kind="stable")
    ends = np.cumsum(class_counts)
    is_val = np.zeros(len(labels), dtype=bool)
    for label, (end, size, count) in enumerate(zip(ends, class_counts, counts, strict=True)):
        order = seeded_order(int(size), seed, label)
        is_val[by_class[end - size : end][order[:count]]] = True
    return np.flatnonzero(~is_val).astype(np.int64), np.flatnonzero(is_val).astype(np.int64)
