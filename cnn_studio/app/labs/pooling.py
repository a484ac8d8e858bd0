"""Three ways to make maps smaller: the largest value of a window, its mean, or a filter that takes longer steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnn_studio.app.labs.lab import (
    Arm,
    ArmResult,
    Findings,
    Lab,
    Option,
    Setup,
    by_chance,
    percent,
    surely_differ,
    within,
    without_result,
)
from cnn_studio.app.labs.networks import add_stages, classifying, image_of
from cnn_studio.app.project import Project
from cnn_studio.graph.analysis import analyse
from cnn_studio.graph.shapes import infer_shapes

_MAX, _AVERAGE, _STRIDE = "Max pooling", "Average pooling", "Stride 2"
_POOLS = {_MAX: "max_pool2d", _AVERAGE: "avg_pool2d"}


def _network(setup: Setup, *, kind: str) -> Project:
    return classifying(
        add_stages(image_of(16), 16, 32, pool=_POOLS.get(kind)),
        setup,
        held_out=0.5,
        optimizer="adam",
        learning_rate=0.003,
        epochs=12,
        schedule="cosine",
    )


def _observe(results: Sequence[ArmResult]) -> Findings:
    accuracy = {one.name: one.val_accuracy for one in results}
    if missing := [name for name, value in accuracy.items() if value is None]:
        return without_result(results, missing)
    known = {name: value for name, value in accuracy.items() if value is not None}
    costs = {one.name: _macs(one) for one in results}
    numbers = {
        one.name: {
            "validation accuracy": known[one.name],
            "parameters": float(one.num_params),
            "multiplications per image": float(costs[one.name]),
        }
        for one in results
    }
    ranked = sorted(results, key=lambda one: -known[one.name])
    said = [_told(one, known[one.name], costs[one.name]) for one in results]
    said += _ranking(ranked)
    best, least = ranked[0].name, min(costs, key=costs.__getitem__)
    if 0 < 1.2 * costs[least] < costs[best]:
        said.append(
            f"{least} needs {costs[best] / costs[least]:.1f} times fewer multiplications than {within(best)}."
        )
    return Findings(_IDS[best] if surely_differ(*ranked[:2]) else "same", tuple(said), numbers)


def _ranking(ranked: Sequence[ArmResult]) -> list[str]:
    """Return what is sure about the order of the results, the best first."""
    best, second, *_, last = ranked
    if surely_differ(best, second):
        said = [f"{best.name} is ahead of {within(second.name)} by more than chance explains."]
    else:
        said = [f"{best.name} and {within(second.name)} {by_chance(best, second)}"]
    if surely_differ(best, last):
        points = 100 * ((best.val_accuracy or 0.0) - (last.val_accuracy or 0.0))
        said.append(
            f"{last.name} is behind {within(best.name)} by {points:.1f} points, which is more than chance explains."
        )
    return said


def _macs(one: ArmResult) -> int:
    if one.project is None:
        return 0
    return analyse(infer_shapes(one.project.document)).total.macs


def _told(one: ArmResult, accuracy: float, macs: int) -> str:
    return (
        f"{one.name}: {percent(accuracy)} of {one.num_val:,} validation images right, with {one.num_params:,} parameters and "
        f"{macs:,} multiplications per image."
    )


_IDS = {_MAX: "max", _AVERAGE: "average", _STRIDE: "stride"}

LAB = Lab(
    id="pooling",
    title="Kinds of pooling",
    question="One network makes its maps smaller in three ways, with the same number of weights. Which one reads unseen "
    "digits best?",
    options=(
        Option("max", "Max pooling: the largest value of each 2 × 2 window"),
        Option("average", "Average pooling: the mean of each window"),
        Option("stride", "No pooling: filters that move by 2"),
        Option("same", "The best two differ by no more than chance explains"),
    ),
    arms=tuple(Arm(name, partial(_network, kind=name)) for name in _IDS),
    observe=_observe,
)
