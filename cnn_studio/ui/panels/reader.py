"""Reading from the disk in a thread, so that a large store never stops the window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Slot

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.ui.bridge import Bridge

T = TypeVar("T")

_AT_ONCE_SECONDS = 0.06  # what is read within this is shown without a flicker


@dataclass(frozen=True, slots=True)
class _Answer(Generic[T]):
    value: T


@dataclass(frozen=True, slots=True)
class _Question(Generic[T]):
    work: Callable[[Job], T]
    done: Callable[[T], None]
    failed: Callable[[str], None]


class Reader(QObject):
    """Answers one question at a time; of those that wait meanwhile only the last one counts.

    What is read quickly is there when `ask` returns; the rest comes later, on the window's thread.
    """

    def __init__(self, title: str, parent: QObject) -> None:
        super().__init__(parent)
        self._title = title
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self._now: _Question[object] | None = None
        self._next: _Question[object] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an answer is still to come."""
        return self._now is not None

    def ask(self, work: Callable[[Job], T], done: Callable[[T], None], failed: Callable[[str], None]) -> None:
        """Do work in a thread and call `done` with its result, or `failed` with a sentence.

        Args:
            work: reads; it must not touch widgets.
            done, failed: called on the window's thread, unless a later question came first.
        """
        question: _Question[object] = _Question(work, done, failed)  # type: ignore[arg-type]  # done takes what work gives
        if self._now is not None:
            self._next = question
            return
        self._start(question)

    def _start(self, question: _Question[object]) -> None:
        self._now = question
        job = Job(self._title, lambda job: job.report(_Answer(question.work(job))))
        job.start()
        self._bridge.watch(job.mailbox)
        job.wait(_AT_ONCE_SECONDS)
        self._bridge.drain()

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            question = self._now
            if question is None:
                return
            match event:
                case _Answer(value):
                    if self._next is None:
                        question.done(value)
                case JobEnded(status, message):
                    if self._bridge.is_watching:
                        self._bridge.unwatch()
                    self._now, waiting, self._next = None, self._next, None
                    if status == "failed" and waiting is None:
                        question.failed(message)
                    if waiting is not None:
                        self._start(waiting)
