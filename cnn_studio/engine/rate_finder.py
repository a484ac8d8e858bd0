"""Finds a learning rate: trains a copy of the network with a rising rate and looks where the loss falls fastest.

The range test of Smith (2017, "Cyclical Learning Rates for Training Neural Networks").
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.computing import Computing
from cnn_studio.engine.device import exact_numerics, pick_device
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.failures import describe_failure, told_in_a_sentence
from cnn_studio.engine.losses import class_weights
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.step import NotFiniteError, StepRunner

LOWEST, HIGHEST = 1e-6, 10.0
NUM_STEPS = 120
_SMOOTHING = 0.85
_BLOWN = 4.0  # the test ends when the loss is this many times the lowest
_SKIPPED = 8  # first points of the average, which still hang on where they began


@dataclass(frozen=True, slots=True)
class RateTried:
    """One step of the test.

    Attributes:
        rate: the learning rate of the step.
        loss: of the batch before the step.
        smooth: average of the losses so far, with its bias corrected.
    """

    rate: float
    loss: float
    smooth: float


@dataclass(frozen=True, slots=True)
class RateFound:
    """The end of the test.

    Attributes:
        rate: the suggestion, or None if the loss fell nowhere.
    """

    rate: float | None


@dataclass(slots=True)
class _Place:
    """Where the test is; steps count from 1 over the whole test, 0 is before the first."""

    epoch: int = 0
    step: int = 0


def find_rate(
    module: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    *,
    plans: Iterable[LayerPlan] = (),
    normalisation: tuple[Sequence[float], Sequence[float]] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    num_steps: int = NUM_STEPS,
) -> Iterator[RateTried | RateFound]:
    """Try rising rates on a copy of the network; the network itself stays as it is, bit for bit.

    Args:
        module: the network, on the CPU.
        data: the images; batches come from its training part.
        settings: optimizer, batch size, seed and all that shapes a step; their rate and schedule play no part.
        plans: what is frozen.
        normalisation: mean and deviation to use; those of the training part if None.
        cancelled: asked before every step; the test then ends with what it has.
        num_steps: from the lowest to the highest rate.

    Raises:
        RunError: the network cannot be trained like this.
    """
    device = pick_device(settings.device)
    at = _Place()
    with told_in_a_sentence(
        device,
        lambda error: describe_failure(error, epoch=at.epoch, step=at.step, batch_size=settings.batch_size),
    ):
        yield from _tested(
            module, data, settings, list(plans), normalisation or (data.mean, data.std), device,
            cancelled, num_steps, at,
        )  # fmt: skip


def _tested(
    module: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    plans: Sequence[LayerPlan],
    normalisation: tuple[Sequence[float], Sequence[float]],
    device: torch.device,
    cancelled: Callable[[], bool],
    num_steps: int,
    at: _Place,
) -> Iterator[RateTried | RateFound]:
    """Do the test; what it needs of the device's memory ends with this function."""
    batches = Batches(
        data.train,
        *normalisation,
        settings.batch_size,
        device,
        augmentation=settings.augmentation,
    )
    with exact_numerics(device) as threads:
        twin = copy.deepcopy(module)
        computing = Computing(twin, device, Tuning(settings.channels_last, settings.precision, threads))
        plan = apply_plan(twin, plans)
        classes = len(data.classes)
        weights = class_weights(settings.class_weights, data.train.labels, classes, device)
        runner = StepRunner(computing, settings, plan.groups, num_classes=classes, class_weights=weights)
        twin.train()
        yield from _rising(runner, batches, settings.seed, cancelled, num_steps, at)


def _rising(
    runner: StepRunner,
    batches: Batches,
    seed: int,
    cancelled: Callable[[], bool],
    num_steps: int,
    at: _Place,
) -> Iterator[RateTried | RateFound]:
    growth = (HIGHEST / LOWEST) ** (1 / (num_steps - 1))
    average = weight = 0.0
    lowest = math.inf
    tried: list[RateTried] = []
    while at.step < num_steps:
        at.epoch += 1
        for images, labels in batches.epoch(seed, at.epoch):
            if at.step == num_steps or cancelled():
                break
            rate = LOWEST * growth**at.step
            at.step += 1
            try:
                arrived = [*runner.take(images, labels, at.epoch, at.step, rate), *runner.flush()]
            except NotFiniteError:
                yield RateFound(suggested_rate(tried))
                return
            loss = arrived[-1].loss
            average = _SMOOTHING * average + (1 - _SMOOTHING) * loss
            weight = _SMOOTHING * weight + (1 - _SMOOTHING)
            tried.append(RateTried(rate, loss, average / weight))
            yield tried[-1]
            lowest = min(lowest, tried[-1].smooth) if at.step > _SKIPPED else lowest
            if not math.isfinite(loss) or tried[-1].smooth > _BLOWN * lowest:
                yield RateFound(suggested_rate(tried))
                return
        if cancelled():
            break
    yield RateFound(suggested_rate(tried))


def suggested_rate(tried: Sequence[RateTried]) -> float | None:
    """Return the rate at which the smoothed loss falls fastest, before its lowest point; None if it never falls.

    The average lags behind, so the slope is taken over a few points around each rate.
    """
    points = tried[_SKIPPED:]
    if len(points) < 5:
        return None
    low = min(range(len(points)), key=lambda n: points[n].smooth)
    slopes = [
        (points[n + 2].smooth - points[n - 2].smooth, n) for n in range(2, min(low + 1, len(points) - 2))
    ]
    if not slopes:
        return None
    slope, at = min(slopes)
    return points[at].rate if slope < 0 else None
