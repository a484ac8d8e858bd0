"""Advice on transfer: which of the four cases, what is recommended, and that the reasons name their numbers."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.core.errors import DataError
from cnn_studio.transfer.advisor import LARGE_PER_CLASS, LARGE_TOTAL, Answer, advise
from cnn_studio.transfer.likeness import (
    SIMILAR_BELOW,
    VERY_DIFFERENT_FROM,
    LayerDistance,
    Likeness,
    level_of,
    thirds_of,
    total_of,
)

FEW = {"ants": 60, "bees": 55}
MANY = {"ants": 700, "bees": 640}


def likeness(
    distance: float, deviation: float | None = 0.002, num_images: int = 200, of_images: int = 1_340
) -> Likeness:
    layers = (LayerDistance("bn1", distance, 32),)
    return Likeness(layers, distance, deviation, num_images, of_images, "efficientnet_lite0")


@pytest.mark.parametrize(
    ("counts", "distance", "case", "strategy", "cut"),
    [
        (FEW, 0.10, "small_similar", "svm", "before_classifier"),
        (FEW, 0.41, "small_different", "svm", "earlier"),
        (MANY, 0.10, "large_similar", "finetune", "before_classifier"),
        (MANY, 0.41, "large_different", "finetune", "before_classifier"),
    ],
)
def test_counts_and_distance_choose_the_case(
    counts: dict[str, int], distance: float, case: str, strategy: str, cut: str
) -> None:
    advice = advise(counts, likeness(distance))
    assert (advice.case, advice.strategy, advice.cut, advice.basis) == (case, strategy, cut, "measured")
    assert f"Distance {distance:.2f}" in advice.why and "efficientnet_lite0" in advice.why
    assert f"{sum(counts.values()):,} training images of 2 classes" in advice.why
    assert f"{LARGE_TOTAL:,}" in advice.limits and f"{VERY_DIFFERENT_FROM:.2f}" in advice.limits
    assert any("negative transfer" in text for text in advice.warnings) == (distance > VERY_DIFFERENT_FROM)


def test_many_needs_images_in_all_and_in_most_classes() -> None:
    at_limit = {"a": LARGE_TOTAL // 2, "b": LARGE_TOTAL // 2}
    assert advise(at_limit).case == "large_similar"
    assert advise(at_limit | {"a": LARGE_TOTAL // 2 - 1}).case == "small_similar"
    wide = {f"class {at}": LARGE_PER_CLASS for at in range(40)}
    assert advise(wide).case == "large_similar"
    half = {name: LARGE_PER_CLASS - 1 if at % 2 else 500 for at, name in enumerate(wide)}
    assert advise(half).case == "small_similar", "half of the classes are too small to learn from"


def test_the_answer_wins_and_a_contradiction_is_named() -> None:
    advice = advise(FEW, likeness(0.41), "similar", source="CIFAR-10")
    assert (advice.case, advice.basis) == ("small_similar", "told")
    assert any("very different (distance 0.41)" in text and "CIFAR-10" in text for text in advice.warnings)
    assert any("negative transfer" in text for text in advice.warnings)
    advice = advise(MANY, likeness(0.08), "different")
    assert (advice.case, advice.basis) == ("large_different", "told")
    assert any("measured as similar" in text for text in advice.warnings)
    for told in ("similar", "different"):
        agreed = advise(FEW, likeness(0.08 if told == "similar" else 0.41), told)  # type: ignore[arg-type]
        assert not any("Your answer is used" in text for text in agreed.warnings)


def test_between_the_limits_counts_as_similar_and_says_so() -> None:
    advice = advise(FEW, likeness(0.20))
    assert advice.case == "small_similar"
    assert "between the limits" in advice.why
    assert any("earlier cut" in text for text in advice.warnings)


def test_unknown_similarity_is_assumed_openly() -> None:
    advice = advise(FEW)
    assert (advice.case, advice.basis) == ("small_similar", "assumed")
    assert "has not been measured" in advice.why
    assert any("Measure" in text for text in advice.warnings)
    assert advise(FEW, told="different").case == "small_different"


def test_weak_measurements_are_doubted() -> None:
    few = advise(FEW, likeness(0.14, None, 1, 1))
    assert any("rests on 1 image," in text for text in few.warnings) and "±" not in few.why
    near = advise(FEW, likeness(SIMILAR_BELOW - 0.01, 0.01))
    assert any("near a limit" in text for text in near.warnings)
    clear = advise(FEW, likeness(0.10, 0.01))
    assert not clear.warnings


def test_odd_classes_are_warned_of() -> None:
    advice = advise({"one": 1, "none": 0, "many": 900}, likeness(0.1))
    assert advice.num_classes == 2 and advice.num_images == 901
    texts = " ".join(advice.warnings)
    assert "No training images: none." in texts
    assert "A single training image: one." in texts
    assert "900 images of many, 1 of one" in texts
    wide = advise({f"class {at}": 1 for at in range(2_000)})
    assert wide.case == "small_similar" and wide.alternatives[0] == "softmax"
    texts = " ".join(wide.warnings)
    assert "2,000 classes" in texts and "and 1,997 more" in texts


def test_data_that_cannot_be_learned_from_is_refused_in_a_sentence() -> None:
    with pytest.raises(DataError, match="no training images"):
        advise({})
    with pytest.raises(DataError, match="no training images"):
        advise({"a": 0, "b": 0})
    with pytest.raises(DataError, match=r"one class \(ants\)"):
        advise({"ants": 40, "bees": 0})


@given(
    st.dictionaries(st.text(max_size=8), st.integers(0, 10**7), max_size=40),
    st.none()
    | st.builds(
        likeness,
        st.floats(0, 1),
        st.none() | st.floats(0, 1),
        st.integers(1, 200),
        st.integers(200, 10**7),
    ),
    st.sampled_from([None, "similar", "different"]),
)
def test_any_counts_give_advice_or_one_sentence(
    counts: dict[str, int], measured: Likeness | None, told: Answer | None
) -> None:
    if sum(count > 0 for count in counts.values()) < 2:
        with pytest.raises(DataError):
            advise(counts, measured, told)
        return
    advice = advise(counts, measured, told)
    texts = (
        advice.headline,
        advice.why,
        advice.limits,
        advice.what,
        advice.when,
        advice.how,
        *advice.warnings,
    )
    assert all(text and text.endswith(".") for text in texts)
    assert (advice.cut == "earlier") == (advice.case == "small_different")
    assert advice.strategy not in advice.alternatives
    if measured is not None:
        assert f"{measured.distance:.2f}" in advice.why
    if told is not None:
        assert advice.case.endswith(told)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_totals_lie_among_the_layers(distances: list[float]) -> None:
    low, high = min(distances) - 1e-9, max(distances) + 1e-9
    assert low <= total_of(distances) <= high
    assert all(low <= third <= high for third in thirds_of(distances))


def test_levels_begin_at_their_limits() -> None:
    assert level_of(0.0) == level_of(SIMILAR_BELOW - 1e-9) == "similar"
    assert level_of(SIMILAR_BELOW) == level_of(VERY_DIFFERENT_FROM - 1e-9) == "somewhat different"
    assert level_of(VERY_DIFFERENT_FROM) == level_of(1.0) == "very different"
    assert thirds_of([1, 2, 3, 4, 5, 6]) == (1.5, 3.5, 5.5)
    assert total_of([1, 2, 3, 4, 5]) == 4


def test_advice_needs_no_torch() -> None:
    code = "import sys, cnn_studio.transfer.advisor; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
