"""Jobs, their mailbox and the list of them."""

from __future__ import annotations

import logging
import threading

import numpy as np
import pytest

from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.app.mailbox import CAPACITY, Mailbox
from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.engine.events import BatchDone, EpochDone, GradientsMeasured


def run(job: Job) -> list[object]:
    job.start()
    assert job.wait(20)
    return job.mailbox.drain()


def test_events_come_in_order_and_the_end_last() -> None:
    def work(job: Job) -> None:
        for n in range(3):
            job.report(Progress("counting", n, 3))

    events = run(Job("Count", work))
    assert events == [Progress("counting", n, 3) for n in range(3)] + [JobEnded("done")]


def test_a_refusal_is_one_sentence() -> None:
    def work(job: Job) -> None:
        raise DataError("There are no images.")

    assert run(Job("Load", work)) == [JobEnded("failed", "There are no images.")]


def test_a_bug_ends_with_the_traceback_and_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def work(job: Job) -> None:
        raise ZeroDivisionError("oh")

    with caplog.at_level(logging.ERROR):
        (end,) = run(Job("Divide", work))
    assert isinstance(end, JobEnded)
    assert end.status == "failed"
    assert "Divide failed unexpectedly: ZeroDivisionError: oh" in end.message
    assert "in work" in end.details
    assert caplog.records[0].exc_info is not None


@pytest.mark.parametrize("raises", [True, False])
def test_cancel(raises: bool) -> None:
    started = threading.Event()

    def work(job: Job) -> None:
        started.set()
        while not job.is_cancelled:
            threading.Event().wait(0.001)
        if raises:
            raise Cancelled

    job, jobs = Job("Wait", work), JobList()
    jobs.start(job)
    assert started.wait(20)
    assert jobs.busy == [job]
    job.cancel()
    assert job.wait(20)
    assert job.mailbox.drain() == [JobEnded("cancelled")]
    assert jobs.busy == []


def test_shut_down_ends_all_jobs_or_says_that_one_lives() -> None:
    release = threading.Event()
    jobs = JobList()
    jobs.start(Job("Deaf", lambda job: release.wait(60) and None))
    jobs.start(Job("Obedient", lambda job: job.control.wait_while_paused()))
    assert not jobs.shut_down(0.05)
    assert [job.title for job in jobs.busy] == ["Deaf"]
    release.set()
    assert jobs.shut_down(20)
    assert not jobs.busy


def test_a_job_that_never_started_is_no_hindrance() -> None:
    assert Job("Later", lambda job: None).wait(0)


# --------------------------------------------------------------------------------------------------------- mailbox


def batch(step: int) -> BatchDone:
    return BatchDone(step, 1, 1.0, 0.5, 0.1, 0.0)


def epoch(number: int) -> EpochDone:
    none = np.zeros(0)
    return EpochDone(number, number, 1.0, 0.5, 1.0, 0.5, False, 0.0, none, none)


def test_a_flood_loses_batches_but_no_epoch_and_no_order() -> None:
    box = Mailbox()
    for step in range(40_000):
        box.put(batch(step))
        if step % 100 == 99:
            box.put(epoch(step))
        if step % 1000 == 0:
            box.put(GradientsMeasured(step, ()))
    events = box.drain()
    assert len(events) <= CAPACITY
    assert [e.epoch for e in events if isinstance(e, EpochDone)] == list(range(99, 40_000, 100))
    steps = [e.step for e in events if isinstance(e, BatchDone)]
    assert steps == sorted(steps)
    assert len(steps) > 1000
    gaps = [b - a for a, b in zip([0, *steps], [*steps, 39_999], strict=True)]
    assert max(gaps) <= 32, "points are lost evenly"
    assert sum(isinstance(e, GradientsMeasured) for e in events) > 1
    assert box.drain() == []


def test_epochs_alone_are_all_kept() -> None:
    box = Mailbox()
    for number in range(3 * CAPACITY):
        box.put(epoch(number))
    assert len(box.drain()) == 3 * CAPACITY
    for step in range(CAPACITY):
        box.put(batch(step))
    assert len(box.drain()) == CAPACITY, "after the flood there is room again"


def test_many_threads_lose_nothing() -> None:
    box, seen = Mailbox(), []

    def put(start: int) -> None:
        for n in range(500):
            box.put(start + n)

    threads = [threading.Thread(target=put, args=(1000 * n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen += box.drain()
    seen += box.drain()
    assert sorted(seen) == [1000 * n + m for n in range(4) for m in range(500)]  # type: ignore[type-var]
