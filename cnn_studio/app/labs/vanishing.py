"""Why depth alone does not help: the gradient on its way back through a deep network with and without shortcuts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

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
from cnn_studio.app.labs.networks import classifying, image_of
from cnn_studio.app.project import Project

_BLOCKS = 8
_WIDTH = 16
_CLEAR = 3.0
"""How many times smaller than all others a gradient must be to be called the smallest."""

_SIGMOID, _PLAIN, _RESIDUAL = "Plain network with sigmoid", "Plain network with ReLU", "Residual network"
_FIRST, _LAST = "block1.conv1", f"block{_BLOCKS}.conv2"


def _network(setup: Setup, *, activation: str, shortcuts: bool) -> Project:
    size: dict[str, Any] = {"out_channels": _WIDTH, "kernel_size": 3, "padding": 1}
    net = image_of(8).add("conv1", "conv2d", **size).add("act1", activation)
    for number in range(1, _BLOCKS + 1):
        path, entry = f"block{number}", net.last
        net.add(f"{path}.conv1", "conv2d", **size).add(f"{path}.act1", activation)
        net.add(f"{path}.conv2", "conv2d", **size)
        if shortcuts:
            net.add(f"{path}.add", "add", after=(net.last, entry))
        net.add(f"{path}.act2", activation)
    net.add("pool", "max_pool2d", kernel_size=2, stride=2)
    return classifying(net, setup, optimizer="sgd", learning_rate=0.05, epochs=8)


def _observe(results: Sequence[ArmResult]) -> Findings:
    if missing := [one.name for one in results if not one.gradients]:
        return without_result(results, missing)
    numbers = {}
    for one in results:
        norms = dict(one.gradients[0].norms)
        numbers[one.name] = {
            "gradient of the first block": norms[_FIRST],
            "gradient of the last block": norms[_LAST],
            "validation accuracy": one.val_accuracy or 0.0,
        }
    first = {name: row["gradient of the first block"] for name, row in numbers.items()}
    order = sorted(first, key=first.__getitem__)
    is_clear = first[order[1]] > _CLEAR * first[order[0]]
    came_true = _IDS[order[0]] if is_clear else "same"
    said = []
    for name in (_RESIDUAL, _PLAIN, _SIGMOID):
        last = numbers[name]["gradient of the last block"]
        said.append(
            f"{name}: before the first step the gradient of the first block is {figure(first[name])}, that of the last "
            f"block {figure(last)}: {_times(last, first[name])}."
        )
    said += [_shortcuts_beside(name, first) for name in (_PLAIN, _SIGMOID)]
    reached = ", ".join(f"{within(one.name)} {percent(one.val_accuracy or 0.0)}" for one in results)
    said.append(f"Of the validation images right at the end: {reached}.")
    return Findings(came_true, tuple(said), numbers)


def _shortcuts_beside(name: str, first: Mapping[str, float]) -> str:
    """Return what the shortcuts did to the gradient of the first block, beside a network without any."""
    residual, other = first[_RESIDUAL], first[name]
    if residual <= _CLEAR * other:
        return (
            f"The shortcuts made no clear difference to the {within(name)} here: the gradients of the first block are "
            f"{figure(residual)} and {figure(other)}."
        )
    factor = f"{figure(residual / other)} times" if other > 0 else "beyond all measure larger than"
    return (
        f"The shortcuts: in the first block the gradient is {factor} that of the {within(name)}, which has as many "
        "weights."
    )


def _times(last: float, first: float) -> str:
    if first <= 0:
        return "nothing of it is left that a float32 could hold"
    ratio = last / first
    if ratio >= 1:
        return f"on the way back it became {figure(ratio)} times smaller"
    return f"on the way back it became {figure(1 / ratio)} times larger"


_LAYERS = 2 * _BLOCKS + 1
_IDS = {_SIGMOID: "sigmoid", _PLAIN: "plain", _RESIDUAL: "residual"}

LAB = Lab(
    id="vanishing-gradients",
    title="Vanishing gradients",
    question=f"Three networks of {_LAYERS} convolutions, each as wide as the others. In which one is the gradient that "
    "reaches the first block smallest, before the first step?",
    options=(
        Option("sigmoid", "The plain one with sigmoid"),
        Option("plain", "The plain one with ReLU"),
        Option("residual", "The one with shortcuts, y = F(x) + x, and ReLU"),
        Option("same", "They are about equal"),
    ),
    arms=(
        Arm(_RESIDUAL, partial(_network, activation="relu", shortcuts=True)),
        Arm(_PLAIN, partial(_network, activation="relu", shortcuts=False)),
        Arm(_SIGMOID, partial(_network, activation="sigmoid", shortcuts=False)),
    ),
    observe=_observe,
)
