"""When plots repaint: seldom, one after the other, and only those that somebody sees.

Repainting steals speed from the training beside it: three plots at 30 Hz left 0.54 of it, at 4 Hz 0.87.
"""

from __future__ import annotations

import os
import time
from typing import Protocol
from weakref import WeakKeyDictionary, WeakSet

from PySide6.QtCore import QObject, QTimer, Slot

MIN_INTERVAL_MS = 250
MAX_INTERVAL_MS = 1000
_PAUSE_MS = 20
_SHARE_PER_CORE = 0.0175  # of the machine that the window's thread may take while something is live
_WATCH_SECONDS = 0.5


class Repaints(Protocol):
    """Something that gathers changes and shows them when told."""

    def isVisible(self) -> bool:
        """Whether somebody can see it (QWidget has this)."""

    def repaint_now(self) -> None:
        """Show everything that has come since the last time."""


class RepaintClock(QObject):
    """Tells the plots that asked for it to repaint, one at a time and as often as the machine can spare.

    One at a time, because the window must answer between two of them. Each waits between `MIN_INTERVAL_MS` and
    `MAX_INTERVAL_MS`: longer while the window's thread takes more than its share of the processor. The timer runs only while somebody has
    asked. A hidden plot is passed over; it asks again when it is shown.
    """

    def __init__(self, parent: QObject | None = None, interval_ms: int = MIN_INTERVAL_MS) -> None:
        super().__init__(parent)
        self._shortest = self._interval = interval_ms / 1000
        self._share = _SHARE_PER_CORE * (os.cpu_count() or 1)
        self._watched = (time.monotonic(), time.thread_time())
        self._dirty: WeakSet[Repaints] = WeakSet()
        self._last: WeakKeyDictionary[Repaints, float] = WeakKeyDictionary()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._repaint_next)

    def request(self, plot: Repaints) -> None:
        """Repaint `plot` when it is its turn; asking often costs nothing."""
        self._dirty.add(plot)
        if not self._timer.isActive():
            self._wait()

    def _wait(self) -> None:
        """Start the timer for the plot that was repainted longest ago."""
        if self._dirty:
            due = min(self._last.get(plot, 0.0) for plot in self._dirty) + self._interval
            self._timer.start(max(_PAUSE_MS, round((due - time.monotonic()) * 1000)))

    @Slot()
    def _repaint_next(self) -> None:
        waiting = [plot for plot in self._dirty if plot.isVisible()]
        if not waiting:
            self._dirty.clear()
            return
        plot = min(waiting, key=lambda one: self._last.get(one, 0.0))
        self._dirty.discard(plot)
        self._last[plot] = time.monotonic()
        plot.repaint_now()
        self._adapt()
        self._wait()

    def _adapt(self) -> None:
        """Repaint less often while the window's thread takes more than its share, and more often again."""
        now = (time.monotonic(), time.thread_time())
        wall, busy = now[0] - self._watched[0], now[1] - self._watched[1]
        if wall < _WATCH_SECONDS:
            return
        self._watched = now
        wanted = self._interval * max(0.7, min(1.5, busy / wall / self._share))
        self._interval = max(self._shortest, min(MAX_INTERVAL_MS / 1000, wanted))

    @Slot()
    def tick(self) -> None:
        """Repaint now all that asked and are visible."""
        self._timer.stop()
        waiting = list(self._dirty)
        self._dirty.clear()
        for plot in waiting:
            if plot.isVisible():
                self._last[plot] = time.monotonic()
                plot.repaint_now()
