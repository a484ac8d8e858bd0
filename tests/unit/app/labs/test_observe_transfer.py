"""What is said of transfer follows the numbers: seen, not seen, and the other way round give different words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnn_studio.app.labs import amounts, negative
from cnn_studio.app.labs.lab import Findings, Lab
from tests.helpers.lab_results import made_up


def observed(lab: Lab, *values: float | None, num_val: int = 600, num_params: int = 1234) -> Findings:
    arms = zip(lab.arms, values, strict=True)
    results = [made_up(arm.name, value, num_val=num_val) for arm, value in arms]
    return lab.observe([replace(one, num_params=num_params) for one in results])


def words(found: Findings) -> str:
    return "\n".join(found.sentences)


def test_a_lead_that_shrinks_is_told_with_its_figures() -> None:
    found = observed(amounts.LAB, 0.87, 0.6, 0.94, 0.93, 0.975, 0.98)
    assert found.came_true == "shrinks"
    said = words(found)
    assert (
        "87.0 % right with the pre-trained layers, 60.0 % from scratch; transfer is ahead by 27.0 points"
        in said
    )
    assert "The lead went from 27.0 points with 200 images to −0.5" in said
    assert "0.5 points apart may be chance" in said
    assert found.numbers["Pre-trained, 4 per class"]["validation accuracy"] == 0.87


def test_a_lead_that_stays_or_grows_is_told_as_it_is() -> None:
    stays = observed(amounts.LAB, 0.87, 0.7, 0.9, 0.73, 0.93, 0.77)
    assert stays.came_true == "same"
    assert "that difference may be chance" in words(stays)
    grows = observed(amounts.LAB, 0.5, 0.6, 0.8, 0.7, 0.97, 0.7)
    assert grows.came_true == "grows"
    assert "transfer is behind by 10.0 points" in words(grows)
    assert "not the rule" in words(grows)


def test_with_few_validation_images_a_lead_counts_for_less() -> None:
    assert observed(amounts.LAB, 0.87, 0.6, 0.9, 0.9, 0.9, 0.9, num_val=10).came_true == "same"


def test_the_network_made_for_digits_is_named_only_where_there_is_a_large_one() -> None:
    usual = (0.87, 0.6, 0.94, 0.93, 0.975, 0.98)
    assert "made for the digits" in words(observed(amounts.LAB, *usual, num_params=250_000))
    assert "made for the digits" not in words(observed(amounts.LAB, *usual, num_params=60_000))


def test_transfer_that_hurts_is_told_with_its_remedy() -> None:
    found = observed(negative.LAB, 0.6, 0.86, 0.87, 0.92, 0.97, 0.99)
    assert found.came_true == "hurts"
    said = words(found)
    assert "Last code, all images: 92.0 % right, beside 99.0 % from scratch: 7.0 points behind" in said
    assert "cutting earlier gained 26.0 points. It is not surely different from training from scratch" in said
    assert "cutting earlier gained 5.0 points. It is 2.0 points behind training from scratch" in said
    assert "This is negative transfer" in said


def test_transfer_that_helps_or_does_nothing_is_told_as_it_is() -> None:
    helps = observed(negative.LAB, 0.85, 0.7, 0.6, 0.95, 0.85, 0.8)
    assert helps.came_true == "helps"
    assert "near enough to what the network knows" in words(helps)
    assert "cutting earlier lost 10.0 points. It is 5.0 points ahead of training from scratch" in words(helps)
    same = observed(negative.LAB, 0.6, 0.86, 0.87, 0.975, 0.97, 0.98)
    assert same.came_true == "same"
    assert "negative transfer" not in words(same)
    assert "0.5 points, which with 600 validation images may be chance" in words(same)


@pytest.mark.parametrize("lab", [amounts.LAB, negative.LAB], ids=lambda lab: lab.id)
def test_an_arm_without_a_result_leaves_the_question_open(lab: Lab) -> None:
    values: list[float | None] = [0.9] * len(lab.arms)
    values[2] = None
    found = observed(lab, *values)
    assert found.came_true == ""
    assert f"{lab.arms[2].name} came to no result" in words(found)
