"""The store of runs: what was written is read, also while a run goes on or after it broke off."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.app.project import Project, load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import StorageError
from cnn_studio.engine.events import BatchDone, EpochDone, RunFinished
from tests.helpers.projects import lenet, random_weights

NONE = np.zeros(0)


def batches(first: int, count: int) -> list[BatchDone]:
    return [BatchDone(n, 1, 1 / n, 0.5, 0.1, n * 0.01) for n in range(first, first + count)]


def epoch(number: int) -> EpochDone:
    return EpochDone(number, 10 * number, 1.0, 0.5, 0.9, 0.6, True, 1.0, NONE, NONE)


def test_no_runs_yet(tmp_path: Path) -> None:
    assert RunStore(tmp_path / "runs").runs() == []
    assert not (tmp_path / "runs").exists()


def test_a_run_from_start_to_end(tmp_path: Path) -> None:
    store, project = RunStore(tmp_path), lenet()
    recorder = store.start(project)
    for event in [*batches(1, 10), epoch(1), *batches(11, 5)]:
        recorder.add(event)
    trained = Project(project.document, weights=random_weights(project.document))
    recorder.finish(RunFinished("done", 1, 0.6, 0.55, 1234.5), trained)
    (row,) = store.runs()
    assert (row.id, row.name, row.status, row.epoch) == (recorder.run, "LeNet-5", "done", 1)
    assert (row.val_accuracy, row.test_accuracy, row.images_per_second) == (0.6, 0.55, 1234.5)
    assert row.settings == project.settings.model_dump(mode="json")
    assert row.data["kind"] == "digits"
    assert store.curve(recorder.run) == [*batches(1, 10), *batches(11, 5)]
    kept = load_project(store.project_file(recorder.run))
    assert len(kept.weights) == len(trained.weights)


def test_a_run_that_broke_off_keeps_its_finished_epochs(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    for event in [*batches(1, 10), epoch(1), *batches(11, 5)]:
        recorder.add(event)
    again = RunStore(tmp_path)  # the program was killed and started anew
    (row,) = again.runs()
    assert (row.status, row.val_accuracy) == ("running", None)
    assert again.curve(row.id) == batches(1, 10)
    assert not again.project_file(row.id).exists()
    assert again.start(lenet()).run == row.id + 1
    assert [r.id for r in again.runs()] == [2, 1], "the latest first"


def test_readers_are_not_in_the_way_of_a_writer(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    done, lengths, errors = threading.Event(), [], []

    def read() -> None:
        try:
            while not done.is_set():
                lengths.append(len(store.curve(recorder.run)))
                store.runs()
        except StorageError as error:
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(30):
        for event in batches(1 + 10 * number, 10):
            recorder.add(event)
        recorder.add(epoch(number + 1))
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert all(length % 10 == 0 for length in lengths), "an epoch is there as a whole or not at all"
    assert len(store.curve(recorder.run)) == 300


def test_infinite_and_missing_numbers_are_kept(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    recorder.add(BatchDone(1, 1, float("inf"), 0.1, 0.1, 0.1))
    recorder.finish(RunFinished("failed", 0, None, None, 0.0, "The loss became infinite."), None)
    (row,) = store.runs()
    assert (row.status, row.epoch, row.val_accuracy) == ("failed", 0, None)
    assert store.curve(recorder.run)[0].loss == float("inf")


def test_a_store_that_cannot_be_used_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError, match="its folder is no folder"):
        RunStore(tmp_path / "file" / "runs").start(lenet())
    (tmp_path / "runs.sqlite").write_bytes(b"this is no database" * 100)
    with pytest.raises(StorageError, match="cannot be used"):
        RunStore(tmp_path).runs()


def test_a_locked_store_waits(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    other = sqlite3.connect(tmp_path / "runs.sqlite", check_same_thread=False, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    timer = threading.Timer(0.3, lambda: other.execute("COMMIT"))
    timer.start()
    recorder.add(epoch(1))
    timer.join()
    other.close()


def test_a_long_curve_is_thinned_evenly_with_both_ends(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    for event in [*batches(1, 1003), epoch(1)]:
        recorder.add(event)
    steps = [batch.step for batch in store.curve(recorder.run, 100)]
    assert steps[0] == 1 and steps[-1] == 1003
    assert len(steps) <= 103
    assert max(b - a for a, b in itertools.pairwise(steps)) <= 11
    assert len(store.curve(recorder.run)) == 1003
    assert store.curve(recorder.run + 1, 100) == []
