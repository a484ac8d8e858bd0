"""Where a job's thread leaves its events and the window's timer fetches them."""

from __future__ import annotations

import threading
from collections import Counter

from cnn_studio.engine.events import BatchDone, GradientsMeasured

CAPACITY = 4096
_THINNED = (BatchDone, GradientsMeasured)


class Mailbox:
    """A bounded queue of events from any thread.

    Every epoch, pause and end is kept. When a reader falls so far behind that `CAPACITY` events wait, every
    second batch event is dropped, and from then on only every second one is taken, and so on: a curve loses
    points evenly over its whole length.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._start_over()

    def _start_over(self) -> None:
        self._waiting: list[object] = []
        self._limit = CAPACITY
        self._stride = 1
        self._seen: Counter[type] = Counter()

    def put(self, event: object) -> None:
        """Leave an event."""
        with self._lock:
            if isinstance(event, _THINNED):
                number = self._seen[type(event)]
                self._seen[type(event)] += 1
                if number % self._stride:
                    return
            self._waiting.append(event)
            if len(self._waiting) > self._limit:
                self._thin_out()

    def drain(self) -> list[object]:
        """Fetch all waiting events, oldest first."""
        with self._lock:
            fetched = self._waiting
            self._start_over()
        return fetched

    def _thin_out(self) -> None:
        kept: list[object] = []
        seen: Counter[type] = (
            Counter()
        )  # each kind apart, or batches and gradients in turn would lose one kind
        for event in self._waiting:
            if isinstance(event, _THINNED):
                seen[type(event)] += 1
                if seen[type(event)] % 2 == 0:
                    continue
            kept.append(event)
        self._waiting = kept
        self._stride *= 2
        # if nothing could be dropped the rest must be kept; try again only after as many more
        self._limit = max(CAPACITY, 2 * len(kept))
