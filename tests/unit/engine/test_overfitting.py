"""Where the validation parts from the training, with noise and without."""

import math
import random

import pytest

from cnn_studio.engine.overfitting import gap_opens


def curves(epochs, turn, rise, noise=0.0, seed=0):
    draw = random.Random(seed)
    train = [2 * math.exp(-epoch / 6) + draw.gauss(0, noise / 2) for epoch in range(1, epochs + 1)]
    val = [
        2 * math.exp(-min(epoch, turn) / 6) + 0.1 + rise * max(0, epoch - turn) + draw.gauss(0, noise)
        for epoch in range(1, epochs + 1)
    ]
    return train, val


def test_the_turn_is_found():
    assert gap_opens(*curves(30, 12, 0.03)) == 12


@pytest.mark.parametrize("seed", range(20))
def test_noise_moves_the_turn_a_little_and_makes_none(seed):
    found = gap_opens(*curves(40, 15, 0.03, noise=0.02, seed=seed))
    assert found is not None
    assert abs(found - 15) <= 4
    assert gap_opens(*curves(40, 99, 0, noise=0.02, seed=seed)) is None  # falls to the end


@pytest.mark.parametrize("seed", range(20))
def test_a_standstill_of_both_is_no_overfitting(seed):
    draw = random.Random(seed)
    flat = [0.5 + draw.gauss(0, 0.03) for _ in range(40)]
    assert gap_opens([value - 0.1 for value in flat[::-1]], flat) is None


def test_few_epochs_single_bad_ones_and_no_numbers_say_nothing():
    assert gap_opens([], []) is None
    assert gap_opens([1, 0.5, 0.2, 0.1], [1, 2, 3, 4]) is None
    train, val = curves(30, 99, 0)
    val[-1] = 5.0
    assert gap_opens(train, val) is None
    assert gap_opens([math.nan] * 30, val) is None


def test_a_gap_that_closes_again_is_none():
    train, val = curves(40, 12, 0.05)
    val[25:] = [0.01] * 15
    assert gap_opens(train, val) is None
