"""The store of runs: one SQLite file with settings, scalars and results, and a folder per run with its network."""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnn_studio.app.files import remove_parts, storage_error
from cnn_studio.app.places import runs_folder
from cnn_studio.app.processes import is_alive, own_process
from cnn_studio.app.project import SUFFIX, Project, save_project
from cnn_studio.app.run_layers import read_gradients, read_weights
from cnn_studio.app.run_recorder import RunRecorder
from cnn_studio.app.run_summary import SUMMARY_COLUMNS, EpochRow, RunKind, RunNote, RunSummary, summary_of
from cnn_studio.app.run_tables import OF_A_RUN, connected
from cnn_studio.app.versions import versions
from cnn_studio.core.errors import DataError, RunError, StorageError
from cnn_studio.engine.events import (
    BatchDone,
    GradientsMeasured,
    ResourcesMeasured,
    WeightsMeasured,
)
from cnn_studio.graph.records import to_record

if TYPE_CHECKING:
    from cnn_studio.engine.checkpoint import Checkpoint


class RunStore:
    """The kept runs of one user."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or runs_folder()

    # ---------------------------------------------------------------------------------------------------- writing

    def start(self, project: Project, digest: str = "") -> RunRecorder:
        """Add a run and return what records it; what it starts from is kept beside it, to repeat and to resume.

        Args:
            project: what is trained; with weights where it starts from trained ones.
            digest: fingerprint of the images, see `data_digest`.

        Raises:
            StorageError: the store cannot be written.
        """
        settings = project.settings.model_dump_json()
        run = self._add(project, "training", settings, time.time(), digest, versions())
        try:
            self.remove_leftovers()
            save_project(self._made(self.start_file(run)), project)
        except StorageError:
            with contextlib.suppress(StorageError):
                self.forget(run)  # or the table would show a run that nobody keeps
            raise
        return RunRecorder(self, run)

    def start_linear(
        self,
        project: Project,
        settings: Mapping[str, Any],
        started: float,
        digest: str = "",
        device: str = "",
    ) -> RunRecorder:
        """Add a linear classifier on CNN codes, which has no start to repeat from, and return what records its end.

        Args:
            project: the network with the classifier in it.
            settings: what it was fitted with, JSON-able.
            started: seconds since 1970.
            digest: fingerprint of the images, see `data_digest`.
            device: what computed the codes.

        Raises:
            StorageError: the store cannot be written.
        """
        about = versions("scikit-learn") | ({"device": device} if device else {})
        return RunRecorder(self, self._add(project, "linear", json.dumps(settings), started, digest, about))

    def _add(
        self,
        project: Project,
        kind: RunKind,
        settings: str,
        started: float,
        digest: str,
        about: Mapping[str, str],
    ) -> int:
        with self.connected() as connection:
            cursor = connection.execute(
                "INSERT INTO runs (name, started, status, settings, data, document, versions, process, digest, kind) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    project.document.info.name,
                    started,
                    "running",
                    settings,
                    project.data.model_dump_json(),
                    json.dumps(to_record(project.document)),
                    json.dumps(about),
                    own_process(),
                    digest,
                    kind,
                ),
            )
            return int(cursor.lastrowid or 0)

    def check_data(self, run: int, digest: str) -> None:
        """Check that images are those that a run began with.

        Raises:
            DataError: they are not.
            StorageError: the store cannot be read.
        """
        with self.connected() as connection:
            row = connection.execute("SELECT digest FROM runs WHERE id = ?", (run,)).fetchone()
        if row and row[0] and row[0] != digest:
            raise DataError(
                f"The images are no longer those that run {run} began with, so it cannot go on exactly. Put them back "
                "as they were, or repeat the run with the images of now."
            )

    def resume(self, run: int) -> RunRecorder:
        """Claim a run that is to go on again and return what records it.

        Raises:
            RunError: there is no such run, or it goes on already, here or in another program.
            StorageError: the store cannot be written.
        """
        with self.connected() as connection:
            connection.execute("BEGIN IMMEDIATE")  # two programs may want the same run
            self._require_idle(connection, run, "cannot go on a second time")
            connection.execute(
                "UPDATE runs SET status = 'running', ended = NULL, message = NULL, process = ? WHERE id = ?",
                (own_process(), run),
            )
            remove_parts(self._folder / str(run))
        return RunRecorder(self, run)

    def remove_leftovers(self) -> None:
        """Delete half-written files of runs that no program trains any more: a kill while one is written leaves it.

        Raises:
            StorageError: the store cannot be used.
        """
        with self.connected() as connection:
            connection.execute("BEGIN IMMEDIATE")  # until the end nobody can begin or claim a run
            rows = connection.execute("SELECT id, process FROM runs WHERE status = 'running'")
            alive = {str(run) for run, process in rows if is_alive(process)}
            with contextlib.suppress(OSError):
                for folder in self._folder.iterdir():
                    if folder.name.isdigit() and folder.name not in alive:
                        remove_parts(folder)

    @staticmethod
    def _require_idle(connection: sqlite3.Connection, run: int, what: str) -> None:
        row = connection.execute("SELECT status, process FROM runs WHERE id = ?", (run,)).fetchone()
        if row is None:
            raise RunError(f"There is no run {run} any more.")
        if row[0] == "running" and is_alive(row[1]):
            raise RunError(f"Run {run} is being trained just now, so it {what}. Stop it first.")

    def save_checkpoint(self, run: int, checkpoint: Checkpoint) -> None:
        """Write where a run stands, in place of what was written before.

        Raises:
            StorageError: it cannot be written; the last checkpoint stays.
        """
        from cnn_studio.app.checkpoint_file import save_checkpoint

        save_checkpoint(self._made(self.checkpoint_file(run)), checkpoint)

    def save_network(self, run: int, project: Project) -> None:
        """Keep the trained network of a run.

        Raises:
            StorageError: it cannot be written.
        """
        save_project(self._made(self.project_file(run)), project)

    def drop_checkpoint(self, run: int) -> None:
        """Delete the checkpoint of a run that needs none any more; one that stays does no harm."""
        with contextlib.suppress(OSError):
            self.checkpoint_file(run).unlink(missing_ok=True)

    @staticmethod
    def _made(path: Path) -> Path:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise storage_error(path, error) from error
        return path

    def rename(self, run: int, name: str) -> None:
        """Give a run another name.

        Raises:
            StorageError: the store cannot be written.
        """
        self._set(run, "name", name)

    def set_color(self, run: int, color: str) -> None:
        """Give a run's curves a colour, ``#rrggbb``, or none.

        Raises:
            StorageError: the store cannot be written.
        """
        self._set(run, "color", color)

    def _set(self, run: int, column: str, value: str) -> None:
        with self.connected() as connection:
            connection.execute(f"UPDATE runs SET {column} = ? WHERE id = ?", (value, run))

    def delete(self, run: int) -> None:
        """Delete a run with its curves, its network and its checkpoint.

        Raises:
            RunError: it is being trained just now.
            StorageError: the store or the run's folder cannot be written.
        """
        with self.connected() as connection:
            connection.execute("BEGIN IMMEDIATE")
            self._require_idle(connection, run, "cannot be deleted")
        self.forget(run)

    def forget(self, run: int) -> None:
        """Delete a run whatever it does; for what records it.

        Raises:
            StorageError: the store or the run's folder cannot be written.
        """
        with self.connected() as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", (run,))
            for table in OF_A_RUN:
                connection.execute(f"DELETE FROM {table} WHERE run = ?", (run,))
        folder = self._folder / str(run)
        try:
            if folder.exists():
                shutil.rmtree(folder)
        except OSError as error:
            raise StorageError(
                f"The folder {folder} could not be deleted: {error.strerror or error}."
            ) from error

    # ---------------------------------------------------------------------------------------------------- reading

    def runs(self) -> list[RunSummary]:
        """Return all runs, the latest first; none where nothing was kept yet.

        Raises:
            StorageError: the store cannot be read.
        """
        return self._summaries("", ())

    def run(self, run: int) -> RunSummary | None:
        """Return one run, or None if there is none of this number.

        Raises:
            StorageError: the store cannot be read.
        """
        return next(iter(self._summaries("WHERE id = ?", (run,))), None)

    def _summaries(self, where: str, values: tuple[object, ...]) -> list[RunSummary]:
        if not self._file.exists():
            return []
        with self.connected() as connection:
            query = f"SELECT {SUMMARY_COLUMNS} FROM runs {where} ORDER BY id DESC"
            rows = connection.execute(query, values).fetchall()
        return [summary_of(row, has_checkpoint=self.checkpoint_file(row[0]).exists()) for row in rows]

    def curve(self, run: int, most: int | None = None) -> list[BatchDone]:
        """Return the batches of a run in order.

        Args:
            run: the run's number.
            most: about how many batches at the most, evenly chosen, the first and the last among them; all if None.
        """
        columns = "step, epoch, loss, accuracy, learning_rate, seconds"
        with self.connected() as connection:
            (last,) = connection.execute("SELECT MAX(step) FROM batches WHERE run = ?", (run,)).fetchone()
            every = 1 if most is None or last is None else -(-last // most)
            rows = connection.execute(
                f"SELECT {columns} FROM batches WHERE run = ? AND (step % ? = 0 OR step IN (1, ?)) ORDER BY step",
                (run, every, last),
            ).fetchall()
        return [BatchDone(*row) for row in rows]

    def epochs(self, run: int) -> list[EpochRow]:
        """Return the finished epochs of a run in order."""
        columns = "epoch, step, train_loss, train_accuracy, val_loss, val_accuracy"
        return [EpochRow(*row) for row in self._rows(columns, "epochs", run, "epoch")]

    def layer_history(self, run: int) -> list[GradientsMeasured]:
        """Return gradient norms and update ratios of a run in order; of a long run some, evenly chosen."""
        with self.connected() as connection:
            return read_gradients(connection, run)

    def weight_history(self, run: int) -> list[WeightsMeasured]:
        """Return the histograms of the weights of a run in order; of a long run some, evenly chosen."""
        with self.connected() as connection:
            return read_weights(connection, run)

    def resources(self, run: int) -> list[ResourcesMeasured]:
        """Return speed and memory of a run in order."""
        columns = "step, seconds, images_per_second, memory"
        return [ResourcesMeasured(*row) for row in self._rows(columns, "resources", run, "step")]

    def notes(self, run: int) -> list[RunNote]:
        """Return what was done to a run in order."""
        return [RunNote(*row) for row in self._rows("step, kind, text", "notes", run, "step, rowid")]

    def _rows(self, columns: str, table: str, run: int, order: str) -> list[tuple[Any, ...]]:
        with self.connected() as connection:
            query = f"SELECT {columns} FROM {table} WHERE run = ? ORDER BY {order}"
            return connection.execute(query, (run,)).fetchall()

    # ------------------------------------------------------------------------------------------------------ places

    def project_file(self, run: int) -> Path:
        """Return where the trained network of a run lies."""
        return self._folder / str(run) / f"network{SUFFIX}"

    def start_file(self, run: int) -> Path:
        """Return where the project lies that a run started from."""
        return self._folder / str(run) / f"start{SUFFIX}"

    def checkpoint_file(self, run: int) -> Path:
        """Return where the last checkpoint of a run lies."""
        return self._folder / str(run) / "checkpoint.safetensors"

    @property
    def _file(self) -> Path:
        return self._folder / "runs.sqlite"

    @contextlib.contextmanager
    def connected(self) -> Iterator[sqlite3.Connection]:
        """Open the store for one transaction; for what records runs.

        Raises:
            StorageError: it cannot be used.
        """
        with connected(self._file) as connection:
            yield connection
