"""Opens a large network in the real window, pans, zooms and edits it, and times every frame until it is painted."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QEvent, QObject, QPoint, QTimer
from PySide6.QtWidgets import QApplication

from cnn_studio.graph.commands import SetParams
from cnn_studio.ui.main_window import MainWindow

STEPS = 90
EDITS = 15
_LIMIT = 20.0


class CanvasWatcher(QObject):
    """Works through one project when torch is loaded, as nothing else is going on then.

    Attributes:
        record: seconds by what was done; lists hold one number per frame.
    """

    def __init__(self, window: MainWindow, project: str) -> None:
        super().__init__(window)
        self._window, self._project = window, Path(project)
        self._canvas = window.workspace.canvas
        self._paints = 0
        self.record: dict[str, Any] = {}
        self._canvas.viewport().installEventFilter(self)
        window.resize(1600, 900)
        window.ready.connect(lambda: QTimer.singleShot(1500, self._work))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint:
            # asked for before the paint is done: counted once the event loop goes on
            QTimer.singleShot(0, self._painted)
        return False

    def _painted(self) -> None:
        self._paints += 1

    def _until_painted(self, act: Callable[[], object]) -> float:
        """Do something and return the seconds until the canvas was painted after it."""
        QApplication.processEvents()
        start = time.perf_counter()
        act()
        before = self._paints  # what was painted meanwhile does not show all of it yet
        while self._paints == before:
            QApplication.processEvents()
            if time.perf_counter() - start > _LIMIT:
                raise RuntimeError("the canvas was not painted")
        return time.perf_counter() - start

    def _settle(self) -> None:
        end = time.perf_counter() + 0.4
        while time.perf_counter() < end:
            QApplication.processEvents()

    def _work(self) -> None:
        canvas, record = self._canvas, self.record
        record["open"] = self._until_painted(lambda: self._window.files.open(self._project))
        self._settle()
        record["unfold"] = self._until_painted(canvas.folds.unfold_all)
        record["layers"] = len(self._window.session.document.layers)
        self._settle()
        entry = self._window.session.document.layer_at("input").id
        canvas.reveal(entry)
        for zoom in (1.0, 0.5):
            canvas.set_zoom(zoom)
            canvas.reveal(entry)
            self._settle()
            record[f"pan_{zoom:g}"] = [
                self._until_painted(lambda: canvas.pan(QPoint(3, 41))) for _ in range(STEPS)
            ]
        record["zoom"] = []
        for direction in (1, -1):
            for step in range(STEPS)[::direction]:
                zoom = 0.06 * (1.6 / 0.06) ** (step / (STEPS - 1))
                record["zoom"].append(self._until_painted(lambda zoom=zoom: canvas.set_zoom(zoom)))  # type: ignore[misc]
        canvas.set_zoom(1.0)
        canvas.reveal(entry)
        self._settle()
        push = self._window.session.push
        record["edit"] = []
        for number in range(EDITS):
            size = 256 if number % 2 == 0 else 224
            command = SetParams(id=entry, changes={"height": size, "width": size})
            record["edit"].append(self._until_painted(lambda command=command: push(command)))  # type: ignore[misc]
            self._settle()
        self._window.session.stack.mark_clean()
        self._window.close()
