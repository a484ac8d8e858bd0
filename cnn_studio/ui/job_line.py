"""Background work of which there is one at a time: whoever starts it hears its events in the window's own turn."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.ui.bridge import INTERVAL_MS, Bridge


class JobLine(QObject):
    """One job at a time; a new one takes the place of the one before, whose events are no longer heard.

    Attributes:
        told: emitted with each event of the job but its progress, its `JobEnded` last.
        progress: text, done, total; the job's title at its start, and total is 0 where nobody knows.
        busy_changed: a job began or ended.
    """

    told = Signal(object)
    progress = Signal(str, int, int)
    busy_changed = Signal()

    def __init__(self, jobs: JobList, parent: QObject, interval_ms: int = INTERVAL_MS) -> None:
        """Make a line without a job.

        Args:
            jobs: all jobs of the program.
            parent: the object it belongs to.
            interval_ms: how often its events are fetched; short where somebody waits for an answer of milliseconds.
        """
        super().__init__(parent)
        self._jobs = jobs
        self.job: Job | None = None
        self._bridge = Bridge(self, interval_ms)
        self._bridge.events.connect(self._take)

    @property
    def is_busy(self) -> bool:
        """Whether a job goes on."""
        return self.job is not None

    def start(self, title: str, work: Callable[[Job], None]) -> None:
        """Start work in place of the present one."""
        self.start_job(Job(title, work))

    def start_job(self, job: Job) -> None:
        """Start a job in place of the present one."""
        self.drop()
        self.job = job
        self._bridge.watch(job.mailbox)
        self._jobs.start(job)
        self.progress.emit(job.title, 0, 0)
        self.busy_changed.emit()

    @Slot()
    def cancel(self) -> None:
        """Ask the job to end; its end is still told."""
        if self.job is not None:
            self.job.cancel()

    def drop(self) -> None:
        """End the job and hear no more of it."""
        job, self.job = self.job, None
        if job is not None:
            job.cancel()
            self._bridge.unwatch()
            self.busy_changed.emit()

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            if self.job is None:
                return
            if isinstance(event, Progress):
                self.progress.emit(event.text, event.done, event.total)
                continue
            if isinstance(event, JobEnded):
                self.job = None
                self._bridge.unwatch()
                self.busy_changed.emit()
            self.told.emit(event)
