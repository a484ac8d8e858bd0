"""What is known of a run from its events: how far it is, how fast, how long still, and in which words. No Qt."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    Event,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
)

State = Literal["idle", "preparing", "running", "paused", "stopping"]

_RATE_WINDOW = 3.0  # seconds of training that the shown speed looks back over


def duration_text(seconds: float) -> str:
    """Return a time as ``0:07``, ``12:05`` or ``1:02:05``."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"


def percent_text(fraction: float) -> str:
    """Return a fraction of 1 as ``97.9 %``."""
    return f"{100 * fraction:.1f} %"


class RunProgress:
    """Follows one run after the other.

    Attributes:
        fraction: how much of the run is done, 0 to 1.
        state: what the run does now, as its events say.
        finished: the last event of the last run, or None while none has ended.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        """Begin with no run; `now` is the wall clock in seconds."""
        self._now = now
        self._reset()

    def _reset(self) -> None:
        self.fraction = 0.0
        self.state: State = "idle"
        self.finished: RunFinished | None = None
        self._started: RunStarted | None = None
        self._began = self._now()
        self._took: float | None = None
        self._paused_at: float | None = None
        self._step = self._epoch = 0
        self._first: tuple[int, float] | None = None  # step and wall time of the first batch seen
        self._recent: deque[tuple[int, float]] = deque()  # step, training seconds
        self._best: tuple[int, float] | None = None

    def take(self, event: Event) -> None:
        """Take the next event of the run."""
        match event:
            case RunStarted():
                self._reset()
                self._started, self.state = event, "running"
            case BatchDone():
                self._batch(event)
            case EpochDone() if event.is_best:
                self._best = (event.epoch, event.val_accuracy)
            case RunPaused():
                self.state, self._paused_at = "paused", self._now()
            case RunContinued():
                self._go_on()
            case RunFinished():
                if self.state == "idle":
                    self._reset()  # it ended before it started: nothing of the run before belongs to it
                else:
                    end = self._now() if self._paused_at is None else self._paused_at
                    self._took = end - self._began
                self.finished, self.state = event, "idle"
                if event.status == "done":
                    self.fraction = 1.0
            case _:
                pass

    def _go_on(self) -> None:
        """Leave the pause out of all times."""
        if self._paused_at is not None:
            pause = self._now() - self._paused_at
            self._began += pause
            if self._first is not None:
                self._first = (self._first[0], self._first[1] + pause)
        self.state, self._paused_at = "running", None

    def _batch(self, event: BatchDone) -> None:
        self._step, self._epoch = event.step, event.epoch
        if self._first is None:
            self._first = (event.step, self._now())
        self._recent.append((event.step, event.seconds))
        while len(self._recent) > 2 and event.seconds - self._recent[1][1] > _RATE_WINDOW:
            self._recent.popleft()
        if self._started is not None:
            total = self._started.num_epochs * self._started.steps_per_epoch
            self.fraction = min(1.0, event.step / max(1, total))

    def images_per_second(self) -> float | None:
        """Return the speed of the last seconds of training, without validation; None before it is known."""
        if self.finished is not None and self.finished.images_per_second > 0:
            return self.finished.images_per_second
        if self._started is None or len(self._recent) < 2:
            return None
        (step, seconds), (last_step, last_seconds) = self._recent[0], self._recent[-1]
        if last_seconds <= seconds:
            return None
        per_step = self._started.num_train / max(1, self._started.steps_per_epoch)
        return (last_step - step) * per_step / (last_seconds - seconds)

    def seconds_left(self) -> float | None:
        """Return the wall time still to go, validation included; None before it is known."""
        if self._started is None or self._first is None or self._step <= self._first[0]:
            return None
        now = self._paused_at if self._paused_at is not None else self._now()
        total = self._started.num_epochs * self._started.steps_per_epoch
        return (total - self._step) * (now - self._first[1]) / (self._step - self._first[0])

    def text(self) -> str:
        """Return the line under the progress bar; nothing before the first run."""
        if self.finished is not None:
            return self._end_text(self.finished)
        if self._started is None:
            return ""
        parts = [f"epoch {max(1, self._epoch):,} of {self._started.num_epochs:,}"]
        if self.state == "paused":
            parts[0] = "paused in " + parts[0]
        if (left := self.seconds_left()) is not None:
            parts.append(f"{duration_text(left)} left")
        if self.state == "running" and (rate := self.images_per_second()) is not None:
            parts.append(rate_text(rate))
        return " · ".join(parts)

    def _end_text(self, end: RunFinished) -> str:
        if end.status == "failed":
            return end.message or "The run failed."
        word = "done" if end.status == "done" else "stopped"
        if end.status == "stopped" and self._epoch:
            word += f" in epoch {self._epoch:,}"
        parts = [word if self._took is None else f"{word} after {duration_text(self._took)}"]
        if end.epoch and end.val_accuracy is not None and math.isfinite(end.val_accuracy):
            parts.append(f"kept epoch {end.epoch:,}: {percent_text(end.val_accuracy)} validation")
        elif end.status == "stopped":
            parts.append("no epoch was finished, so no weights are kept")
        if end.test_accuracy is not None:
            parts.append(f"{percent_text(end.test_accuracy)} test")
        if end.images_per_second > 0:
            parts.append(rate_text(end.images_per_second))
        return " · ".join(parts)


def rate_text(rate: float) -> str:
    """Return a speed as ``13,900 images/s``, to three figures."""
    if rate <= 0 or not math.isfinite(rate):
        return "0 images/s"
    digits = 2 - math.floor(math.log10(rate))
    return f"{round(rate, digits):,.{max(0, digits) if rate < 10 else 0}f} images/s"
