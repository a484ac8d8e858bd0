"""Writes one run into the store while it goes on: a kill loses two seconds of its curves at the most."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import Project
from cnn_studio.app.run_layers import MOST, thin
from cnn_studio.engine.events import (
    BatchDone,
    CheckpointReady,
    EpochDone,
    GradientsMeasured,
    RateChanged,
    ResourcesMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
    SpeedTuned,
    WeightsMeasured,
)

if TYPE_CHECKING:
    from cnn_studio.app.runs import RunStore

_FLUSH_SECONDS = 2.0

_INSERTS = {
    "batches": "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
    "epochs": "INSERT INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?)",
    "layers": "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?)",
    "histograms": "INSERT INTO histograms VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    "resources": "INSERT INTO resources VALUES (?, ?, ?, ?, ?)",
    "notes": "INSERT INTO notes VALUES (?, ?, ?, ?)",
}


class RunRecorder:
    """Writes what a run reports.

    Attributes:
        run: the number of the run.
    """

    def __init__(self, store: RunStore, run: int, now: Callable[[], float] = time.monotonic) -> None:
        self.run = run
        self._store = store
        self._now = now
        self._rows: dict[str, list[tuple[object, ...]]] = {table: [] for table in _INSERTS}
        self._flushed = now()
        self._measured = 0  # measurements of layers that were written since they were thinned last

    def add(self, event: object) -> None:
        """Take an event; what came is written at the end of an epoch and every two seconds.

        Raises:
            StorageError: the store cannot be written.
        """
        run = self.run
        match event:
            case BatchDone():
                self._rows["batches"].append(
                    (
                        run,
                        event.step,
                        event.epoch,
                        event.loss,
                        event.accuracy,
                        event.learning_rate,
                        event.seconds,
                    )
                )
            case GradientsMeasured():
                ratios = dict(event.ratios)
                self._rows["layers"] += [
                    (run, event.step, place, path, norm, ratios.get(path))
                    for place, (path, norm) in enumerate(event.norms)
                ]
            case ResourcesMeasured():
                self._rows["resources"].append(
                    (run, event.step, event.seconds, event.images_per_second, event.memory)
                )
            case WeightsMeasured():
                self._rows["histograms"] += [
                    (run, event.epoch, event.step, place, h.path, h.low, h.high, json.dumps(h.counts))
                    for place, h in enumerate(event.histograms)
                ]
            case RateChanged():
                self._note(event.step, "rate", f"learning rate {event.learning_rate:g}")
            case RunPaused():
                self._note(event.step, "pause", "paused")
            case RunContinued():
                self._note(event.step, "pause", "continued")
            case EpochDone():
                self._rows["epochs"].append(
                    (run, event.epoch, event.step, event.train_loss, event.train_accuracy, event.val_loss,
                     event.val_accuracy)
                )  # fmt: skip
            case SpeedTuned():
                self._tuned(event)
            case RunStarted():
                self._started(event)
            case CheckpointReady():
                self._store.save_checkpoint(run, event.checkpoint)
            case _:
                return
        if isinstance(event, EpochDone | RunPaused) or self._now() - self._flushed > _FLUSH_SECONDS:
            self.flush()

    def _note(self, step: int, kind: str, text: str) -> None:
        self._rows["notes"].append((self.run, step, kind, text))

    def _tuned(self, event: SpeedTuned) -> None:
        with self._store.connected() as connection:
            record = json.dumps(asdict(event.tuning))
            connection.execute("UPDATE runs SET tuning = ? WHERE id = ?", (record, self.run))

    def _started(self, event: RunStarted) -> None:
        with self._store.connected() as connection:
            connection.execute(
                "UPDATE runs SET total_epochs = ?, versions = json_set(versions, '$.device', ?, '$.precision', ?) "
                "WHERE id = ?",
                (event.num_epochs, event.device, event.precision, self.run),
            )

    def forget_after(self, step: int, epoch: int) -> None:
        """Forget what was written of later steps and epochs: a resumed run takes them again.

        Raises:
            StorageError: the store cannot be written.
        """
        with self._store.connected() as connection:
            for table in _INSERTS:
                by_epoch = table in {"epochs", "histograms"}
                column, last = ("epoch", epoch) if by_epoch else ("step", step)
                connection.execute(f"DELETE FROM {table} WHERE run = ? AND {column} > ?", (self.run, last))

    def flush(self) -> None:
        """Write what came since the last time.

        Raises:
            StorageError: the store cannot be written.
        """
        self._flushed = self._now()
        if not any(self._rows.values()):
            return
        with self._store.connected() as connection:
            for table, rows in self._rows.items():
                if rows:
                    connection.executemany(_INSERTS[table], rows)
            self._measured += len({row[1] for row in (*self._rows["layers"], *self._rows["histograms"])})
            if self._measured > MOST // 8:
                self._measured = 0
                thin(connection, "layers", self.run)
                thin(connection, "histograms", self.run)
        for rows in self._rows.values():
            rows.clear()

    def finish(
        self,
        finished: RunFinished,
        result: Project | None,
        proof: FreezeProof | None = None,
        seconds: float | None = None,
    ) -> None:
        """Write the result of the run and its trained network.

        A discarded run leaves the store with all it wrote.

        Args:
            finished: how it ended.
            result: the trained network, if there is one.
            proof: that frozen layers stayed as they were, if there are any.
            seconds: what it took, of a run without batches to tell it.

        Raises:
            StorageError: the store cannot be written.
        """
        if finished.status == "discarded":
            self._store.forget(self.run)
            return
        try:
            if result is not None:
                self._store.save_network(self.run, result)
            if finished.status == "done":
                self._store.drop_checkpoint(self.run)  # what it would lead to is there
        finally:
            self.flush()
            with self._store.connected() as connection:
                connection.execute(
                    "UPDATE runs SET ended = ?, status = ?, epoch = ?, val_accuracy = ?, test_accuracy = ?, "
                    "images_per_second = ?, message = ?, proof = ?, seconds = ? WHERE id = ?",
                    (
                        time.time(),
                        finished.status,
                        finished.epoch,
                        finished.val_accuracy,
                        finished.test_accuracy,
                        finished.images_per_second,
                        finished.message,
                        None if proof is None else json.dumps(proof.record()),
                        seconds,
                        self.run,
                    ),
                )
