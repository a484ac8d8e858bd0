"""How other threads ask a run to pause, to go on or to stop."""

from __future__ import annotations

import threading


class RunControl:
    """Requests to one run, safe to make from any thread; the run obeys between two steps.

    A stop is final and wins over a pause.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._pause = False
        self._stop = False

    @property
    def pause_requested(self) -> bool:
        """Whether the run should wait; False once it should stop."""
        return self._pause and not self._stop

    @property
    def stop_requested(self) -> bool:
        """Whether the run should end."""
        return self._stop

    def pause(self) -> None:
        """Ask the run to wait after the step under way."""
        with self._changed:
            self._pause = True

    def resume(self) -> None:
        """Take a pause back."""
        with self._changed:
            self._pause = False
            self._changed.notify_all()

    def stop(self) -> None:
        """Ask the run to end after the step under way, paused or not."""
        with self._changed:
            self._stop = True
            self._changed.notify_all()

    def wait_while_paused(self) -> None:
        """Block, without using the processor, until `resume` or `stop` is called; at once when not paused."""
        with self._changed:
            self._changed.wait_for(lambda: not self.pause_requested)
