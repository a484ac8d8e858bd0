import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_studio.datasets.order import seeded_order
from cnn_studio.datasets.split import MAX_VALIDATION, split_rows, stratified_split

label_lists = st.lists(st.integers(0, 6), min_size=1, max_size=200).map(
    lambda found: np.array(found, np.int64)
)
fractions = st.floats(0.01, 0.99)
seeds = st.integers(0, 2**31 - 1)


@given(label_lists, fractions, seeds)
def test_split_is_complete_and_disjoint(labels: np.ndarray, fraction: float, seed: int) -> None:
    train, val = stratified_split(labels, fraction, seed)
    assert sorted([*train, *val]) == list(range(len(labels)))
    assert list(train) == sorted(train)
    assert list(val) == sorted(val)


@given(label_lists, fractions, seeds)
def test_each_class_is_divided_by_the_fraction(labels: np.ndarray, fraction: float, seed: int) -> None:
    _, val = stratified_split(labels, fraction, seed)
    for label in set(labels):
        count, held_out = int((labels == label).sum()), int((labels[val] == label).sum())
        if count == 1:
            assert held_out == 0
        else:
            assert 1 <= held_out <= count - 1
            assert abs(held_out - count * fraction) <= 1


@given(label_lists, seeds)
def test_same_seed_same_split_whatever_the_global_state(labels: np.ndarray, seed: int) -> None:
    first = stratified_split(labels, 0.3, seed)
    np.random.seed(random.randrange(1000))
    np.random.random(3)
    second = stratified_split(labels, 0.3, seed)
    assert all(np.array_equal(a, b) for a, b in zip(first, second, strict=True))


def test_seeds_differ() -> None:
    labels = np.zeros(100, np.int64)
    splits = {tuple(stratified_split(labels, 0.5, seed)[1]) for seed in range(20)}
    assert len(splits) == 20


def test_split_does_not_depend_on_library_versions() -> None:
    # Written down once: a saved project must find the same validation images years later.
    assert list(seeded_order(8, 1, 2)) == [5, 6, 3, 2, 1, 0, 4, 7]


@settings(max_examples=25)
@given(st.lists(st.integers(1, 30_000), min_size=1, max_size=30), fractions)
def test_validation_is_limited(counts: list[int], fraction: float) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    _, val = stratified_split(labels, fraction, 0)
    assert len(val) <= MAX_VALIDATION
    held_out = np.bincount(labels[val], minlength=len(counts))
    assert all(held >= 1 for held, count in zip(held_out, counts, strict=True) if count >= 2)
    if sum(counts) * fraction > MAX_VALIDATION + len(counts):
        assert len(val) >= MAX_VALIDATION - len(counts)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_order_is_a_permutation(count: int) -> None:
    assert sorted(seeded_order(count, 5)) == list(range(count))


@given(label_lists, st.floats(0.01, 0.5), st.floats(0.01, 0.4), seeds)
def test_the_test_part_is_kept_apart(labels: np.ndarray, val: float, test: float, seed: int) -> None:
    rows = split_rows(labels, val, test, seed)
    assert sorted([*rows.train, *rows.val, *rows.test]) == list(range(len(labels)))
    other = split_rows(labels, val / 2, test, seed)
    assert np.array_equal(rows.test, other.test), "another share of validation leaves the test part as it is"
    for label in set(labels):
        count = int((labels == label).sum())
        held = [int((labels[part] == label).sum()) for part in (rows.train, rows.val, rows.test)]
        if count >= 3:
            assert all(held)
            assert abs(held[2] - count * test) <= 1
            assert abs(held[1] - count * val) <= 2


@given(label_lists, fractions, seeds)
def test_without_a_test_part_the_split_is_as_before(labels: np.ndarray, fraction: float, seed: int) -> None:
    rows = split_rows(labels, fraction, 0.0, seed)
    train, val = stratified_split(labels, fraction, seed)
    assert np.array_equal(rows.train, train)
    assert np.array_equal(rows.val, val)
    assert not len(rows.test)
