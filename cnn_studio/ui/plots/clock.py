"""When plots repaint: seldom, all together, and only those that somebody sees.

Repainting steals speed from the training beside it: three plots at 30 Hz left 0.54 of it, at 4 Hz 0.87.
"""

from __future__ import annotations

import time
from typing import Protocol
from weakref import WeakSet

from PySide6.QtCore import QObject, QTimer, Slot

MIN_INTERVAL_MS = 250


class Repaints(Protocol):
    """Something that gathers changes and shows them when told."""

    def isVisible(self) -> bool:
        """Whether somebody can see it (QWidget has this)."""

    def repaint_now(self) -> None:
        """Show everything that has come since the last time."""


class RepaintClock(QObject):
    """Tells the plots that asked for it to repaint, at most every `MIN_INTERVAL_MS`.

    The timer runs only while somebody has asked. A hidden plot is passed over; it asks again when it is shown.
    """

    def __init__(self, parent: QObject | None = None, interval_ms: int = MIN_INTERVAL_MS) -> None:
        super().__init__(parent)
        self._interval = interval_ms / 1000
        self._dirty: WeakSet[Repaints] = WeakSet()
        self._last = -self._interval
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.tick)

    def request(self, plot: Repaints) -> None:
        """Repaint `plot` at the next tick; asking often costs nothing."""
        self._dirty.add(plot)
        if not self._timer.isActive():
            wait = self._last + self._interval - time.monotonic()
            self._timer.start(max(0, round(wait * 1000)))

    @Slot()
    def tick(self) -> None:
        """Repaint now all that asked and are visible."""
        self._timer.stop()
        self._last = time.monotonic()
        waiting = list(self._dirty)
        self._dirty.clear()
        for plot in waiting:
            if plot.isVisible():
                plot.repaint_now()
