"""A line on the error stream that says how far a long step is, and Ctrl+C that ends it with what is there kept."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from cnn_studio.app.jobs import Progress

_TELL_SECONDS = 0.2


class Line:
    """One line on the error stream that says how far it is; nothing where nobody watches."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._is_watched = sys.stderr.isatty()
        self._told = 0.0
        self._is_open = False

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the line where its work did not, so that what is written next begins a new one."""
        if self._is_open:
            sys.stderr.write("\n")
            sys.stderr.flush()

    def images(self, done: int, total: int) -> None:
        """Tell how many images were looked at."""
        self._tell(f"{self._text}: {done:,} of {total:,}", is_last=0 < total <= done)

    def bytes(self, event: object) -> None:
        """Tell what came, of a `Progress` in bytes."""
        if isinstance(event, Progress):
            share = f": {event.done / 1e6:,.1f} of {event.total / 1e6:,.1f} MB" if event.total else ""
            self._tell(event.text + share, is_last=0 < event.total <= event.done)

    def _tell(self, text: str, *, is_last: bool) -> None:
        now = time.monotonic()
        if self._is_watched and (is_last or now - self._told > _TELL_SECONDS):
            self._told = now
            self._is_open = not is_last
            sys.stderr.write(f"\r\033[K{text}" + ("\n" if is_last else ""))
            sys.stderr.flush()


@contextmanager
def interrupt_cancels() -> Iterator[Callable[[], bool]]:
    """Let Ctrl+C end the work at its next step, with what is there kept."""
    asked = threading.Event()
    before = signal.signal(signal.SIGINT, lambda number, frame: asked.set())
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)
