"""Watches the real window from inside: its first paint, its gaps, how late its timer is."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer, Slot

from cnn_studio.app.training import TrainingOutcome
from cnn_studio.ui.main_window import MainWindow

TICK_MS = 5
TIMER_MS = 16
SETTLE_MS = 800


class StartWatcher(QObject):
    """Notes the first paint, then the longest gap of the event loop until torch is loaded and used."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.record: dict[str, Any] = {"longest_gap_ms": 0.0}
        self._last = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        window.painted.connect(self._painted)
        window.ready.connect(self._ready)

    @Slot()
    def _painted(self) -> None:
        self.record["first_paint_s"] = time.time() - float(os.environ["PROBE_STARTED"])
        self.record["torch_before_paint"] = "torch" in sys.modules
        self._last = time.perf_counter()
        self._timer.start()

    @Slot()
    def _tick(self) -> None:
        now = time.perf_counter()
        self.record["longest_gap_ms"] = max(self.record["longest_gap_ms"], (now - self._last) * 1e3 - TICK_MS)
        self._last = now

    @Slot()
    def _ready(self) -> None:
        self.record["ready_s"] = time.time() - float(os.environ["PROBE_STARTED"])
        QTimer.singleShot(SETTLE_MS, self._window, self._leave)

    def _leave(self) -> None:
        self._window.close()


class TrainWatcher(QObject):
    """Trains once in the window and notes how late a 16 ms timer was, and how fast the run."""

    def __init__(self, window: MainWindow, kind: str, project: Any) -> None:
        super().__init__(window)
        self._window = window
        self._measures_latency = kind == "latency"
        self.record: dict[str, Any] = {}
        self._late: list[float] = []
        self._began = (0.0, 0.0)
        self._due = 0.0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._tick)
        window.session.replace(project)
        window.session.stack.mark_clean()
        window.ready.connect(self._begin)
        window.training.data_loaded.connect(self._loaded)
        window.training.events.connect(self._seen)
        window.training.outcome.connect(self._ended)

    @Slot()
    def _begin(self) -> None:
        self._window.training.load()

    @Slot(object)
    def _loaded(self, data: object) -> None:
        QTimer.singleShot(SETTLE_MS, self._window, self._window.runs.train)

    @Slot(list)
    def _seen(self, events: list[object]) -> None:
        if not self._began[0]:
            self._began = (time.perf_counter(), time.thread_time())
        if self._measures_latency and not self._timer.isActive() and not self._late:
            self._wait()

    def _wait(self) -> None:
        self._due = time.perf_counter() + TIMER_MS / 1e3
        self._timer.start(TIMER_MS)

    @Slot()
    def _tick(self) -> None:
        self._late.append(max(0.0, time.perf_counter() - self._due) * 1e3)
        self._wait()

    @Slot(object)
    def _ended(self, outcome: TrainingOutcome) -> None:
        self._timer.stop()
        if outcome.finished.status != "done":
            raise RuntimeError(outcome.finished.message)
        wall, busy = time.perf_counter() - self._began[0], time.thread_time() - self._began[1]
        self.record["window_busy"] = busy / wall  # share of one core that the window's own thread took
        self.record["images_per_second"] = outcome.finished.images_per_second
        if self._late:
            late = sorted(self._late)
            self.record["late_p99_ms"] = late[int(len(late) * 0.99)]
            self.record["late_max_ms"] = late[-1]
            self.record["ticks"] = len(late)
        QTimer.singleShot(200, self._window, self._leave)

    def _leave(self) -> None:
        # the run left unsaved weights; a measurement must not end in a question
        self._window.session.stack.mark_clean()
        self._window.files.may_leave = lambda: True  # type: ignore[method-assign]
        self._window.close()
