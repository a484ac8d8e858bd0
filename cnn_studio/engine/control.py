"""How other threads ask a run to pause, to go on, to take one step, to change its rate or to stop."""

from __future__ import annotations

import threading
from typing import Literal

from cnn_studio.core.errors import Cancelled

Stop = Literal["keep", "discard", "interrupt"]
"""What becomes of a run that is stopped: its best weights are kept, nothing is, or a checkpoint to go on from."""


class RunControl:
    """Requests to one run, safe to make from any thread; the run obeys between two steps.

    A stop is final and wins over a pause; of several the strongest counts: discard over interrupt over keep.
    """

    _STRENGTH: tuple[Stop, ...] = ("keep", "interrupt", "discard")

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pause = False
        self._steps = 0
        self._stop: Stop | None = None
        self._rate: float | None = None
        self._wants_weights = False

    @property
    def pause_requested(self) -> bool:
        """Whether the run should wait; False once it should stop."""
        return self._pause and self._stop is None

    @property
    def stop_requested(self) -> bool:
        """Whether the run should end."""
        return self._stop is not None

    def check(self) -> None:
        """Raise `Cancelled` where the run should end: for work that has no end of its own to tell of."""
        if self.stop_requested:
            raise Cancelled

    @property
    def stop_kind(self) -> Stop:
        """What becomes of the run that should end."""
        return self._stop or "keep"

    def pause(self) -> None:
        """Ask the run to wait after the step under way."""
        with self._changed:
            self._pause = True

    def resume(self) -> None:
        """Take a pause back."""
        with self._changed:
            self._pause = False
            self._steps = 0
            self._changed.notify_all()

    def step_once(self) -> None:
        """Let a paused run take one more step and wait again."""
        with self._changed:
            self._pause = True
            self._steps += 1
            self._changed.notify_all()

    def stop(self, kind: Stop = "keep") -> None:
        """Ask the run to end after the step under way, paused or not."""
        with self._changed:
            if self._stop is None or self._STRENGTH.index(kind) > self._STRENGTH.index(self._stop):
                self._stop = kind
            self._changed.notify_all()

    def set_learning_rate(self, rate: float) -> None:
        """Ask the run to go on with another learning rate; its schedule then starts from it.

        Raises:
            ValueError: the rate is not above 0.
        """
        if not rate > 0:
            raise ValueError(f"a learning rate must be above 0, not {rate:g}")
        with self._changed:
            self._rate = rate

    def take_learning_rate(self) -> float | None:
        """Return the rate asked for since the last time, for the run; None if there was none."""
        if self._rate is None:  # no lock in the usual case: this is asked before every step
            return None
        with self._changed:
            rate, self._rate = self._rate, None
        return rate

    def want_weights(self) -> None:
        """Ask for a copy of the weights at the end of the epoch under way; of that epoch alone."""
        self._wants_weights = True

    def take_want_of_weights(self) -> bool:
        """Return whether a copy was asked for since the last time, for the run."""
        wanted, self._wants_weights = self._wants_weights, False
        return wanted

    def wait_while_paused(self) -> bool:
        """Block, without using the processor, until `resume`, `step_once` or `stop` is called; at once when not paused.

        Returns:
            Whether one step was asked for, which the run is to take before it waits again.
        """
        with self._changed:
            self._changed.wait_for(lambda: not self.pause_requested or self._steps > 0)
            if self.pause_requested and self._steps:
                self._steps -= 1
                return True
            return False
