"""The length of a step: what happens to one and the same network at three learning rates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial

from cnn_studio.app.labs.lab import (
    Arm,
    ArmResult,
    Findings,
    Lab,
    Option,
    Setup,
    figure,
    percent,
    within,
    without_result,
)
from cnn_studio.app.labs.networks import NUM_DIGITS, add_stages, classifying, image_of
from cnn_studio.app.project import Project

_RATES = {"small": 0.002, "middle": 0.1, "large": 5.0}
_EPOCHS = 8
_CLEAR = 0.8
"""Share of the second lowest loss under which the lowest is called lower."""
_GUESSED = 0.2
"""Accuracy under which a network with a loss like that of guessing is said to guess; a guess is right once in ten."""


def _name(rate: float) -> str:
    return f"Learning rate {rate:g}"


def _network(setup: Setup, *, rate: float) -> Project:
    return classifying(
        add_stages(image_of(16), 12, 24),
        setup,
        optimizer="sgd",
        learning_rate=rate,
        momentum=0,
        batch_size=32,
        epochs=_EPOCHS,
    )


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if not one.epochs and one.finished.status != "failed"]:
        return without_result(results, missing)
    last = {one.name: _last_loss(one) for one in results}
    order = sorted(last, key=last.__getitem__)
    if math.isinf(last[order[0]]):
        return without_result(results, order)
    is_clear = last[order[0]] <= _CLEAR * last[order[1]]
    numbers = {
        one.name: {
            "training loss of the first epoch": one.epochs[0].train_loss,
            "training loss of the last epoch": last[one.name],
            "validation accuracy": one.epochs[-1].val_accuracy,
        }
        for one in results
        if math.isfinite(last[one.name])  # a run that broke off has no figures
    }
    said = [_told(one, last[one.name]) for one in results]
    if is_clear:
        said.append(f"The lowest training loss belongs to {within(order[0])}.")
    else:
        said.append(
            f"The two lowest training losses, {figure(last[order[0]])} and {figure(last[order[1]])}, are too near to each other to "
            "name a winner."
        )
    return Findings(_IDS[order[0]] if is_clear else "same", tuple(said), numbers)


def _last_loss(one: ArmResult) -> float:
    """Return the training loss of the last epoch; a run that broke off has none that is finite."""
    if one.finished.status == "failed" or not one.epochs or not math.isfinite(one.epochs[-1].train_loss):
        return math.inf
    return one.epochs[-1].train_loss


def _told(one: ArmResult, last: float) -> str:
    if math.isinf(last):
        return f"{one.name}: the run broke off. {one.finished.message}".strip()
    first, right = one.epochs[0].train_loss, percent(one.epochs[-1].val_accuracy)
    end = f"{figure(last)} in epoch {len(one.epochs)}, when {right} of {one.num_val:,} validation images were right"
    guess = math.log(NUM_DIGITS)
    kind = ""
    if last > 1.1 * guess:
        kind = f"; that is worse than guessing, which costs {guess:.2f}"
    elif last > 0.95 * guess and one.epochs[-1].val_accuracy < _GUESSED:
        # a network that learns slowly can be right often before its loss falls
        kind = f"; that is no better than guessing, which costs {guess:.2f}"
    return f"{one.name}: training loss {figure(first)} in epoch 1, {end}{kind}."


_IDS = {_name(rate): option for option, rate in _RATES.items()}

LAB = Lab(
    id="learning-rate",
    title="Learning rate",
    question=f"One network is trained by plain gradient descent at three rates, {_EPOCHS} epochs each. At which rate is the "
    "training loss lowest in the last epoch?",
    options=(
        *(Option(option, f"At {rate:g}") for option, rate in _RATES.items()),
        Option("same", "No rate is clearly ahead of the next"),
    ),
    arms=tuple(Arm(_name(rate), partial(_network, rate=rate)) for rate in _RATES.values()),
    observe=_observe,
)
