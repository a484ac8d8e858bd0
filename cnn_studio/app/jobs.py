"""Background work: one wrapper for success, failure, cancel and progress, and one list that says what is busy."""

from __future__ import annotations

import logging
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from cnn_studio.app.mailbox import Mailbox
from cnn_studio.core.errors import Cancelled, StudioError
from cnn_studio.engine.control import RunControl, Stop

_log = logging.getLogger(__name__)

JobStatus = Literal["done", "cancelled", "failed"]


@dataclass(frozen=True, slots=True)
class JobEnded:
    """The last event of every job.

    Attributes:
        message: for ``failed`` the sentence for the user.
        details: for ``failed`` the traceback.
    """

    status: JobStatus
    message: str = ""
    details: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: `done` of `total` steps of what `text` names."""

    text: str
    done: int
    total: int


class Job:
    """One piece of work in a thread of its own.

    The work gets this job: it calls `report` with events and asks `control` whether to pause or stop. The thread
    is a daemon, so that a program that must go does not wait for a long step.
    """

    def __init__(self, title: str, work: Callable[[Job], None]) -> None:
        self.title = title
        self.control = RunControl()
        self.mailbox = Mailbox()
        self._work = work
        self._thread = threading.Thread(target=self._run, name=title, daemon=True)

    def start(self) -> None:
        """Begin the work."""
        self._thread.start()

    def report(self, event: object) -> None:
        """Leave an event for whoever watches the job; called in the job's thread."""
        self.mailbox.put(event)

    def cancel(self, kind: Stop = "keep") -> None:
        """Ask the work to end soon; `kind` says what becomes of a run, see `RunControl.stop`."""
        self.control.stop(kind)

    @property
    def is_cancelled(self) -> bool:
        """Whether the work should end."""
        return self.control.stop_requested

    @property
    def is_running(self) -> bool:
        """Whether the thread lives."""
        return self._thread.is_alive()

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for the end of the work; return whether it came."""
        if self._thread.ident is not None:
            self._thread.join(seconds)
        return not self.is_running

    def _run(self) -> None:
        try:
            self._work(self)
            self.report(JobEnded("cancelled" if self.is_cancelled else "done"))
        except Cancelled:
            self.report(JobEnded("cancelled"))
        except StudioError as error:
            self.report(JobEnded("failed", str(error)))
        except Exception as error:  # noqa: BLE001 - whatever a job meets ends in one event, never in silence
            _log.exception("%s failed", self.title)
            message = f"{self.title} failed unexpectedly: {type(error).__name__}: {error}."
            self.report(JobEnded("failed", message, traceback.format_exc()))


class JobList:
    """All jobs of the program, so that one question answers whether it is busy."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def start(self, job: Job) -> None:
        """Start a job."""
        self._jobs = [known for known in self._jobs if known.is_running]
        self._jobs.append(job)
        job.start()

    @property
    def busy(self) -> list[Job]:
        """The jobs that are running."""
        return [job for job in self._jobs if job.is_running]

    def shut_down(self, seconds: float) -> bool:
        """Interrupt everything and wait at most `seconds` in all; return whether all jobs ended.

        A run that is interrupted leaves a checkpoint to go on from.
        """
        deadline = time.monotonic() + seconds
        for job in self._jobs:
            job.cancel("interrupt")
        return all(job.wait(max(0.0, deadline - time.monotonic())) for job in self._jobs)
