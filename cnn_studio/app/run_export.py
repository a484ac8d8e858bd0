"""The numbers of kept runs for other programs: CSV, and event files for TensorBoard."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from cnn_studio.app.files import replacing, replacing_path, storage_error
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import Cancelled

Progress = Callable[[int, int], None]
"""Told how many of how many runs are written."""

_CHUNK = 5000  # rows between two looks at whether to go on
_CSV = (
    "run", "name", "kind", "step", "epoch", "seconds", "loss", "accuracy", "val_loss", "val_accuracy",
    "learning_rate",
)  # fmt: skip


def export_csv(
    store: RunStore,
    runs: Sequence[RunSummary],
    path: Path,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> None:
    """Write every batch and every epoch of some runs, one row each, into one file.

    Raises:
        StorageError: the store cannot be read, or the file cannot be written.
        Cancelled: `cancelled` said so; there is no file then.
    """
    with replacing(path) as file:
        _write_rows(file, [_CSV])
        for at, run in enumerate(runs):
            progress(at, len(runs))
            for batches in _batches(store, run.id, cancelled):
                _write_rows(
                    file,
                    [
                        (run.id, run.name, "batch", step, epoch, _short(seconds), _short(loss), _short(accuracy),
                         "", "", _short(rate))
                        for step, epoch, loss, accuracy, rate, seconds in batches
                    ],
                )  # fmt: skip
            _write_rows(
                file,
                [
                    (run.id, run.name, "epoch", row.step, row.epoch, "", _short(row.train_loss),
                     _short(row.train_accuracy), _short(row.val_loss), _short(row.val_accuracy), "")
                    for row in store.epochs(run.id)
                ],
            )  # fmt: skip
        progress(len(runs), len(runs))


def _short(value: float | None) -> str:
    return "" if value is None else f"{value:.7g}"  # SQLite keeps what is not a number as nothing


def _write_rows(file: IO[bytes], rows: Sequence[Sequence[object]]) -> None:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    file.write(out.getvalue().encode())


def _batches(
    store: RunStore, run: int, cancelled: Callable[[], bool]
) -> Iterator[list[tuple[int, int, float, float, float, float]]]:
    """Yield the batches of a run in parts: (step, epoch, loss, accuracy, learning rate, seconds) of each."""
    query = (
        "SELECT step, epoch, loss, accuracy, learning_rate, seconds FROM batches WHERE run = ? AND step > ? "
        "ORDER BY step LIMIT ?"
    )
    last = -1
    while True:
        if cancelled():
            raise Cancelled
        with store.connected() as connection:  # anew for each part: a run may be writing meanwhile
            part = connection.execute(query, (run, last, _CHUNK)).fetchall()
        if not part:
            return
        last = part[-1][0]
        yield part


def export_tensorboard(
    store: RunStore,
    runs: Sequence[RunSummary],
    folder: Path,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Write one folder per run that TensorBoard opens with ``tensorboard --logdir FOLDER``.

    Scalars of batches, epochs, layers and resources, histograms of the weights, and the settings as text.

    Args:
        store: where the runs are kept.
        runs: which of them.
        folder: where their folders are made; an earlier export of the same run is replaced.
        progress: told how many of how many runs are written.
        cancelled: asked often; the present run's file is not left half written.

    Returns:
        The files.

    Raises:
        StorageError: the store cannot be read, or a file cannot be written.
        Cancelled: `cancelled` said so.
    """
    written = []
    for at, run in enumerate(runs):
        progress(at, len(runs))
        place = folder / f"{run.id:04d}-{_slug(run.name)}"
        path = place / f"events.out.tfevents.{int(run.started)}.cnn-studio"
        try:
            place.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(place, error) from error
        with replacing_path(path) as temporary:
            _write_events(store, run, temporary, cancelled)
        written.append(path)
    progress(len(runs), len(runs))
    return written


