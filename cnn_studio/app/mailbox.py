"""Where a job's thread leaves its events and the window's timer fetches them."""

from __future__ import annotations

import threading

from cnn_studio.engine.events import BatchDone, GradientsMeasured

CAPACITY = 4096


class Mailbox:
    """A bounded queue of events from any thread.

    Every epoch, pause and end is kept. When a reader falls so far behind that `CAPACITY` events wait, every
    second batch event is dropped: a curve loses points, never its course.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[object] = []
        self._limit = CAPACITY

    def put(self, event: object) -> None:
        """Leave an event."""
        with self._lock:
            self._waiting.append(event)
            if len(self._waiting) > self._limit:
                self._thin_out()

    def drain(self) -> list[object]:
        """Fetch all waiting events, oldest first."""
        with self._lock:
            fetched, self._waiting = self._waiting, []
            self._limit = CAPACITY
        return fetched

    def _thin_out(self) -> None:
        kept: list[object] = []
        drop = False
        for event in self._waiting:
            if isinstance(event, BatchDone | GradientsMeasured):
                drop = not drop
                if drop:
                    continue
            kept.append(event)
        self._waiting = kept
        # if nothing could be dropped the rest must be kept; try again only after as many more
        self._limit = max(CAPACITY, 2 * len(kept))
