"""Why convolution: a fully connected network learns few images by heart, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cnn_studio.app.labs.lab import Arm, ArmResult, Findings, Lab, Option, Setup, percent, without_result
from cnn_studio.app.labs.networks import add_stages, classifying, image_of
from cnn_studio.app.project import Project
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.graph.starters.chain import ChainBuilder

_IMAGES, _ALL = 200, 1797
_CLEAR = 0.01
"""Two gaps that are closer than this are called equal."""

_DENSE, _CNN, _HELPED = "Fully connected", "Convolutional", "Fully connected with dropout and augmentation"


def _dense(setup: Setup, *, helped: bool) -> Project:
    net = image_of(16).add("flatten", "flatten")
    for number in (1, 2):
        net.add(f"fc{number}", "linear", out_features=512, bias=False)
        net.add(f"bn{number}", "batch_norm").add(f"relu{number}", "relu")
        if helped:
            net.add(f"drop{number}", "dropout", p=0.3)
    varied = Augmentation(rotation=12, shift=0.12, scale=0.12, shear=8) if helped else Augmentation()
    return _on_few(net, setup, epochs=80 if helped else 40, augmentation=varied)


def _cnn(setup: Setup) -> Project:
    net = add_stages(image_of(16), 16, 32, 64, is_normed=True, ends_in_mean=True)
    return _on_few(net, setup, epochs=40)


def _on_few(net: ChainBuilder, setup: Setup, **settings: object) -> Project:
    return classifying(
        net,
        setup,
        held_out=1 - _IMAGES / _ALL,
        optimizer="adam",
        learning_rate=0.002,
        batch_size=32,
        schedule="cosine",
        **settings,
    )


def _observe(results: Sequence[ArmResult]) -> Findings:
    gaps = {one.name: one.gap for one in results}
    if missing := [name for name, gap in gaps.items() if gap is None]:
        return without_result(results, missing)
    gap = {name: value for name, value in gaps.items() if value is not None}
    numbers = {
        one.name: {
            "training accuracy": one.seen_accuracy or 0.0,
            "validation accuracy": one.val_accuracy or 0.0,
            "gap": gap[one.name],
            "parameters": float(one.num_params),
        }
        for one in results
    }
    order = sorted(gap, key=lambda name: -gap[name])
    came_true = _IDS[order[0]] if gap[order[0]] - gap[order[1]] >= _CLEAR else "same"
    said = [
        f"{one.name}, {one.num_params:,} parameters: {percent(one.seen_accuracy or 0.0)} of the {one.num_train:,} images "
        f"that it learnt from are right, and {percent(one.val_accuracy or 0.0)} of {one.num_val:,} that it never saw: "
        f"a gap of {100 * gap[one.name]:.1f} points."
        for one in results
    ]
    said.append(_compared(gap[_DENSE], gap[_CNN], "Convolution in place of full connection"))
    said.append(_compared(gap[_DENSE], gap[_HELPED], "Dropout with augmentation"))
    return Findings(came_true, tuple(said), numbers)


def _compared(dense: float, other: float, what: str) -> str:
    less = 100 * (dense - other)
    if less >= 100 * _CLEAR:
        return f"{what} made the gap {less:.1f} points smaller."
    if less <= -100 * _CLEAR:
        return f"{what} did not help here: the gap is {-less:.1f} points larger."
    return f"{what} made no clear difference to the gap here: {100 * dense:.1f} and {100 * other:.1f} points."


_IDS = {_DENSE: "dense", _CNN: "cnn", _HELPED: "helped"}

LAB = Lab(
    id="overfitting",
    title="Overfitting",
    question=f"Three networks learn from {_IMAGES} digits. For which one is the gap between the images that it learnt from "
    "and those that it never saw widest?",
    options=(
        Option("dense", "The fully connected one"),
        Option("helped", "The fully connected one with dropout and augmentation"),
        Option("cnn", "The convolutional one"),
        Option("same", "The widest two differ by less than a point"),
    ),
    arms=(
        Arm(_DENSE, partial(_dense, helped=False)),
        Arm(_HELPED, partial(_dense, helped=True)),
        Arm(_CNN, _cnn),
    ),
    observe=_observe,
)
