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
        self._costly: list[JobLine] = []

    def line(self, parent: QObject, *, is_costly: bool = False) -> JobLine:
        """Return a line of jobs for a page; what is costly to do again is not ended without a question."""
        line = JobLine(self.jobs, parent)
        if is_costly:
            self._costly.append(line)
        line.progress.connect(self.progress)
        line.busy_changed.connect(self.busy_changed)
        self._lines.append(line)
        return line

    @property
    def busy(self) -> list[Job]:
        """The jobs that go on."""
        return [line.job for line in self._lines if line.job is not None]

    @property
    def costly(self) -> list[Job]:
        """The jobs that go on and are costly to do again."""
        return [line.job for line in self._costly if line.job is not None]

    @Slot()
    def cancel(self) -> None:
        """Ask all jobs to end."""
        for line in self._lines:
            line.cancel()

    def drop(self) -> None:
        """End all jobs and hear no more of them."""
        for line in self._lines:
            line.drop()
