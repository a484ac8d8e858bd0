"""Fetches a known data set into a folder: its files, checked and unpacked; what is there already is not fetched again."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path

from cnn_studio.app.download import PATIENCE, Patience, download
from cnn_studio.app.jobs import Job, Progress
from cnn_studio.app.unpack import unpack
from cnn_studio.core.errors import DataError, StorageError
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.records import DataSource, SourceKind
from cnn_studio.datasets.remote import RemoteFile

Report = Callable[[object], None]

_NAMES_KEPT = 50


def download_source(
    kind: SourceKind,
    folder: Path,
    report: Report,
    cancelled: Callable[[], bool],
    *,
    files: tuple[RemoteFile, ...] | None = None,
    patience: Patience = PATIENCE,
) -> DataSource:
    """Fetch a data set into a folder and return the source that reads it.

    Args:
        kind: one that has something to fetch.
        folder: made where needed; other files in it stay.
        report: takes `Progress` events in bytes, and in files while unpacking.
        cancelled: asked often.
        files: what to fetch instead of what is published.
        patience: how long to wait for servers.

    Raises:
        DataError: there is nothing to fetch for this kind.
        DownloadError: a file could not be fetched.
        FileFormatError: an archive is damaged.
        StorageError: the folder cannot be written.
        Cancelled: `cancelled` said yes; what was fetched is kept.
    """
    info = SOURCES[kind]
    if files is None:
        if info.files is None:
            raise DataError(f"{info.title} needs no download.")
        files = info.files()
    for number, file in enumerate(files, 1):
        which = f" ({number} of {len(files)})" if len(files) > 1 else ""
        _fetch(file, folder, f"Downloading {info.title}{which}", report, cancelled, patience)
    return DataSource(kind=kind, folder=str(folder))


def download_job(
    kind: SourceKind,
    folder: Path,
    *,
    files: tuple[RemoteFile, ...] | None = None,
    patience: Patience = PATIENCE,
) -> Job:
    """Return the job that fetches a data set; before its end it reports the `DataSource`."""

    def work(job: Job) -> None:
        cancelled = lambda: job.is_cancelled  # noqa: E731
        job.report(download_source(kind, folder, job.report, cancelled, files=files, patience=patience))

    return Job(f"Downloading {SOURCES[kind].title}", work)


def _fetch(
    file: RemoteFile,
    folder: Path,
    title: str,
    report: Report,
    cancelled: Callable[[], bool],
    patience: Patience,
) -> None:
    target = folder / file.name
    done = folder / f".{file.name}.done"  # an archive is removed once it is unpacked
    if file.is_archive and _is_unpacked(done, file.digest):
        return
    download(
        file.urls,
        target,
        file.digest,
        lambda got, total: report(Progress(title, got, total)),
        cancelled,
        patience,
    )
    if file.is_archive:
        text = f"Unpacking {file.name}"
        report(Progress(text, 0, 0))
        names = unpack(
            target,
            folder,
            lambda count: report(Progress(f"{text}, {count:,} files", 0, 0)) if count % 500 == 0 else None,
            cancelled,
            unwanted=file.unwanted,
        )
        try:
            done.write_text(json.dumps({"digest": file.digest, "files": _some(names)}), "ascii")
        except OSError as error:
            raise StorageError(f"{done} could not be written: {error.strerror or error}.") from error
        with contextlib.suppress(OSError):
            target.unlink()


def _some(names: list[str]) -> list[str]:
    """Names from all over the archive: looking for each of 100,000 files would take its time."""
    return names[:: max(1, -(-len(names) // _NAMES_KEPT))]


def _is_unpacked(done: Path, digest: str) -> bool:
    """Return whether a mark says that this archive was unpacked, and the files that it names are still there."""
    try:
        record = json.loads(done.read_text("ascii"))
        found = record["digest"] == digest and bool(record["files"])
        return found and all((done.parent / name).is_file() for name in record["files"])
    except (OSError, ValueError, LookupError, TypeError):  # none, or one that names no files
        return False
