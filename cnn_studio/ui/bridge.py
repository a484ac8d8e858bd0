"""From a run's thread to the window: one timer empties a mailbox and hands the events on as one list.

A signal per event would freeze the window (20,000 of them made a gap of two seconds); a mailbox emptied 30 times
a second makes none.
"""

from __future__ import annotations

from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot

INTERVAL_MS = 33


class Mailbox(Protocol):
    """What the bridge empties; `drain` must be safe to call while other threads put events in."""

    def drain(self) -> list[object]:
        """Take out and return all events that wait, oldest first; never blocks."""


class Bridge(QObject):
    """Empties one mailbox on the GUI thread, about 30 times a second, while one is watched.

    Args:
        parent: the object it belongs to.
        interval_ms: time between two looks; a shorter one where somebody waits for the first event.

    Attributes:
        events: emitted on the GUI thread with the events that came, in order; never with an empty list.
    """

    events = Signal(list)

    def __init__(self, parent: QObject | None = None, interval_ms: int = INTERVAL_MS) -> None:
        super().__init__(parent)
        self._mailbox: Mailbox | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self.drain)

    @property
    def is_watching(self) -> bool:
        """Whether a mailbox is watched; the timer runs only then."""
        return self._mailbox is not None

    def watch(self, mailbox: Mailbox) -> None:
        """Empty this mailbox from now on; one that was watched before is emptied a last time."""
        if self._mailbox is not None and self._mailbox is not mailbox:
            self.unwatch()
        self._mailbox = mailbox
        self._timer.start()

    def unwatch(self) -> None:
        """Empty the mailbox a last time and stop the timer; nothing happens when none is watched."""
        self._timer.stop()
        mailbox, self._mailbox = self._mailbox, None
        if mailbox is not None:
            self._emit(mailbox)

    @Slot()
    def drain(self) -> None:
        """Hand on what waits now, without waiting for the timer."""
        if self._mailbox is not None:
            self._emit(self._mailbox)

    def _emit(self, mailbox: Mailbox) -> None:
        waiting = mailbox.drain()
        if waiting:
            self.events.emit(waiting)
