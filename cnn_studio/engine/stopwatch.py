"""A clock that can be stopped and started again."""

from __future__ import annotations

import time


class Stopwatch:
    """Adds up the seconds between `start` and `stop`; calling either twice changes nothing."""

    def __init__(self, seconds: float = 0.0) -> None:
        """Stand still at some seconds."""
        self._before = seconds
        self._since: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds run so far."""
        return self._before + (0.0 if self._since is None else time.perf_counter() - self._since)

    def start(self) -> None:
        """Run from now on."""
        if self._since is None:
            self._since = time.perf_counter()

    def stop(self) -> None:
        """Stand still from now on."""
        self._before = self.seconds
        self._since = None
