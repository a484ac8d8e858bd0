"""Cuts validation and test out of the images: seeded, and with every class on all sides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn_studio.datasets.order import seeded_order

MAX_VALIDATION = 10_000
"""More validation images cost time in each epoch and hardly sharpen the accuracy (0.5 % at 10,000)."""


_TEST = 1
"""Sets the orders from which the test part is drawn apart from those of the validation part."""


@dataclass(frozen=True, slots=True)
class SplitRows:
    """The rows of each part, ascending, int64; `test` is empty where nothing was to be kept apart."""

    train: NDArray[np.int64]
    val: NDArray[np.int64]
    test: NDArray[np.int64]


def held_out_counts(
    class_counts: NDArray[np.int64], fraction: float, most: int = MAX_VALIDATION
) -> NDArray[np.int64]:
    """Return how many images of each class are held out.

    A class with two images or more keeps at least one on each side, a single image stays. At most `most` images
    in all, unless there are more classes than that.
    """
    wanted = np.rint(class_counts * fraction)
    if wanted.sum() > most:
        exact = class_counts * (most / class_counts.sum())
        wanted = np.floor(exact)
        wanted[np.argsort(wanted - exact, kind="stable")[: most - int(wanted.sum())]] += 1
    least = (class_counts >= 2).astype(np.int64)
    room = np.maximum(class_counts - 1, 0)
    counts: NDArray[np.int64] = np.clip(wanted.astype(np.int64), least, room)
    # The single images of small classes can lift the sum over the limit again; large classes give them back.
    surplus = int(counts.sum()) - most
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
    is_val = _held_out(labels, fraction, (seed,), MAX_VALIDATION)
    return np.flatnonzero(~is_val).astype(np.int64), np.flatnonzero(is_val).astype(np.int64)


def split_rows(labels: NDArray[np.int64], val_fraction: float, test_fraction: float, seed: int) -> SplitRows:
    """Divide images into training, validation and test, every class in each part where it has enough images.

    The test part depends on its own share and the seed alone, so another share of validation leaves it as it is.

    Args:
        labels: class of each image, shape [N], from 0.
        val_fraction, test_fraction: shares of all images; a test share of 0 keeps nothing apart.
        seed: the same seed gives the same split of the same labels.
    """
    rows = np.arange(len(labels), dtype=np.int64)
    test = rows[:0]
    if test_fraction:
        is_test = _held_out(labels, test_fraction, (seed, _TEST), len(labels))
        test, rows = rows[is_test], rows[~is_test]
        val_fraction = min(val_fraction / (1 - test_fraction), 1.0)
    train, val = stratified_split(labels[rows], val_fraction, seed)
    return SplitRows(rows[train], rows[val], test)


def _held_out(
    labels: NDArray[np.int64], fraction: float, key: tuple[int, ...], most: int
) -> NDArray[np.bool_]:
    """Which images are held out; `key` and the class decide which of its images these are."""
    class_counts = np.bincount(labels).astype(np.int64)
    counts = held_out_counts(class_counts, fraction, most)
    by_class = np.argsort(labels, kind="stable")
    ends = np.cumsum(class_counts)
    held_out = np.zeros(len(labels), dtype=bool)
    for label, (end, size, count) in enumerate(zip(ends, class_counts, counts, strict=True)):
        order = seeded_order(int(size), key[0], label, *key[1:])
        held_out[by_class[end - size : end][order[:count]]] = True
    return held_out
