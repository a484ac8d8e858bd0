"""Work that must be done before one can go on, such as saving: in a thread, while the window stays alive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QProgressDialog, QWidget

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.12
_POLL_MS = 20


class _Task(threading.Thread, Generic[T]):
    """One call, with its result or the error it raised."""

    def __init__(self, work: Callable[[], T]) -> None:
        super().__init__(name="waiting", daemon=True)
        self._work = work
        self.result: T | None = None
        self.error: Exception | None = None

    def run(self) -> None:
        """Do the work."""
        try:
            self.result = self._work()
        except Exception as error:  # noqa: BLE001 - raised again where it is waited for
            self.error = error


def run_waiting(window: QWidget, text: str, work: Callable[[], T]) -> T:
    """Do work in a thread and return its result; what takes longer than a moment shows a dialog meanwhile.

    Args:
        window: takes no input until the work is done.
        text: what is being done, such as ``Saving``.
        work: must not touch widgets or the open document.

    Raises:
        Exception: whatever the work raised.
    """
    task = _Task(work)
    task.start()
    task.join(_AT_ONCE_SECONDS)
    if task.is_alive():
        _wait(window, text, task)
    if task.error is not None:
        raise task.error
    return task.result  # type: ignore[return-value]  # without an error there is a result


def _wait(window: QWidget, text: str, task: threading.Thread) -> None:
    dialog = QProgressDialog(f"{text}…", "", 0, 0, window)
    dialog.setWindowTitle(text)
    dialog.setCancelButton(None)
    dialog.setWindowModality(Qt.WindowModality.WindowModal)
    dialog.setWindowFlag(Qt.WindowType.WindowCloseButtonHint, False)
    dialog.show()
    loop = QEventLoop()
    timer = QTimer()
    timer.timeout.connect(lambda: None if task.is_alive() else loop.quit())
    timer.start(_POLL_MS)
    loop.exec()
    timer.stop()
    dialog.reset()
    dialog.deleteLater()
