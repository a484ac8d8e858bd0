"""Runs as CSV and as TensorBoard's event files, read back; and what differs between runs."""

from __future__ import annotations

import csv
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.app import run_export
from cnn_studio.app.run_compare import differences
from cnn_studio.app.run_export import export_csv, export_tensorboard
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import Cancelled, StorageError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    GradientsMeasured,
    Histogram,
    ResourcesMeasured,
    RunFinished,
    WeightsMeasured,
)
from tests.helpers.projects import lenet

NONE = np.zeros(0)


def add_run(store: RunStore, steps: int = 10, **changes: object) -> int:
    project = lenet()
    data = changes.pop("data", project.data)
    recorder = store.start(replace(project, settings=project.settings.model_copy(update=changes), data=data))
    for step in range(1, steps + 1):
        recorder.add(BatchDone(step, 1, 2 / step, 1 - 1 / step, 0.1, step * 0.5))
    recorder.add(GradientsMeasured(steps, (("C1", 0.5), ("out", 2.0)), (("C1", 1e-3),)))
    recorder.add(ResourcesMeasured(steps, steps * 0.5, 1234.0, 700_000_000))
    recorder.add(EpochDone(1, steps, 0.5, 0.8, 0.6, 0.7, True, 5.0, NONE, NONE))
    recorder.add(WeightsMeasured(steps, 1, (Histogram("C1", -1.0, 1.0, (3, 5)),)))
    recorder.finish(RunFinished("done", 1, 0.7, None, 1000.0), None)
    return recorder.run


def test_csv_holds_every_batch_and_epoch_of_every_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_export, "_CHUNK", 3)
    store = RunStore(tmp_path / "runs")
    first, second = add_run(store), add_run(store, 4)
    store.rename(second, "with, comma ü")
    seen: list[tuple[int, int]] = []
    runs = store.runs()[::-1]
    export_csv(store, runs, tmp_path / "runs.csv", lambda done, total: seen.append((done, total)))
    with (tmp_path / "runs.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["run"], row["kind"]) for row in rows].count((str(first), "batch")) == 10
    assert len(rows) == 16
    assert rows[1] | {"name": ""} == {
        "run": str(first), "name": "", "kind": "batch", "step": "2", "epoch": "1", "seconds": "1", "loss": "1",
        "accuracy": "0.5", "val_loss": "", "val_accuracy": "", "learning_rate": "0.1",
    }  # fmt: skip
    assert (rows[10]["kind"], rows[10]["val_accuracy"]) == ("epoch", "0.7")
    assert rows[-1]["name"] == "with, comma ü"
    assert seen == [(0, 2), (1, 2), (2, 2)]


def test_a_cancelled_or_refused_export_leaves_no_file(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    add_run(store)
    with pytest.raises(Cancelled):
        export_csv(store, store.runs(), tmp_path / "runs.csv", cancelled=lambda: True)
    with pytest.raises(Cancelled):
        export_tensorboard(store, store.runs(), tmp_path / "board", cancelled=lambda: True)
    with pytest.raises(StorageError, match="no such folder"):
        export_csv(store, store.runs(), tmp_path / "missing" / "runs.csv")
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        export_tensorboard(store, store.runs(), tmp_path / "file")
    assert [path.name for path in tmp_path.rglob("*tfevents*")] == []
    assert not (tmp_path / "runs.csv").exists()


def events_of(path: Path) -> list:
    """Return the records of an event file, their frames checked as TensorBoard does."""
    from tensorboardX.crc32c import crc32c
    from tensorboardX.proto.event_pb2 import Event

    content, at, found = path.read_bytes(), 0, []

    def masked(data: bytes) -> int:
        value = crc32c(data)
        return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF

    while at < len(content):
        (length,) = struct.unpack("<Q", content[at : at + 8])
        body = content[at + 12 : at + 12 + length]
        frame = content[at + 8 : at + 12] + content[at + 12 + length : at + 16 + length]
        assert struct.unpack("<II", frame) == (masked(content[at : at + 8]), masked(body))
        found.append(Event.FromString(body))
        at += 16 + length
    return found


def test_tensorboard_gets_scalars_histograms_and_settings(tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    run = add_run(store)
    store.rename(run, "../odd name/ü")
    (path,) = export_tensorboard(store, store.runs(), tmp_path / "board")
    assert path.parent.parent == tmp_path / "board"
    assert "tfevents" in path.name
    found = events_of(path)
    assert found[0].file_version == "brain.Event:2"
    values: dict[str, list[tuple[int, float]]] = {}
    for event in found:
        for value in event.summary.value:
            values.setdefault(value.tag, []).append((event.step, value.simple_value))
    assert values["loss/train"] == [(n, pytest.approx(2 / n)) for n in range(1, 11)]
    assert values["accuracy/validation"] == [(10, pytest.approx(0.7))]
    assert values["gradient_norm/out"] == [(10, 2.0)]
    assert values["update_ratio/C1"] == [(10, pytest.approx(1e-3))]
    assert values["images_per_second"] == [(10, 1234.0)]
    (weights,) = [
        value.histo for event in found for value in event.summary.value if value.tag == "weights/C1"
    ]
    assert (list(weights.bucket), list(weights.bucket_limit), weights.num) == ([3, 5], [0, 1], 8)
    text = [value for event in found for value in event.summary.value if "run" in value.tag]
    assert b"learning_rate" in text[0].tensor.string_val[0]
    epoch = next(e for e in found if e.summary.value and e.summary.value[0].tag == "loss/validation")
    assert epoch.wall_time == pytest.approx(store.runs()[0].started + 5.0)


def test_only_what_differs_is_named(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    add_run(store)
    add_run(store, learning_rate=0.5, data=DataSource(split_seed=3))
    rows = differences(store.runs(), lambda run: run.data["kind"])
    by_name = {(row.group, row.name): row.values for row in rows}
    assert by_name["Settings", "Learning rate"][0] == "0.5"
    assert by_name["Data", "Split seed"] == ("3", "0")
    assert ("Settings", "Momentum") not in by_name
    assert ("Result", "Validation accuracy") not in by_name
    alone = differences(store.runs()[:1], lambda run: "")
    assert ("Settings", "Momentum") in {(row.group, row.name) for row in alone}


def test_the_time_of_a_run_is_that_of_its_training(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    add_run(store)
    store.start(lenet()).finish(RunFinished("stopped", 0, None, None, 0.0), None)
    idle, trained = store.runs()
    assert (trained.seconds, idle.seconds) == (5.0, None)
    late = replace(trained, ended=trained.started + 3 * 86_400)  # it was resumed after three days
    rows = {row.name: row.values for row in differences([late, idle], lambda run: "")}
    assert rows["Training time"] == ("0:05", "–")
    assert rows["Time"] == ("–", "0:00")


def test_records_of_other_versions_are_compared_too(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    add_run(store)
    (run,) = store.runs()
    other = replace(
        run,
        settings=run.settings | {"brand_new": [1, 2], "augment": {"flip": True}},
        versions={},
        tuning=None,
    )
    by_name = {row.name: row.values for row in differences([run, other], lambda run: "")}
    assert by_name["Brand new"] == ("–", "1, 2")
    assert any(values[1] == "–" for name, values in by_name.items() if name == "Python")