def _slug(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip("-.")[:60] or "run"


def _write_events(store: RunStore, run: RunSummary, path: Path, cancelled: Callable[[], bool]) -> None:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import Summary
    from tensorboardX.record_writer import RecordWriter
    from tensorboardX.summary import text

    writer = RecordWriter(str(path))
    started, clock = run.started, _Clock(store, run)

    def scalars(step: int, seconds: float, **values: float | None) -> None:
        summary = Summary(
            value=[
                Summary.Value(tag=tag.replace("__", "/"), simple_value=math.nan if value is None else value)
                for tag, value in values.items()
            ]
        )
        write(Event(wall_time=started + seconds, step=step, summary=summary))

    def write(event: Any) -> None:
        writer.write(event.SerializeToString())

    try:
        write(Event(wall_time=started, file_version="brain.Event:2"))
        record = {"settings": run.settings, "data": run.data, "versions": run.versions, "tuning": run.tuning}
        shown = text("run", f"```\n{json.dumps(record, indent=1)}\n```")
        write(Event(wall_time=started, step=0, summary=shown))
        for part in _batches(store, run.id, cancelled):
            for step, _, loss, accuracy, rate, seconds in part:
                scalars(step, seconds, loss__train=loss, accuracy__train=accuracy, learning_rate=rate)
        for row in store.epochs(run.id):
            scalars(
                row.step,
                clock.at(row.step),
                loss__validation=row.val_loss,
                accuracy__validation=row.val_accuracy,
            )
        for resources in store.resources(run.id):
            scalars(
                resources.step,
                resources.seconds,
                images_per_second=resources.images_per_second,
                memory_bytes=float(resources.memory),
            )
        for layers in store.layer_history(run.id):
            values = {f"gradient_norm__{path}": norm for path, norm in layers.norms}
            values |= {f"update_ratio__{path}": ratio for path, ratio in layers.ratios}
            scalars(layers.step, clock.at(layers.step), **values)
            if cancelled():
                raise Cancelled
        _write_histograms(store, run, clock, write)
    finally:
        writer.close()


def _write_histograms(store: RunStore, run: RunSummary, clock: _Clock, write: Callable[[Any], None]) -> None:
    from tensorboardX.proto.event_pb2 import Event
    from tensorboardX.proto.summary_pb2 import HistogramProto, Summary

    for weights in store.weight_history(run.id):
        found = []
        for histogram in weights.histograms:
            width = (histogram.high - histogram.low) / max(1, len(histogram.counts))
            middles = [histogram.low + (at + 0.5) * width for at in range(len(histogram.counts))]
            total = sum(n * x for n, x in zip(histogram.counts, middles, strict=True))
            squares = sum(n * x * x for n, x in zip(histogram.counts, middles, strict=True))
            proto = HistogramProto(
                min=histogram.low, max=histogram.high, num=sum(histogram.counts), sum=total, sum_squares=squares,
                bucket_limit=[histogram.low + (at + 1) * width for at in range(len(histogram.counts))],
                bucket=histogram.counts,
            )  # fmt: skip
            found.append(Summary.Value(tag=f"weights/{histogram.path}", histo=proto))
        when = run.started + clock.at(weights.step)
        write(Event(wall_time=when, step=weights.step, summary=Summary(value=found)))


class _Clock:
    """The training time at a step, which only batches know."""

    def __init__(self, store: RunStore, run: RunSummary) -> None:
        self._store, self._run = store, run.id
        self._known: dict[int, float] = {}

    def at(self, step: int) -> float:
        if step not in self._known:
            with self._store.connected() as connection:
                self._known = dict(_seconds_near(connection, self._run, step))
        return self._known.get(step, 0.0)


def _seconds_near(connection: sqlite3.Connection, run: int, step: int) -> list[tuple[int, float]]:
    """Return (step, seconds) from a step on: events are asked for in order, so one look serves many."""
    query = "SELECT step, seconds FROM batches WHERE run = ? AND step >= ? ORDER BY step LIMIT ?"
    return connection.execute(query, (run, step, 20 * _CHUNK)).fetchall()
