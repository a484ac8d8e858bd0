"""Looks into LeNet-5 in the real window, and times every image and every stroke of the pen until it is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPointF, QTimer
from PySide6.QtWidgets import QApplication

from cnn_studio.ui.main_window import MainWindow

TIMES = 40
_LIMIT = 30.0


class InspectWatcher(QObject):
    """Opens the page when torch and the digits are there.

    Attributes:
        record: seconds of each image, and of each stroke.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._painted: set[QObject] = set()
        self._watched: dict[str, QObject] = {}
        self.record: dict[str, Any] = {}
        window.resize(1600, 1000)
        window.ready.connect(lambda: QTimer.singleShot(1500, self._work))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            QTimer.singleShot(0, lambda: self._painted.add(watched))  # counted when the paint is done
        return False

    def _until_painted(self, act: Callable[[], object], *names: str) -> float:
        """Do something and return the seconds until its look was there and then these were painted."""
        QApplication.processEvents()
        looked: list[bool] = []
        wanted = {self._watched[name] for name in names}

        def note() -> None:
            looked.append(True)
            self._painted.clear()

        self._page.state.looked.connect(note)
        start = time.perf_counter()
        act()
        while not looked or not wanted <= self._painted:
            QApplication.processEvents()
            if time.perf_counter() - start > _LIMIT:
                raise TimeoutError("the page was not painted")
        self._page.state.looked.disconnect(note)
        return time.perf_counter() - start

    def _wait(self, seen: Callable[[], bool]) -> None:
        end = time.perf_counter() + _LIMIT
        while not seen():
            QApplication.processEvents()
            time.sleep(0.002)
            if time.perf_counter() > end:
                raise TimeoutError("the page did not come")

    def _work(self) -> None:
        window = self._window
        self._wait(lambda: window.training.data is not None)
        window.workspace.show_inspect()
        page = self._page = window.workspace.inspect.page
        assert page is not None
        self._watched = {
            "maps": page.maps.grid.viewport(),
            "layers": page.layers.viewport(),
            "bars": page.image.bars,
        }
        for widget in self._watched.values():
            widget.installEventFilter(self)
        self._wait(lambda: page.state.look is not None)
        self._wait(lambda: not page.state.jobs.busy)
        show = lambda: page.image.step(1)  # noqa: E731 - one name for what is timed
        self._until_painted(show, "maps", "layers")
        self.record["image"] = [self._until_painted(show, "maps", "layers") for _ in range(TIMES)]
        page.image.draw.click()
        self._wait(lambda: not page.state.jobs.busy)

        def stroke(at: int) -> Callable[[], None]:
            places = QPointF(100 + at, 60), QPointF(100 + at, 220)
            return lambda: page.image.pad.stroke(*places)

        self._until_painted(stroke(0), "bars")
        self.record["stroke"] = [self._until_painted(stroke(at), "bars") for at in range(TIMES)]
        window.session.stack.mark_clean()
        window.files.may_leave = lambda: True  # type: ignore[method-assign]
        window.close()
