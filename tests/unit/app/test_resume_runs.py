"""Runs that were cut off: the store finds them, and they go on as if nothing had happened."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cnn_studio.app.processes import is_alive, own_process
from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import resume_training, run_training
from cnn_studio.core.errors import DataError, FileFormatError, RunError, StorageError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone, RunFinished
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.images import write_classes
from tests.helpers.networks import chain
from tests.helpers.projects import lenet

SETTINGS = TrainSettings(
    optimizer="adam", learning_rate=0.01, batch_size=64, epochs=4, schedule="cosine", ema_decay=0.9, seed=5
)


def network() -> NetworkDocument:
    return chain(
        (1, 8, 8),
        ("conv", "conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        ("norm", "batch_norm", {}),
        ("relu", "relu", {}),
        ("drop", "dropout", {"p": 0.2}),
        ("flatten", "flatten", {}),
        ("fc", "linear", {"out_features": 10}),
    )


def project(**settings: Any) -> Project:
    return Project(network(), settings=SETTINGS.model_copy(update=settings))


def weights_of(path: Path) -> dict[str, bytes]:
    kept = load_project(path)
    return {key: value.tobytes() for key, value in kept.weights.to_state(kept.document).items()}


def stopped_at(step: int, kind: str, store: RunStore, given: Project | None = None) -> int:
    control = RunControl()

    def report(event: object) -> None:
        if isinstance(event, BatchDone) and event.step == step:
            control.stop(kind)  # type: ignore[arg-type]

    outcome = run_training(given or project(), report, control, store=store)
    assert outcome.run is not None
    return outcome.run


def test_a_run_that_was_stopped_goes_on(tmp_path: Path) -> None:
    store, whole = RunStore(tmp_path / "a"), RunStore(tmp_path / "b")
    run = stopped_at(33, "interrupt", store)
    (row,) = store.runs()
    assert (row.status, row.can_resume) == ("interrupted", True)
    assert len(store.curve(run)) == 33
    outcome = resume_training(run, lambda event: None, RunControl(), store=store)
    expected = run_training(project(), lambda event: None, RunControl(), store=whole)
    assert outcome.finished.status == expected.finished.status == "done"
    assert outcome.run == run
    assert weights_of(store.project_file(run)) == weights_of(whole.project_file(1))
    assert [(b.step, b.loss, b.learning_rate) for b in store.curve(run)] == [
        (b.step, b.loss, b.learning_rate) for b in whole.curve(1)
    ]
    assert store.epochs(run) == whole.epochs(1)
    assert [w.epoch for w in store.weight_history(run)] == [1, 2, 3, 4]
    assert not store.checkpoint_file(run).exists(), "a run that is done needs none"
    (row,) = store.runs()
    assert (row.status, row.can_resume, row.val_accuracy) == ("done", False, expected.finished.val_accuracy)


def test_what_a_run_needs_to_go_on_is_checked(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    with pytest.raises(FileFormatError, match="There is no checkpoint"):
        resume_training(7, lambda event: None, RunControl(), store=store)
    folder = tmp_path / "photos"
    write_classes(folder, {"a": 12, "b": 12})
    run = stopped_at(
        2,
        "interrupt",
        store,
        replace(project(batch_size=4), data=DataSource(kind="folder", folder=str(folder))),
    )
    before = store.checkpoint_file(run).read_bytes()
    next(folder.glob("a/*")).unlink()
    with pytest.raises(DataError, match=f"no longer those that run {run} began with"):
        resume_training(run, lambda event: None, RunControl(), store=store)
    store.checkpoint_file(run).write_bytes(before[:100])
    with pytest.raises(FileFormatError, match="is damaged"):
        resume_training(run, lambda event: None, RunControl(), store=store)


def test_a_discarded_run_leaves_nothing(tmp_path: Path) -> None:
    store, control = RunStore(tmp_path), RunControl()

    def report(event: object) -> None:
        if isinstance(event, EpochDone):
            control.stop("discard")

    outcome = run_training(project(), report, control, store=store)
    assert (outcome.run, outcome.project, outcome.finished.status) == (None, None, "discarded")
    assert store.runs() == []
    assert [path.name for path in tmp_path.iterdir() if path.is_dir()] == []


def test_a_run_of_a_program_that_is_gone_reads_interrupted(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    assert [row.status for row in store.runs()] == ["running"]
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        stat = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        with store.connected() as connection:
            text = f"{child.pid}:{stat[19]}"
            connection.execute("UPDATE runs SET process = ? WHERE id = ?", (text, recorder.run))
        assert is_alive(text)
        assert [row.status for row in store.runs()] == ["running"]
    finally:
        child.kill()
        child.wait(10)
    assert not is_alive(text)
    assert [row.status for row in store.runs()] == ["interrupted"]
    assert not store.runs()[0].can_resume, "it left no checkpoint"
    assert is_alive(own_process())
    assert not is_alive(f"{os.getpid()}:1"), "an earlier process of the same number"
    assert not is_alive("")


def test_a_store_of_the_first_version_gets_what_it_lacks(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "runs.sqlite")
    old.executescript(
        "CREATE TABLE runs (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, started REAL NOT NULL, ended REAL, "
        "status TEXT NOT NULL, settings TEXT NOT NULL, data TEXT NOT NULL, document TEXT NOT NULL, epoch INTEGER, "
        "val_accuracy REAL, test_accuracy REAL, images_per_second REAL, message TEXT);"
        "INSERT INTO runs (name, started, status, settings, data, document, epoch, val_accuracy) VALUES "
        "('LeNet', 1.5, 'done', '{\"epochs\": 3}', '{\"kind\": \"digits\"}', '{}', 3, 0.97);"
        "INSERT INTO runs (name, started, status, settings, data, document) VALUES ('Cut', 2, 'running', '{}', '{}', '{}');"
    )
    old.commit()
    old.close()
    store = RunStore(tmp_path)
    cut, done = store.runs()
    assert (done.name, done.status, done.val_accuracy, done.versions, done.color) == (
        "LeNet",
        "done",
        0.97,
        {},
        "",
    )
    assert cut.status == "interrupted"
    assert store.start(lenet()).run == 3
    store.rename(1, "Mine")
    store.set_color(1, "#123456")
    assert store.run(1) is not None
    assert (store.runs()[2].name, store.runs()[2].color) == ("Mine", "#123456")
    store.delete(1)
    assert [row.id for row in store.runs()] == [3, 2]
    assert store.run(1) is None
    with sqlite3.connect(tmp_path / "runs.sqlite") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StorageError, match="later version"):
        store.runs()


def test_a_full_disk_is_said_once_and_the_run_goes_on(tmp_path: Path) -> None:
    import resource

    store, told = RunStore(tmp_path), []
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def report(event: object) -> None:
        if isinstance(event, EpochDone) and event.epoch == 1:
            # what the system answers to a write beyond the limit is what it answers on a full disk: an error
            resource.setrlimit(resource.RLIMIT_FSIZE, (2048, limits[1]))
        if type(event).__name__ == "StoreFailed":
            told.append(event)

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        outcome = run_training(project(), report, RunControl(), store=store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert outcome.finished.status == "done"
    assert outcome.project is not None
    (failure,) = told
    assert failure.message.startswith("The run goes on, but it is no longer kept: ")
    assert "disk I/O error" in failure.message
    assert outcome.run is None
    again = run_training(project(), lambda event: None, RunControl(), store=store)
    assert again.run is not None


def test_a_checkpoint_that_cannot_be_written_is_said_once_and_the_curves_go_on(tmp_path: Path) -> None:
    store, told = RunStore(tmp_path), []

    def report(event: object) -> None:
        if isinstance(event, BatchDone) and event.step == 1:
            store.checkpoint_file(1).mkdir(parents=True)
        if type(event).__name__ == "StoreFailed":
            told.append(event)

    outcome = run_training(project(), report, RunControl(), store=store)
    (failure,) = told
    assert "checkpoint.safetensors could not be saved: it is a folder" in failure.message
    assert failure.message.endswith("If the run is cut off, it goes on from an earlier place.")
    assert (outcome.run, store.runs()[0].status, len(store.epochs(1))) == (1, "done", 4)


# ----------------------------------------------------------------------------------------------------------- kill -9


def run_command(*arguments: object, home: Path) -> subprocess.Popen[str]:
    variables = {**os.environ, "CNN_STUDIO_HOME": str(home), "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, "-m", "cnn_studio", *map(str, arguments)],
        env=variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_killed_run_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    file = tmp_path / "p.cnnstudio"
    save_project(file, project(batch_size=32, epochs=12, checkpoint_minutes=0.05))
    whole = run_command("train", file, "--json", home=tmp_path / "whole")
    output, errors = whole.communicate(timeout=300)
    assert whole.returncode == 0, errors
    steps = sum('"batch_done"' in line for line in output.splitlines())
    expected = weights_of(tmp_path / "whole" / "runs" / "1" / "network.cnnstudio")
    draw = random.Random(3)
    for number in range(20):
        home = tmp_path / f"home{number}"
        _kill_after(run_command("train", file, "--json", home=home), draw.randint(1, steps - 1), draw)
        store = RunStore(home / "runs")
        (row,) = store.runs()
        assert row.status == "interrupted", "the store opens and the run is there"
        if not row.can_resume:
            assert len(store.curve(1)) < steps / 12 + 400, "only before the first checkpoint"
            again = run_command("train", store.start_file(1), "--json", home=home)
            run = 2
        else:
            again = run_command("train", "--resume", 1, "--json", home=home)
            run = 1
        output, errors = again.communicate(timeout=300)
        assert again.returncode == 0, errors
        assert weights_of(store.project_file(run)) == expected
        assert [batch.step for batch in store.curve(run)] == list(range(1, steps + 1))
        assert json.loads(output.splitlines()[-1])["status"] == "done"


def _kill_after(process: subprocess.Popen[str], step: int, draw: random.Random) -> None:
    """Kill a run at a random moment after a step: between steps, in a step, in a validation, in a write."""
    assert process.stdout is not None
    for line in process.stdout:
        event = json.loads(line)
        if event["event"] == "batch_done" and event["step"] >= step:
            break
    time.sleep(draw.random() * 0.03)
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    process.stdout.close()
    if process.stderr is not None:
        process.stderr.close()


def test_the_result_of_a_resumed_run_is_a_result(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = stopped_at(10, "interrupt", store)
    seen: list[object] = []
    outcome = resume_training(run, seen.append, RunControl(), store=store)
    assert isinstance(outcome.finished, RunFinished)
    assert outcome.project is not None
    assert np.isfinite(next(iter(outcome.project.weights.to_state(outcome.project.document).values()))).all()
    assert [e.epoch for e in seen if isinstance(e, EpochDone)] == [1, 2, 3, 4]


def test_a_run_goes_on_once_at_a_time(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = stopped_at(10, "interrupt", store)
    store.resume(run)
    for what in (store.resume, store.delete):
        with pytest.raises(RunError, match=f"Run {run} is being trained just now"):
            what(run)
    with pytest.raises(RunError, match="being trained just now"):
        resume_training(run, lambda event: None, RunControl(), store=store)
    with store.connected() as connection:
        connection.execute("UPDATE runs SET process = '1:1'")
    assert resume_training(run, lambda event: None, RunControl(), store=store).finished.status == "done"
    store.delete(run)
    with pytest.raises(RunError, match="There is no run"):
        store.resume(run)


def test_an_interrupted_validation_leaves_a_checkpoint(tmp_path: Path) -> None:
    """Closing the window in the middle of the first validation must not lose the epoch before it."""
    store, control = RunStore(tmp_path / "a"), RunControl()
    steps = 1438 // 64 + 1

    def report(event: object) -> None:
        if isinstance(event, BatchDone) and event.step == steps:
            control.stop("interrupt")

    outcome = run_training(project(), report, control, store=store)
    assert outcome.finished.status == "interrupted"
    assert outcome.run is not None
    assert store.runs()[0].can_resume
    assert (
        resume_training(outcome.run, lambda event: None, RunControl(), store=store).finished.status == "done"
    )
    whole = RunStore(tmp_path / "b")
    run_training(project(), lambda event: None, RunControl(), store=whole)
    assert weights_of(store.project_file(1)) == weights_of(whole.project_file(1))
    assert store.epochs(1) == whole.epochs(1)


def test_every_step_before_a_checkpoint_is_kept_with_it(tmp_path: Path) -> None:
    store, seen = RunStore(tmp_path), []

    def report(event: object) -> None:
        if isinstance(event, EpochDone):
            # what another program sees at this moment, after the checkpoint of the epoch before
            seen.append((event.epoch, len(store.curve(1)), len(store.weight_history(1))))

    run_training(project(), report, RunControl(), store=store)
    assert seen[-1][1] >= 3 * 23
    assert seen[-1][2] == 3
