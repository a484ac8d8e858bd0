"""The store of runs: one SQLite file with settings, scalars and results, and a folder per run with its network."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnn_studio.app.files import storage_error
from cnn_studio.app.places import runs_folder
from cnn_studio.app.project import SUFFIX, Project, save_project
from cnn_studio.core.errors import StorageError
from cnn_studio.engine.events import BatchDone, EpochDone, RunFinished
from cnn_studio.graph.records import to_record

_TABLES = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL, started REAL NOT NULL, ended REAL, status TEXT NOT NULL,
    settings TEXT NOT NULL, data TEXT NOT NULL, document TEXT NOT NULL,
    epoch INTEGER, val_accuracy REAL, test_accuracy REAL, images_per_second REAL, message TEXT
);
CREATE TABLE IF NOT EXISTS batches (
    run INTEGER NOT NULL, step INTEGER NOT NULL, epoch INTEGER NOT NULL,
    loss REAL NOT NULL, accuracy REAL NOT NULL, learning_rate REAL NOT NULL, seconds REAL NOT NULL
);
CREATE INDEX IF NOT EXISTS batches_of_run ON batches (run, step);
CREATE TABLE IF NOT EXISTS epochs (
    run INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL,
    train_loss REAL NOT NULL, train_accuracy REAL NOT NULL, val_loss REAL NOT NULL, val_accuracy REAL NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of the table of runs."""

    id: int
    name: str
    started: float
    status: str
    epoch: int | None
    val_accuracy: float | None
    test_accuracy: float | None
    images_per_second: float | None
    settings: dict[str, Any]
    data: dict[str, Any]


class RunStore:
    """The kept runs of one user."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or runs_folder()

    def start(self, project: Project) -> RunRecorder:
        """Add a run and return what records it.

        Raises:
            StorageError: the store cannot be written.
        """
        with self._connected() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (name, started, status, settings, data, document) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    project.document.info.name,
                    time.time(),
                    "running",
                    project.settings.model_dump_json(),
                    project.data.model_dump_json(),
                    json.dumps(to_record(project.document)),
                ),
            )
            return RunRecorder(self, int(cursor.lastrowid or 0))

    def runs(self) -> list[RunSummary]:
        """Return all runs, the latest first; none where nothing was kept yet.

        Raises:
            StorageError: the store cannot be read.
        """
        if not self._file.exists():
            return []
        columns = (
            "id, name, started, status, epoch, val_accuracy, test_accuracy, images_per_second, settings, data"
        )
        with self._connected() as connection:
            rows = connection.execute(f"SELECT {columns} FROM runs ORDER BY id DESC").fetchall()
        return [
            RunSummary(*row[:8], settings=json.loads(row[8]), data=json.loads(row[9]))  # type: ignore[misc]
            for row in rows  # SQLite's rows carry no types
        ]

    def curve(self, run: int, most: int | None = None) -> list[BatchDone]:
        """Return the batches of a run in order.

        Args:
            run: the run's number.
            most: about how many batches at the most, evenly chosen, the first and the last among them; all if None.
        """
        columns = "step, epoch, loss, accuracy, learning_rate, seconds"
        with self._connected() as connection:
            (last,) = connection.execute("SELECT MAX(step) FROM batches WHERE run = ?", (run,)).fetchone()
            every = 1 if most is None or last is None else -(-last // most)
            rows = connection.execute(
                f"SELECT {columns} FROM batches WHERE run = ? AND (step % ? = 0 OR step IN (1, ?)) ORDER BY step",
                (run, every, last),
            ).fetchall()
        return [BatchDone(*row) for row in rows]

    def project_file(self, run: int) -> Path:
        """Return where the trained network of a run lies."""
        return self._folder / str(run) / f"network{SUFFIX}"

    @property
    def _file(self) -> Path:
        return self._folder / "runs.sqlite"

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self._file, timeout=10)
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.executescript(_TABLES)
                with connection:
                    yield connection
            finally:
                connection.close()
        except OSError as error:
            raise storage_error(self._file, error) from error
        except sqlite3.Error as error:
            raise StorageError(f"The store of runs, {self._file}, cannot be used: {error}.") from error


class RunRecorder:
    """Writes one run as it goes: batches once per epoch, the end at once."""

    def __init__(self, store: RunStore, run: int) -> None:
        self.run = run
        self._store = store
        self._batches: list[BatchDone] = []

    def add(self, event: object) -> None:
        """Take an event; an epoch's end writes what came since the last.

        Raises:
            StorageError: the store cannot be written.
        """
        if isinstance(event, BatchDone):
            self._batches.append(event)
        elif isinstance(event, EpochDone):
            self._flush(event)

    def finish(self, finished: RunFinished, result: Project | None) -> None:
        """Write the result of the run and its trained network.

        Raises:
            StorageError: the store cannot be written.
        """
        try:
            if result is not None:
                self._save(result)
        finally:
            self._flush(None)
            with self._store._connected() as connection:
                connection.execute(
                    "UPDATE runs SET ended = ?, status = ?, epoch = ?, val_accuracy = ?, test_accuracy = ?, "
                    "images_per_second = ?, message = ? WHERE id = ?",
                    (
                        time.time(),
                        finished.status,
                        finished.epoch,
                        finished.val_accuracy,
                        finished.test_accuracy,
                        finished.images_per_second,
                        finished.message,
                        self.run,
                    ),
                )

    def _save(self, result: Project) -> None:
        path = self._store.project_file(self.run)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(path, error) from error
        save_project(path, result)

    def _flush(self, epoch: EpochDone | None) -> None:
        with self._store._connected() as connection:
            connection.executemany(
                "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    (self.run, b.step, b.epoch, b.loss, b.accuracy, b.learning_rate, b.seconds)
                    for b in self._batches
                ],
            )
            if epoch is not None:
                e = epoch
                connection.execute(
                    "INSERT INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?)",
                    (self.run, e.epoch, e.step, e.train_loss, e.train_accuracy, e.val_loss, e.val_accuracy),
                )
        self._batches.clear()
