"""Starts the real program and keeps a map of its window in a file, so that tests know where to put the mouse.

The map only looks: what the tests do goes through the X server, as mouse and keys.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QPoint, QPointF, QRect, Qt, QTimer, Slot
from PySide6.QtWidgets import QAbstractItemView, QApplication, QLabel, QTabBar, QWidget

from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.start import start_window

INTERVAL_MS = 120


class Mapper(QObject):
    def __init__(self, window: MainWindow, file: Path) -> None:
        super().__init__(window)
        self._window = window
        self._file = file
        self._outcomes: list[dict[str, Any]] = []
        self._epochs = 0
        window.training.outcome.connect(self._ended)
        window.training.validated.connect(self._validated)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._write)
        self._timer.start(INTERVAL_MS)

    @Slot(object)
    def _ended(self, outcome: Any) -> None:
        end = outcome.finished
        self._outcomes.append(
            {"status": end.status, "val_accuracy": end.val_accuracy, "message": end.message}
        )

    @Slot(object)
    def _validated(self, epoch: Any) -> None:
        self._epochs = epoch.epoch

    @Slot()
    def _write(self) -> None:
        temporary = self._file.with_suffix(".part")
        temporary.write_text(json.dumps(self._record()), encoding="utf-8")
        temporary.replace(self._file)

    def _record(self) -> dict[str, Any]:
        window = self._window
        document = window.session.document
        return {
            "at": time.monotonic(),  # one clock for all processes
            "selected": sorted(
                layer.path for id_, layer in document.layers.items() if id_ in window.selection.ids
            ),
            "window": int((QApplication.activeModalWidget() or window).winId()),
            "ready": window.loader.is_ready,
            "title": window.windowTitle(),
            "modified": window.session.is_modified,
            "undo": window.session.stack.undo_label,
            "layers": {layer.path: layer.type for layer in document.layers.values()},
            "links": [
                [document.layer(link.source).path, document.layer(link.target).path]
                for link in document.links()
            ],
            "problems": [p.code for p in window.session.report().problems],
            "trained": window.session.has_fitting_weights,
            "training": window.workspace.training.state,
            "can_train": window.workspace.training.controls.can_train,
            "epochs": self._epochs,
            "num_epochs": window.session.settings.epochs,
            "outcomes": self._outcomes,
            "classes": f"{len(document.info.labels)}",
            "runs": len(window.workspace.runs.model.runs),
            "cards": self._cards(),
            "wires": self._wires(),
            "widgets": [record for top in QApplication.topLevelWidgets() for record in _widgets(top)],
            "focus": type(QApplication.focusWidget()).__name__,
        }

    def _place(self, x: float, y: float) -> list[int]:
        canvas = self._window.workspace.canvas
        place = canvas.viewport().mapToGlobal(canvas.mapFromScene(QPointF(x, y)))
        return [place.x(), place.y()]

    def _cards(self) -> dict[str, list[int]]:
        return {
            layer.path: self._place(layer.x, layer.y)
            for layer in self._window.session.document.layers.values()
        }

    def _wires(self) -> list[dict[str, Any]]:
        document = self._window.session.document
        found = []
        for link in document.links():
            source, target = document.layer(link.source), document.layer(link.target)
            middle = self._place((source.x + target.x) / 2, (source.y + target.y) / 2)
            found.append({"source": source.path, "target": target.path, "at": middle})
        return found


def _widgets(top: QWidget) -> list[dict[str, Any]]:
    if not top.isVisible():
        return []
    found = []
    for widget in (top, *top.findChildren(QWidget)):
        if not widget.isVisible():
            continue
        action = getattr(widget, "defaultAction", lambda: None)()
        words = getattr(action or widget, "text", None)
        text = words() if callable(words) else ""
        record = {
            "class": type(widget).__name__,
            "name": widget.accessibleName() or widget.objectName(),
            "description": widget.accessibleDescription(),
            "text": text if isinstance(text, str) else "",
            "enabled": widget.isEnabled(),
            "rect": _rect(widget, widget.rect()),
        }
        if not isinstance(widget, QLabel) or record["text"]:
            found.append(record)
        if isinstance(widget, QAbstractItemView) and widget.model() is not None:
            found += _items(widget)
        if isinstance(widget, QTabBar):
            found += [
                {
                    "class": "tab",
                    "name": "",
                    "description": "",
                    "text": widget.tabText(n),
                    "enabled": True,
                    "rect": _rect(widget, widget.tabRect(n)),
                }
                for n in range(widget.count())
            ]
    return found


def _items(view: QAbstractItemView) -> list[dict[str, Any]]:
    found = []
    for row in range(min(200, view.model().rowCount())):
        index = view.model().index(row, 0)
        box = view.visualRect(index)
        is_choice = bool(index.flags() & Qt.ItemFlag.ItemIsSelectable)  # captions of groups are none
        if is_choice and not box.isEmpty() and view.viewport().rect().contains(box.center()):
            rect = _rect(view.viewport(), box)
            found.append(
                {
                    "class": "item",
                    "name": "",
                    "description": "",
                    "text": str(index.data() or index.data(Qt.ItemDataRole.AccessibleTextRole)),
                    "enabled": True,
                    "rect": rect,
                }
            )
    return found


def _rect(widget: QWidget, box: QRect) -> list[int]:
    corner = widget.mapToGlobal(QPoint(box.x(), box.y()))
    return [corner.x(), corner.y(), box.width(), box.height()]


if __name__ == "__main__":
    target = Path(sys.argv[1])
    sys.exit(start_window(sys.argv[2:], lambda window: Mapper(window, target)))
