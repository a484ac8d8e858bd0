"""The wizard's background work: one line of jobs for each page, and one view of all of them for the footer."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobList
from cnn_studio.ui.job_line import JobLine


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
