"""The wizard's background work: one line of jobs for each page, and one view of all of them for the footer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.ui.bridge import Bridge


class JobLine(QObject):
    """One job at a time; a new one takes the place of the one before, whose events are no longer heard.

    Attributes:
        told: emitted with each event of the job but its progress, its `JobEnded` last.
        progress: text, done, total.
        busy_changed: a job began or ended.
    """

    told = Signal(object)
    progress = Signal(str, int, int)
    busy_changed = Signal()

    def __init__(self, jobs: JobList, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs = jobs
        self.job: Job | None = None
        self._bridge = Bridge(self)
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


class Work(QObject):
    """All lines of a wizard.

    Attributes:
        progress: text, done, total of the line that said something last; total is 0 where nobody knows.
        busy_changed: a job began or ended.
    """

    progress = Signal(str, int, int)
    busy_changed = Signal()

    def __init__(self, jobs: JobList, parent: QObject) -> None:
        super().__init__(parent)
        self.jobs = jobs
        self._lines: list[JobLine] = []

    def line(self, parent: QObject) -> JobLine:
        """Return a line of jobs for a page."""
        line = JobLine(self.jobs, parent)
        line.progress.connect(self.progress)
        line.busy_changed.connect(self.busy_changed)
        self._lines.append(line)
        return line

    @property
    def busy(self) -> list[Job]:
        """The jobs that go on."""
        return [line.job for line in self._lines if line.job is not None]

    @Slot()
    def cancel(self) -> None:
        """Ask all jobs to end."""
        for line in self._lines:
            line.cancel()

    def drop(self) -> None:
        """End all jobs and hear no more of them."""
        for line in self._lines:
            line.drop()
