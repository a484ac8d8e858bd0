"""The tables of the store of runs, and how files of earlier versions get them."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from cnn_studio.app.files import storage_error
from cnn_studio.core.errors import StorageError

VERSION = 3
"""Written into the file; a file of a higher version comes from a later program."""

_WAIT_SECONDS = 10.0

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
CREATE INDEX IF NOT EXISTS epochs_of_run ON epochs (run, epoch);
CREATE TABLE IF NOT EXISTS layers (
    run INTEGER NOT NULL, step INTEGER NOT NULL, place INTEGER NOT NULL, path TEXT NOT NULL,
    norm REAL, ratio REAL
);
CREATE INDEX IF NOT EXISTS layers_of_run ON layers (run, step);
CREATE TABLE IF NOT EXISTS histograms (
    run INTEGER NOT NULL, epoch INTEGER NOT NULL, step INTEGER NOT NULL, place INTEGER NOT NULL, path TEXT NOT NULL,
    low REAL NOT NULL, high REAL NOT NULL, counts TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS histograms_of_run ON histograms (run, epoch);
CREATE TABLE IF NOT EXISTS resources (
    run INTEGER NOT NULL, step INTEGER NOT NULL, seconds REAL NOT NULL, images_per_second REAL NOT NULL,
    memory INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS resources_of_run ON resources (run, step);
CREATE TABLE IF NOT EXISTS notes (
    run INTEGER NOT NULL, step INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS notes_of_run ON notes (run, step);
"""

OF_A_RUN = ("batches", "epochs", "layers", "histograms", "resources", "notes")
"""Tables whose rows belong to a run by their column ``run``."""

# columns of `runs` that files of earlier versions lack
_LATER_COLUMNS = {
    "versions": "TEXT NOT NULL DEFAULT '{}'",
    "tuning": "TEXT",
    "color": "TEXT NOT NULL DEFAULT ''",
    "process": "TEXT NOT NULL DEFAULT ''",
    "digest": "TEXT NOT NULL DEFAULT ''",
    "total_epochs": "INTEGER",
    "kind": "TEXT NOT NULL DEFAULT 'training'",
    "seconds": "REAL",  # where no batches tell it
    "proof": "TEXT",
}


@contextlib.contextmanager
def connected(file: Path) -> Iterator[sqlite3.Connection]:
    """Open the store, making or extending it where needed; what the block does is one transaction.

    Raises:
        StorageError: it cannot be read or written, or a later program made it.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(file, timeout=_WAIT_SECONDS)
        try:
            _settle(connection, file)
            with connection:
                yield connection
        finally:
            connection.close()
    except OSError as error:
        raise storage_error(file, error) from error
    except sqlite3.Error as error:
        raise StorageError(f"The store of runs, {file}, cannot be used: {error}.") from error


def _settle(connection: sqlite3.Connection, file: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version == VERSION:
        return
    if version > VERSION:
        raise StorageError(
            f"The store of runs, {file}, was written by a later version of this program. Update the program, or "
            "name another folder in the environment variable CNN_STUDIO_HOME."
        )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.executescript(_TABLES)
    with connection:
        connection.execute("BEGIN IMMEDIATE")  # two programs may start at once
        known = {row[1] for row in connection.execute("PRAGMA table_info(runs)")}
        for name, kind in _LATER_COLUMNS.items():
            if name not in known:
                connection.execute(f"ALTER TABLE runs ADD COLUMN {name} {kind}")
        connection.execute(f"PRAGMA user_version={VERSION}")
