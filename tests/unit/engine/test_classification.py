"""The numbers of the Results tab against scikit-learn's and against cases worked out by hand."""

import math

import numpy as np
import pytest

from cnn_studio.engine.classification import (
    accuracy_text,
    calibration,
    class_scores,
    count_confusions,
    top_k_accuracy,
    wilson_interval,
)


def drawn(seed, count=500, classes=7):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    predictions = np.where(rng.random(count) < 0.7, labels, rng.integers(0, classes, count))
    return labels, predictions, rng.random(count)


def test_confusions_are_counted():
    labels, predictions = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 0, 2])
    np.testing.assert_array_equal(count_confusions(labels, predictions, 3), [[1, 1, 0], [0, 1, 0], [2, 0, 1]])


@pytest.mark.parametrize("seed", range(5))
def test_scores_are_those_of_scikit_learn(seed):
    metrics = pytest.importorskip("sklearn.metrics")
    labels, predictions, _ = drawn(seed)
    counts = count_confusions(labels, predictions, 7)
    np.testing.assert_array_equal(counts, metrics.confusion_matrix(labels, predictions))
    scores = class_scores(counts)
    wanted = metrics.precision_recall_fscore_support(labels, predictions)
    for found, expected in zip(
        (scores.precision, scores.recall, scores.f1, scores.images), wanted, strict=True
    ):
        np.testing.assert_allclose(found, expected)
    assert scores.macro_f1 == pytest.approx(metrics.f1_score(labels, predictions, average="macro"))


def test_scores_by_hand_and_where_they_mean_nothing():
    # class 0: 3 images, 2 found; class 1: 1 image, never said; class 2: none, said once; class 3: neither
    scores = class_scores(np.array([[2, 0, 1, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]))
    np.testing.assert_allclose(scores.precision, [2 / 3, np.nan, 0, np.nan])
    np.testing.assert_allclose(scores.recall, [2 / 3, 0, np.nan, np.nan])
    np.testing.assert_allclose(scores.f1, [2 / 3, 0, 0, np.nan])
    assert scores.macro_f1 == pytest.approx(1 / 3)
    assert math.isnan(class_scores(np.zeros((2, 2), dtype=int)).macro_f1)


def test_top_k():
    ranks = np.array([0, 0, 1, 4, 5])
    assert [top_k_accuracy(ranks, k) for k in (1, 2, 5, 6)] == [0.4, 0.6, 0.8, 1.0]
    assert math.isnan(top_k_accuracy(np.zeros(0), 1))


@pytest.mark.parametrize(
    ("right", "count", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_is_that_of_newcombe_1998_table_1(right, count, low, high):
    assert wilson_interval(right, count) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_accuracy_says_how_sure_it_is():
    assert accuracy_text(341, 360) == "341 of 360 right, 94.7 % (95 % sure: between 91.9 and 96.6 %)"
    assert "between 0.0 and 100.0 %" in accuracy_text(0, 0)
    assert "100.0 % (95 % sure: between 51.0 and 100.0 %)" in accuracy_text(4, 4)


def test_calibration_by_hand():
    confidences = np.array([0.95, 0.95, 0.65, 0.65, 0.05])
    found = calibration(confidences, np.array([True, False, True, True, False]))
    assert found.counts.tolist() == [1, 0, 0, 0, 0, 0, 2, 0, 0, 2]
    assert found.accuracy[9] == 0.5
    # (2 x |0.95 - 0.5| + 2 x |0.65 - 1| + 1 x |0.05 - 0|) / 5
    assert found.error == pytest.approx((2 * 0.45 + 2 * 0.35 + 0.05) / 5)
    assert found.mean_gap == pytest.approx(confidences.mean() - 0.6)


def test_the_bins_are_those_of_scikit_learn():
    calibration_curve = pytest.importorskip("sklearn.calibration").calibration_curve
    rng = np.random.default_rng(0)
    confidences = rng.random(2000)
    correct = rng.random(2000) < confidences**2
    found = calibration(confidences, correct)
    accuracy, confidence = calibration_curve(correct, confidences, n_bins=10)
    np.testing.assert_allclose(found.accuracy, accuracy)
    np.testing.assert_allclose(found.confidence, confidence)
    assert found.mean_gap > 0.1, "it is less often right than it says"


def test_edges_and_odd_confidences():
    found = calibration(np.array([0.0, 0.1, 1.0, np.nan, 1.0000001]), np.array([0, 0, 1, 1, 1]))
    assert found.counts.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]
    empty = calibration(np.zeros(0), np.zeros(0))
    assert math.isnan(empty.error) and math.isnan(empty.mean_gap)
