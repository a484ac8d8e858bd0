"""Linear classifiers on CNN codes: scikit-learn's linear SVM and logistic regression, as weights of a linear layer."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from cnn_studio.core.errors import DataError

LinearKind = Literal["svm", "softmax"]

CHOICES = tuple(10.0**power for power in range(-5, 2))
"""The values of C that cross-validation chooses from; a small one keeps the weights small."""

_FOLDS = 3
_MOST_FOR_CHOICE = 4_000
"""Images that choose C; the fit itself takes all."""

_MOST_SECONDS = 60.0
"""After so long the choice is made from what is known: with thousands of classes one fit takes minutes."""

_LARGE = 10**8
"""Images times numbers of a code times classes from which a step of the solver is worth several threads."""

_USUAL_C = 0.01  # where there are too few images to choose


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A linear classifier on codes x: scores ``weight · x + bias``, the largest is the class.

    Attributes:
        kind: ``svm`` scores are margins (distances from the boundary in units of the margin), ``softmax`` scores are
            logits.
        weight: float32 [K, D], for codes as they come out of the network: standardisation is part of it.
        bias: float32 [K].
        c: scikit-learn's C.
        accuracies: mean accuracy in cross-validation by C; empty where there were too few images to choose.
        is_converged: False where the solver gave up before its tolerance was reached.
        seconds: for choosing and fitting.
    """

    kind: LinearKind
    weight: np.ndarray
    bias: np.ndarray
    c: float
    accuracies: Mapping[float, float]
    is_converged: bool
    seconds: float

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Return the scores [N, K] of codes [N, D]."""
        found: np.ndarray = codes @ self.weight.T + self.bias
        return found

    def accuracy(self, codes: np.ndarray, labels: np.ndarray) -> float:
        """Return the share of codes whose largest score is at their label."""
        return float(np.mean(self.scores(codes).argmax(axis=1) == labels))


def fit_linear(
    kind: LinearKind,
    codes: np.ndarray,
    labels: np.ndarray,
    num_classes: int,
    *,
    balanced: bool = False,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> LinearFit:
    """Fit a linear classifier on standardised codes, with C chosen by cross-validation.

    Args:
        kind: which classifier.
        codes: float32 [N, D].
        labels: int64 [N].
        num_classes: K; classes without images never win.
        balanced: every class counts as much as the others, however many images it has.
        seed: of the folds and of the solver.
        progress: called with the fits done and all fits.
        check: called between fits; may raise to stop.

    Returns:
        The classifier with the standardisation folded into its weights.

    Raises:
        DataError: there are images of one class only.
    """
    present, counts = np.unique(labels, return_counts=True)
    if len(present) < 2:
        raise DataError(
            "All training images are of one class, so there is nothing to tell apart. Add images of another class."
        )
    start = time.perf_counter()
    codes = codes.astype(np.float64)
    folds = min(_FOLDS, int(counts.min()))
    total = len(CHOICES) * folds + 1 if folds > 1 else 1
    accuracies: dict[float, float] = {}
    if folds > 1:
        accuracies = _cross_validate(kind, codes, labels, folds, balanced, seed, progress, check, total)
    # of equals the smallest: the smoothest boundary
    c = max(accuracies, key=lambda value: (accuracies[value], -value)) if accuracies else _USUAL_C
    check()
    scaler, model, is_converged = _fit(kind, codes, labels, c, balanced, seed)
    progress(total, total)
    weight, bias = _two_rows(kind, np.atleast_2d(model.coef_), np.atleast_1d(model.intercept_))
    weight, bias = _folded(weight, bias, scaler)
    if len(present) < num_classes:
        weight, bias = _with_empty_classes(weight, bias, present, num_classes)
    seconds = time.perf_counter() - start
    return LinearFit(
        kind, weight.astype(np.float32), bias.astype(np.float32), c, accuracies, is_converged, seconds
    )


def _cross_validate(
    kind: LinearKind,
    codes: np.ndarray,
    labels: np.ndarray,
    folds: int,
    balanced: bool,
    seed: int,
    progress: Callable[[int, int], None],
    check: Callable[[], None],
    total: int,
) -> dict[float, float]:
    from sklearn.model_selection import StratifiedKFold, train_test_split

    if len(labels) > _MOST_FOR_CHOICE:
        try:
            codes, _, labels, _ = train_test_split(
                codes, labels, train_size=_MOST_FOR_CHOICE, stratify=labels, random_state=seed
            )
        except ValueError:  # a class has too few images to be divided
            chosen = np.random.default_rng(seed).choice(len(labels), _MOST_FOR_CHOICE, replace=False)
            codes, labels = codes[chosen], labels[chosen]
    right, seen = dict.fromkeys(CHOICES, 0), dict.fromkeys(CHOICES, 0)
    done, began = 0, time.perf_counter()
    parts = StratifiedKFold(folds, shuffle=True, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # rare classes are in some folds only
        divided = list(parts.split(codes, labels))
    for fit_rows, look_rows in divided:
        for c in CHOICES:
            check()
            scaler, model, _ = _fit(kind, codes[fit_rows], labels[fit_rows], c, balanced, seed)
            found = model.predict(scaler.transform(codes[look_rows]))
            right[c] += int((found == labels[look_rows]).sum())
            seen[c] += len(look_rows)
            done += 1
            progress(done, total)
            if time.perf_counter() - began > _MOST_SECONDS:
                return {c: right[c] / seen[c] for c in CHOICES if seen[c]}
    return {c: right[c] / seen[c] for c in CHOICES}


def _fit(
    kind: LinearKind, codes: np.ndarray, labels: np.ndarray, c: float, balanced: bool, seed: int
) -> tuple[Any, Any, bool]:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import LinearSVC
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn's own, without types

    weight = "balanced" if balanced else None
    scaler = StandardScaler().fit(codes)
    if kind == "svm":
        model = LinearSVC(C=c, class_weight=weight, random_state=seed, dual="auto", max_iter=5_000)
    else:
        model = LogisticRegression(C=c, class_weight=weight, max_iter=1_000)
    # threads that wait for each other in thousands of tiny products take ten times as long on a busy machine
    threads = None if codes.size * (int(labels.max()) + 1) >= _LARGE else 1
    with threadpool_limits(threads, user_api="blas"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")  # few images per class are no mistake; what did not converge is told
        model.fit(scaler.transform(codes), labels)
    return scaler, model, not any(issubclass(found.category, ConvergenceWarning) for found in caught)


def _two_rows(kind: LinearKind, weight: np.ndarray, bias: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give a classifier of two classes, which has one row in scikit-learn, a score for each class.

    The margin of the SVM's second class is scikit-learn's own and that of the first its opposite. Of the two logits
    softmax makes what the logistic function makes of the one: their difference is it.
    """
    if len(weight) > 1:
        return weight, bias
    scale = 1.0 if kind == "svm" else 0.5
    return np.concatenate([-weight, weight]) * scale, np.concatenate([-bias, bias]) * scale


def _folded(weight: np.ndarray, bias: np.ndarray, scaler: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return weights for codes that are not standardised: ``w · (x − m) / s + b = (w / s) · x + (b − w · m / s)``."""
    weight = weight / scaler.scale_
    return weight, bias - weight @ scaler.mean_


def _with_empty_classes(
    weight: np.ndarray, bias: np.ndarray, present: np.ndarray, num_classes: int
) -> tuple[np.ndarray, np.ndarray]:
    wide = np.zeros((num_classes, weight.shape[1]))
    low = np.full(num_classes, -1e4)  # far below every score, and still finite as a float32
    wide[present], low[present] = weight, bias
    return wide, low
