"""How the learning rate changes over a run, as pure functions of the position. Needs neither torch nor numpy."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from cnn_studio.engine.settings import TrainSettings

_ONE_CYCLE_RISE = 0.3  # share of the run in which the rate rises
_ONE_CYCLE_START = 1 / 25
_ONE_CYCLE_END = 1 / 25e4
_PLATEAU_THRESHOLD = 1e-4  # a loss counts as better if it falls by this share


@dataclass(frozen=True, slots=True)
class SchedulePoint:
    """Where a run stands.

    Attributes:
        step: steps already done.
        total_steps: of the whole run.
        steps_per_epoch: of one pass over the training part.
        drops: how often the plateau schedule has lowered the rate.
    """

    step: int
    total_steps: int
    steps_per_epoch: int
    drops: int = 0


def rate_factor(settings: TrainSettings, at: SchedulePoint) -> float:
    """Return what the learning rate is multiplied by in the step after `at.step` steps.

    A warm-up rises in a straight line to where the schedule begins, and the schedule runs over the steps behind it; the
    epochs of the step schedule are counted from the start of the run.
    """
    warmup = min(warmup_steps(settings, at.steps_per_epoch), at.total_steps)
    if at.step < warmup:
        return (at.step + 1) / warmup * _SHAPES[settings.schedule](settings, _behind(at, warmup, 0))
    return _SHAPES[settings.schedule](settings, _behind(at, warmup, at.step - warmup))


def _behind(at: SchedulePoint, warmup: int, step: int) -> SchedulePoint:
    return SchedulePoint(step, max(1, at.total_steps - warmup), at.steps_per_epoch, at.drops)


def warmup_steps(settings: TrainSettings, steps_per_epoch: int) -> int:
    """Return the number of steps of the warm-up; the one-cycle schedule has one of its own."""
    return 0 if settings.schedule == "one-cycle" else round(settings.warmup_epochs * steps_per_epoch)


def _constant(settings: TrainSettings, at: SchedulePoint) -> float:
    return 1.0


def _step(settings: TrainSettings, at: SchedulePoint) -> float:
    """`torch.optim.lr_scheduler.StepLR`, an epoch at a time; the warm-up's epochs count."""
    epoch = (at.step + warmup_steps(settings, at.steps_per_epoch)) // at.steps_per_epoch
    return settings.rate_factor ** (epoch // settings.step_epochs)


def _cosine(settings: TrainSettings, at: SchedulePoint) -> float:
    """Half a cosine wave from 1 down to 0, which is reached after the last step.

    SGDR (Loshchilov and Hutter, 2017), equation 5, without restarts.
    """
    return (1.0 + math.cos(math.pi * at.step / at.total_steps)) / 2.0


def _one_cycle(settings: TrainSettings, at: SchedulePoint) -> float:
    """Two half cosine waves: up from 1/25 in 30 % of the run, then down to 1/250,000 (Smith and Topin, 2018).

    The numbers are those of `torch.optim.lr_scheduler.OneCycleLR`, without its cycle of the momentum.
    """
    top = _ONE_CYCLE_RISE * at.total_steps - 1
    end = at.total_steps - 1
    if at.step <= top:
        return _half_wave(_ONE_CYCLE_START, 1.0, at.step / top)
    return _half_wave(1.0, _ONE_CYCLE_END, (at.step - top) / (end - top) if end > top else 1.0)


def _half_wave(first: float, last: float, share: float) -> float:
    return last + (first - last) / 2.0 * (1.0 + math.cos(math.pi * share))


def _plateau(settings: TrainSettings, at: SchedulePoint) -> float:
    return float(settings.rate_factor**at.drops)


_SHAPES: dict[str, Callable[[TrainSettings, SchedulePoint], float]] = {
    "constant": _constant,
    "step": _step,
    "cosine": _cosine,
    "one-cycle": _one_cycle,
    "plateau": _plateau,
}


def planned_rates(
    settings: TrainSettings, steps_per_epoch: int, most: int = 400
) -> list[tuple[float, float]]:
    """Return epoch and learning rate at up to `most` places of a run, for a drawing before it starts.

    What the plateau schedule will do nobody knows: it is drawn without drops.
    """
    total = settings.epochs * steps_per_epoch
    count = min(most, total)
    steps = sorted({round(n * (total - 1) / max(1, count - 1)) for n in range(count)})
    return [
        (
            step / steps_per_epoch,
            settings.learning_rate * rate_factor(settings, SchedulePoint(step, total, steps_per_epoch)),
        )
        for step in steps
    ]


class Plateau:
    """Watches the validation loss for the plateau schedule, with the rule of torch's ReduceLROnPlateau.

    Attributes:
        drops: how often the rate has been lowered.
    """

    def __init__(self, patience: int) -> None:
        self._patience = patience
        self._best = math.inf
        self._bad_epochs = 0
        self.drops = 0

    def take(self, loss: float) -> None:
        """Note the validation loss of an epoch."""
        if loss < self._best * (1.0 - _PLATEAU_THRESHOLD):
            self._best, self._bad_epochs = loss, 0
        else:
            self._bad_epochs += 1
        if self._bad_epochs > self._patience:
            self.drops += 1
            self._bad_epochs = 0

    def record(self) -> dict[str, float | int | None]:
        """Return the state as a JSON-able record."""
        best = None if math.isinf(self._best) else self._best
        return {"best": best, "bad_epochs": self._bad_epochs, "drops": self.drops}

    def restore(self, record: dict[str, float | int | None]) -> None:
        """Take over a state that `record` gave."""
        best = record["best"]
        self._best = math.inf if best is None else float(best)
        self._bad_epochs, self.drops = int(record["bad_epochs"] or 0), int(record["drops"] or 0)
