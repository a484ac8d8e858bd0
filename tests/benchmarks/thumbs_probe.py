"""Opens a large data set in the real window, scrolls through its images, and times every frame until it is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from cnn_studio.datasets.sources import parse_source
from cnn_studio.ui.main_window import MainWindow

STEPS = 120
_LIMIT = 60.0


class ThumbsWatcher(QObject):
    """Loads a source when torch is there, and scrolls when its report is made, as nothing else is going on then.

    Attributes:
        record: seconds by what was done; lists hold one number per frame.
    """

    def __init__(self, window: MainWindow, data: str) -> None:
        super().__init__(window)
        self._window, self._source = window, parse_source(data)
        self._panel = window.workspace.data
        self._grid = self._panel.view.grid
        self._paints = 0
        self.record: dict[str, Any] = {}
        self._grid.viewport().installEventFilter(self)
        window.resize(1600, 1000)
        window.ready.connect(lambda: QTimer.singleShot(1500, self._work))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            # asked for before the paint is done: counted once the event loop goes on
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self._paints += 1

    def _until_painted(self, act: Callable[[], object]) -> float:
        """Do something and return the seconds until the grid was painted after it."""
        QApplication.processEvents()
        start = time.perf_counter()
        before = self._paints
        act()
        while self._paints == before:
            QApplication.processEvents()
            if time.perf_counter() - start > _LIMIT:
                raise TimeoutError("the grid was not painted")
        return time.perf_counter() - start

    def _wait(self, what: str, seen: Callable[[], bool]) -> None:
        end = time.perf_counter() + _LIMIT
        while not seen():
            QApplication.processEvents()
            time.sleep(0.002)
            if time.perf_counter() > end:
                raise TimeoutError(f"{what} did not come")

    def _work(self) -> None:
        window, panel, record = self._window, self._panel, self.record
        window.workspace.source_chosen.emit(self._source)
        self._wait("the images", lambda: window.training.data is not None)
        self._wait("the report", lambda: not panel.jobs.is_reporting)
        window.workspace.restore_sizes({"rows": [400, 500]})
        QApplication.processEvents()
        record["images"] = panel.view.thumbs.model.rowCount()
        bar = self._grid.verticalScrollBar()
        wheel = 3 * bar.singleStep()
        record["scroll"] = [
            self._until_painted(lambda: bar.setValue(bar.value() + wheel)) for _ in range(STEPS)
        ]
        far = bar.maximum() // (STEPS + 1)
        record["drag"] = [
            self._until_painted(lambda at=at: bar.setValue(at * far))  # type: ignore[misc]
            for at in range(STEPS, 0, -1)
        ]
        record["filter"] = [
            self._until_painted(lambda at=at: panel.view.thumbs.label.setCurrentIndex(at))  # type: ignore[misc]
            for at in (1, 2, 3, 0, 4, 0)
        ]
        window.session.stack.mark_clean()
        window.files.may_leave = lambda: True  # type: ignore[method-assign]
        window.close()
