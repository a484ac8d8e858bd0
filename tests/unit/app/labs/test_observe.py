"""What is said follows the numbers: the effect seen, not seen, and the other way round give different words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnn_studio.app.labs import momentum, overfitting, pooling, rates, tiling, vanishing
from cnn_studio.app.labs.lab import ArmResult, Findings, Lab, Setup
from tests.helpers.lab_results import made_up


def names(lab: Lab) -> list[str]:
    return [arm.name for arm in lab.arms]


def words(found: Findings) -> str:
    return "\n".join(found.sentences)


def vanished(*first: float) -> Findings:
    arms = zip(names(vanishing.LAB), first, strict=True)
    norms = [(name, {"block1.conv1": size, "block8.conv2": 0.5}) for name, size in arms]
    return vanishing.LAB.observe([made_up(name, 0.875, norms=sizes) for name, sizes in norms])


def test_gradients_that_vanish_are_told_with_their_factors() -> None:
    found = vanished(0.25, 0.01, 1e-9)
    assert found.came_true == "sigmoid"
    assert "25 times that of the plain network with ReLU" in words(found)
    assert "2.5 × 10⁸ times that of the plain network with sigmoid" in words(found)
    assert "87.5 %" in words(found)
    assert found.numbers["Residual network"]["gradient of the first block"] == 0.25


def test_equal_gradients_and_the_other_order_are_told_as_they_are() -> None:
    equal = vanished(0.25, 0.2, 0.3)
    assert equal.came_true == "same"
    assert words(equal).count("no clear difference") == 2
    assert "larger" in words(vanished(0.01, 0.9, 0.9))
    assert vanished(0.01, 0.9, 0.9).came_true == "residual"
    assert vanished(0.25, 0.01, 0.2).came_true == "plain"


def test_a_gradient_of_nothing_divides_nothing() -> None:
    found = vanished(0.25, 0.01, 0.0)
    assert found.came_true == "sigmoid"
    assert "nothing of it is left" in words(found)


def gaps(*values: tuple[float, float]) -> Findings:
    arms = zip(names(overfitting.LAB), values, strict=True)
    return overfitting.LAB.observe([made_up(name, val, seen=seen) for name, (seen, val) in arms])


def test_gaps_are_compared_in_both_directions() -> None:
    usual = gaps((1.0, 0.9), (0.98, 0.95), (1.0, 0.97))
    assert usual.came_true == "dense"
    assert "Convolution in place of full connection made the gap 7.0 points smaller" in words(usual)
    assert "Dropout with augmentation made the gap 7.0 points smaller" in words(usual)
    assert usual.numbers["Fully connected"]["gap"] == pytest.approx(0.1)
    other = gaps((1.0, 0.97), (1.0, 0.968), (1.0, 0.9))
    assert other.came_true == "cnn"
    assert "did not help here: the gap is 7.0 points larger" in words(other)
    assert "Dropout with augmentation made no clear difference" in words(other)
    assert gaps((1.0, 0.95), (1.0, 0.949), (1.0, 0.951)).came_true == "same"


def test_a_gap_needs_a_network_that_was_kept() -> None:
    first, second, third = names(overfitting.LAB)
    found = overfitting.LAB.observe(
        [made_up(first, seen=1.0), made_up(second, seen=1.0), made_up(third, None, failure="Too large.")]
    )
    assert found.came_true == ""
    assert "Convolutional came to no result. Too large." in words(found)


def at_rates(*losses: float, failure: str = "", right: float = 0.1) -> Findings:
    small, middle, large = names(rates.LAB)
    results: list[ArmResult] = [
        made_up(small, right, losses=(2.3, losses[0])),
        made_up(middle, 0.9, losses=(2.0, losses[1])),
        made_up(large, None, failure=failure) if failure else made_up(large, 0.1, losses=(9.0, losses[2])),
    ]
    return rates.LAB.observe(results)


def test_the_rate_with_the_lowest_loss_wins_if_it_is_clearly_lower() -> None:
    assert at_rates(2.2, 0.05, 2.4).came_true == "middle"
    assert at_rates(2.2, 1.5, 0.05).came_true == "large"
    assert at_rates(0.2, 1.5, 0.9).came_true == "small"
    equal = at_rates(2.2, 0.5, 0.51)
    assert equal.came_true == "same"
    assert "too near to each other" in words(equal)


def test_a_rate_at_which_the_run_breaks_off_is_no_riddle() -> None:
    found = at_rates(2.2, 0.05, failure="The loss became NaN in step 3.")
    assert found.came_true == "middle"
    assert "the run broke off. The loss became NaN in step 3." in words(found)
    assert set(found.numbers) == set(names(rates.LAB)[:2])


def test_losses_beside_that_of_guessing_are_called_so() -> None:
    found = words(at_rates(2.29, 0.05, 4.0))
    assert "no better than guessing" in found
    assert "worse than guessing" in found
    assert "guessing" not in words(at_rates(1.0, 0.05, 0.9))
    slow = words(at_rates(2.29, 0.05, 0.9, right=0.7))
    assert "guessing" not in slow, "it is right seven times in ten, though its loss has hardly fallen"


def pools(*values: float, num_val: int = 1000) -> Findings:
    arms = zip(names(pooling.LAB), values, strict=True)
    return pooling.LAB.observe([made_up(name, value, num_val=num_val) for name, value in arms])


def test_pools_differ_only_by_more_than_chance() -> None:
    assert pools(0.97, 0.9, 0.91).came_true == "max"
    assert pools(0.9, 0.97, 0.91).came_true == "average"
    assert pools(0.9, 0.91, 0.97).came_true == "stride"
    equal = pools(0.970, 0.965, 0.9)
    assert equal.came_true == "same"
    assert "may be chance" in words(equal)
    assert "Stride 2 is behind max pooling by 7.0 points" in words(equal)
    assert "behind" not in words(pools(0.970, 0.965, 0.968))


def test_the_same_difference_counts_for_less_among_few_images() -> None:
    assert pools(0.97, 0.9, 0.91, num_val=30).came_true == "same"


def moved(
    plain: float, moving: float, *, weights: tuple[float, float] = (2.0, 1.9), kept: int = 2
) -> Findings:
    first, second, third = names(momentum.LAB)
    return momentum.LAB.observe(
        [
            made_up(first, losses=(3.0, plain), weight=2.0),
            made_up(second, losses=(min(plain, 2.9), moving), weight=weights[0]),
            made_up(third, losses=(2.0, moving), weight=weights[1], epoch=kept),
        ]
    )


def test_momentum_may_help_hinder_or_do_nothing() -> None:
    helped = moved(0.8, 0.1)
    assert helped.came_true == "faster"
    assert "0.8, 8 times as much" in words(helped)
    assert "momentum was in epoch 1" in words(helped)
    assert moved(0.1, 0.8).came_true == "slower"
    assert "8 times as large" in words(moved(0.1, 0.8))
    assert moved(0.5, 0.52).came_true == "same"


def test_decay_is_told_only_of_networks_of_the_same_epoch() -> None:
    assert "2.000 without decay, 1.900 with it, 5.00 % less" in words(moved(0.8, 0.1))
    assert "not leave the weights shorter" in words(moved(0.8, 0.1, weights=(1.9, 2.0)))
    assert "cannot be told here" in words(moved(0.8, 0.1, kept=1))


def tiled(cut: float, whole: float) -> Findings:
    values = zip(tiling.LAB.arms, (cut, whole), strict=True)
    return tiling.LAB.observe(
        [replace(made_up(arm.name, value), project=arm.build(Setup())) for arm, value in values]
    )


def test_pixels_that_are_never_seen_are_counted_and_matter_or_do_not() -> None:
    found = tiled(0.8, 0.95)
    assert found.came_true == "whole"
    # of 8 × 8 pixels the one filter sees 5 × 5
    assert [row["pixels never seen"] for row in found.numbers.values()] == [64 - 25, 0]
    assert "With padding 1 is ahead by 15.0 points" in words(found)
    assert "Without padding is ahead by 15.0 points" in words(tiled(0.95, 0.8))
    assert tiled(0.95, 0.8).came_true == "cut"
    assert tiled(0.94, 0.945).came_true == "same"
    assert "may be chance" in words(tiled(0.94, 0.945))
