"""Three ways to make maps smaller: the largest value of a window, its mean, or a filter that takes longer steps."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from cnn_studio.app.labs.lab import (
    Arm,
    ArmResult,
    Findings,
    Lab,
    Option,
    Setup,
    percent,
    surely_differ,
    within,
    without_result,
)
from cnn_studio.app.project import Project
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.analysis import analyse
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters.chain import ChainBuilder

_MAX, _AVERAGE, _STRIDE = "Max pooling", "Average pooling", "Stride 2"
_POOLS = {_MAX: "max_pool2d", _AVERAGE: "avg_pool2d"}


def _network(setup: Setup, *, kind: str) -> Project:
    net = ChainBuilder("").add("input", "input", channels=1, height=16, width=16)
    for number, filters in ((1, 16), (2, 32)):
        pool = _POOLS.get(kind)
        size: dict[str, Any] = {"kernel_size": 3, "padding": 1, "stride": 1 if pool else 2}
        net.add(f"conv{number}", "conv2d", out_channels=filters, **size).add(f"relu{number}", "relu")
        if pool:
            net.add(f"pool{number}", pool, kernel_size=2, stride=2)
    net.add("flatten", "flatten").add("classifier", "linear", out_features=10)
    settings = TrainSettings(
        optimizer="adam",
        learning_rate=0.003,
        weight_decay=0,
        batch_size=64,
        epochs=12,
        schedule="cosine",
        seed=setup.seed,
    )
    data = setup.data.model_copy(update={"val_fraction": 0.5, "split_seed": setup.seed})
    return Project(net.finish(), data, settings)


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
    order = sorted(known, key=lambda name: -known[name])
    by_name = {one.name: one for one in results}
    differ = surely_differ(by_name[order[0]], by_name[order[1]])
    said = [_told(one, known[one.name], costs[one.name]) for one in results]
    if differ:
        said.append(f"{order[0]} is ahead of {within(order[1])} by more than chance explains.")
    else:
        said.append(
            f"{order[0]} and {within(order[1])} differ by {100 * (known[order[0]] - known[order[1]]):.1f} points, which "
            f"with {by_name[order[0]].num_val:,} validation images may be chance."
        )
    behind = order[-1]
    if surely_differ(by_name[order[0]], by_name[behind]) and len(order) > 2:
        said.append(
            f"{behind} is behind {within(order[0])} by {100 * (known[order[0]] - known[behind]):.1f} points, which is "
            "more than chance explains."
        )
    best, least = order[0], min(costs, key=costs.__getitem__)
    if 0 < 1.2 * costs[least] < costs[best]:
        said.append(
            f"{least} needs {costs[best] / costs[least]:.1f} times fewer multiplications than {within(best)}."
        )
    return Findings(_IDS[order[0]] if differ else "same", tuple(said), numbers)


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
