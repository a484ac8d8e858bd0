"""How good predictions are: counts per pair of classes, scores per class, calibration, and how sure all that is.

Everything works on what a validation leaves behind: the true class, the predicted class and its probability.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_Z95 = 1.959963984540054


def count_confusions(labels: np.ndarray, predictions: np.ndarray, num_classes: int) -> np.ndarray:
    """Return how often class i was taken for class j, int64 of shape [num_classes, num_classes].

    Args:
        labels, predictions: classes from 0, shape [N].
        num_classes: how many there are.
    """
    flat = labels.astype(np.int64) * num_classes + predictions.astype(np.int64)
    return np.bincount(flat, minlength=num_classes**2).reshape(num_classes, num_classes)


@dataclass(frozen=True, slots=True)
class ClassScores:
    """Scores of every class, each of shape [K]; NaN where they mean nothing.

    Attributes:
        images: how many images are of the class.
        predicted: how many were said to be.
        precision: of those said to be of the class, the share that is; NaN if none was.
        recall: of those that are of the class, the share that was found; NaN if there are none.
        f1: harmonic mean of the two; NaN if there are neither images nor predictions.
    """

    images: NDArray[np.int64]
    predicted: NDArray[np.int64]
    precision: Floats
    recall: Floats
    f1: Floats

    @property
    def macro_f1(self) -> float:
        """Mean F1 of the classes that have images: every class counts the same, however rare."""
        good = self.f1[self.images > 0]
        return float(good.mean()) if len(good) else math.nan


def class_scores(counts: np.ndarray) -> ClassScores:
    """Return the scores of every class.

    Args:
        counts: as `count_confusions` gives them, shape [K, K].
    """
    right = np.diag(counts).astype(np.float64)
    images, predicted = counts.sum(axis=1), counts.sum(axis=0)
    return ClassScores(
        images,
        predicted,
        _ratio(right, predicted),
        _ratio(right, images),
        _ratio(2 * right, images + predicted),
    )


def _ratio(part: np.ndarray, whole: np.ndarray) -> Floats:
    found: Floats = np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
    return found


def top_k_accuracy(ranks: np.ndarray, k: int) -> float:
    """Return the share of images whose true class is among the k most probable ones.

    Args:
        ranks: how many classes were more probable than the true one, shape [N].
        k: at least 1.
    """
    return float((ranks < k).mean()) if len(ranks) else math.nan


def wilson_interval(right: int, count: int) -> tuple[float, float]:
    """Return where the true share lies with 95 % confidence, if `right` of `count` were right.

    Wilson's score interval (1927): unlike share +- 2 sigma it never leaves 0 to 1 and is honest for few images.
    """
    if count <= 0:
        return 0.0, 1.0
    share, z2 = right / count, _Z95**2
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z95 * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count)) / (1 + z2 / count)
    return max(0.0, middle - half), min(1.0, middle + half)


def accuracy_text(right: int, count: int) -> str:
    """Return an accuracy with its certainty in words."""
    low, high = wilson_interval(right, count)
    share = 100 * right / max(1, count)
    return (
        f"{right:,} of {count:,} right, {share:.1f} % "
        f"(95 % sure: between {100 * low:.1f} and {100 * high:.1f} %)"
    )


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether a network is as often right as it says, in equally wide bins of its confidence.

    Attributes:
        edges: of the bins, shape [B + 1], from 0 to 1.
        counts: images per bin, shape [B].
        confidence, accuracy: means per bin, shape [B]; NaN where a bin is empty.
        error: expected calibration error, the mean distance of the two, weighted by the counts.
    """

    edges: Floats
    counts: NDArray[np.int64]
    confidence: Floats
    accuracy: Floats
    error: float

    @property
    def mean_gap(self) -> float:
        """Mean confidence minus accuracy: above 0 the network is too sure of itself."""
        total = self.counts.sum()
        if not total:
            return math.nan
        gaps = np.where(self.counts > 0, self.confidence - self.accuracy, 0.0)
        return float((gaps * self.counts).sum() / total)


def calibration(confidences: np.ndarray, correct: np.ndarray, num_bins: int = 10) -> Calibration:
    """Return how confidence and accuracy agree (Guo et al. 2017, section 2).

    Args:
        confidences: probability of the predicted class, shape [N]; what is not finite is left out.
        correct: whether it was right, shape [N].
        num_bins: number of bins; bin b holds what is above its lower edge, up to the upper one.
    """
    confidences = np.asarray(confidences, dtype=np.float64)
    good = np.isfinite(confidences)
    confidences, correct = np.clip(confidences[good], 0.0, 1.0), np.asarray(correct)[good]
    edges = np.linspace(0.0, 1.0, num_bins + 1)
    places = np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, num_bins - 1)
    counts = np.bincount(places, minlength=num_bins)
    mean = _ratio(np.bincount(places, confidences, num_bins), counts)
    accuracy = _ratio(np.bincount(places, correct.astype(np.float64), num_bins), counts)
    gaps = np.where(counts > 0, np.abs(mean - accuracy), 0.0)
    error = float((gaps * counts).sum() / counts.sum()) if counts.sum() else math.nan
    return Calibration(edges, counts, mean, accuracy, error)
