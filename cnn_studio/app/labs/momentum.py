"""AlexNet's rule taken apart: plain gradient descent, the same with momentum, and with weight decay as well."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
from cnn_studio.app.labs.networks import add_stages, classifying, image_of
from cnn_studio.app.project import Project

_MOMENTUM, _DECAY, _RATE, _EPOCHS = 0.9, 0.0005, 0.01, 10
_CLEAR = 0.8
"""Share of another loss under which a loss is called lower; the rest is the draw of the batches."""

_PLAIN, _MOVING, _RULE = "Plain descent", "Momentum", "Momentum and decay"


def _network(setup: Setup, *, momentum: float, decay: float) -> Project:
    return classifying(
        add_stages(image_of(16), 12, 24),
        setup,
        optimizer="sgd-2012",
        learning_rate=_RATE,
        momentum=momentum,
        weight_decay=decay,
        epochs=_EPOCHS,
    )


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if not one.epochs or one.finished.status == "failed"]:
        return without_result(results, missing)
    loss = {one.name: one.epochs[-1].train_loss for one in results}
    norms = {one.name: _weight_norm(one) for one in results}
    numbers = {
        one.name: {
            "training loss of the last epoch": loss[one.name],
            "validation accuracy": one.epochs[-1].val_accuracy,
            "length of all weights": norms[one.name],
        }
        for one in results
    }
    said = [
        f"{one.name}: training loss {figure(loss[one.name])} in epoch {len(one.epochs)}, when "
        f"{percent(one.epochs[-1].val_accuracy)} of {one.num_val:,} validation images were right."
        for one in results
    ]
    came_true, compared = _descents(loss, _by_name(results, _MOVING))
    kept = tuple(_by_name(results, name).finished.epoch for name in (_MOVING, _RULE))
    decay = _decay_words(norms[_MOVING], norms[_RULE], kept)
    return Findings(came_true, (*said, *compared, decay), numbers)


def _descents(loss: Mapping[str, float], moving: ArmResult) -> tuple[str, list[str]]:
    """Return which answer the losses of the last epoch speak for, and why."""
    factor = loss[_PLAIN] / loss[_MOVING] if loss[_MOVING] else math.inf
    if factor <= _CLEAR:
        return "slower", [
            f"Momentum held the descent up here: its loss is {figure(1 / factor)} times as large."
        ]
    if factor < 1 / _CLEAR:
        return "same", ["Momentum made no clear difference to the loss here."]
    said = [
        f"Momentum brought the loss to {figure(loss[_MOVING])}, {within(_PLAIN)} to {figure(loss[_PLAIN])}, "
        f"{figure(factor)} times as much."
    ]
    caught = next((e.epoch for e in moving.epochs if e.train_loss <= loss[_PLAIN]), None)
    if caught is not None:
        said.append(f"Where plain descent stood in its last epoch, momentum was in epoch {caught}.")
    return "faster", said


def _by_name(results: Sequence[ArmResult], name: str) -> ArmResult:
    return next(one for one in results if one.name == name)


def _weight_norm(one: ArmResult) -> float:
    """Return the Euclidean length of all weights of the kept network; 0 where none was kept."""
    if one.project is None:
        return 0.0
    arrays = one.project.weights.to_state(one.project.document).values()
    return math.sqrt(sum(float((array.astype("float64") ** 2).sum()) for array in arrays))


def _decay_words(without: float, with_decay: float, epochs: tuple[int, ...]) -> str:
    if not without or not with_decay:
        return "How long the weights became is not known, because no network was kept."
    if len(set(epochs)) > 1:
        # weights grow while a network learns, so that a few epochs would pass for decay
        return (
            f"What decay did to the weights cannot be told here: the networks that were kept are of epochs {epochs[0]} "
            f"and {epochs[1]}."
        )
    share = 1 - with_decay / without
    lengths = f"{without:.3f} without decay, {with_decay:.3f} with it"
    if share > 0:
        return (
            f"Decay pulled the weights towards zero: after epoch {epochs[0]} their length is {lengths}, "
            f"{100 * share:.2f} % less."
        )
    return f"Decay did not leave the weights shorter here: their length is {lengths}."


LAB = Lab(
    id="momentum",
    title="Momentum and decay",
    question=f"AlexNet's rule keeps {_MOMENTUM} of the last step and takes {_DECAY} of the rate off every weight. After "
    f"{_EPOCHS} epochs at the rate {_RATE}, how does momentum compare with plain descent at the same rate?",
    options=(
        Option("faster", "Its training loss is clearly lower"),
        Option("same", "The losses are about the same"),
        Option("slower", "Its training loss is clearly higher"),
    ),
    arms=(
        Arm(_PLAIN, partial(_network, momentum=0.0, decay=0.0)),
        Arm(_MOVING, partial(_network, momentum=_MOMENTUM, decay=0.0)),
        Arm(_RULE, partial(_network, momentum=_MOMENTUM, decay=_DECAY)),
    ),
    observe=_observe,
)
