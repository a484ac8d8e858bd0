"""Exporting runs in a thread, with progress and cancel."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QWidget

from cnn_studio.app.jobs import Job, JobEnded, Progress
from cnn_studio.app.run_export import export_csv, export_tensorboard
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge

Kind = Literal["csv", "tensorboard"]


class RunExporter(QWidget):
    """A line with a bar and Cancel that is there while an export goes on.

    Attributes:
        message: what was written, or why not.
    """

    message = Signal(str)

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._job: Job | None = None
        self._done = ""
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self._label = QLabel()
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        cancel = QPushButton("Cancel")
        cancel.clicked.connect(self.cancel)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.px(12), theme.px(4), theme.px(12), theme.px(4))
        row.setSpacing(theme.px(8))
        row.addWidget(self._label)
        row.addWidget(self._bar, 1)
        row.addWidget(cancel)
        self.hide()

    @property
    def is_busy(self) -> bool:
        """Whether an export goes on."""
        return self._job is not None

    def start(self, kind: Kind, runs: Sequence[RunSummary], path: Path) -> None:
        """Write runs to a CSV file, or into a folder for TensorBoard; one export at a time."""
        if self._job is not None:
            self.message.emit("An export goes on already. Wait for its end, or cancel it.")
            return
        store = self._store
        what = f"{len(runs):,} runs" if len(runs) != 1 else f"Run {runs[0].id}"

        def work(job: Job) -> None:
            def progress(done: int, total: int) -> None:
                job.report(Progress(f"Exporting {what}", done, total))

            if kind == "csv":
                export_csv(store, runs, path, progress, lambda: job.is_cancelled)
            else:
                export_tensorboard(store, runs, path, progress, lambda: job.is_cancelled)

        verb = "are" if len(runs) != 1 else "is"
        self._done = f"{what} {verb} in {path}."
        if kind == "tensorboard":
            self._done += f" Open with: tensorboard --logdir {path}"
        self._job = Job("Exporting runs", work)
        self._label.setText(f"Exporting {what}")
        self._bar.setRange(0, 0)
        self.show()
        self._bridge.watch(self._job.mailbox)
        self._job.start()

    @Slot()
    def cancel(self) -> None:
        """End the export; what is half written goes away."""
        if self._job is not None:
            self._job.cancel()

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Progress(text, done, total):
                    self._label.setText(text)
                    # within one run nobody knows how far it is
                    self._bar.setRange(0, total if total > 1 else 0)
                    self._bar.setValue(done)
                case JobEnded(status, message):
                    self._job = None
                    if self._bridge.is_watching:
                        self._bridge.unwatch()
                    self.hide()
                    ends = {
                        "done": self._done,
                        "cancelled": "The export was cancelled; nothing half written is left.",
                    }
                    self.message.emit(ends.get(status, message))
