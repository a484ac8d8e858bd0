"""Unpacks archives from the web: plain files only, never outside of the folder, and no more than is allowed."""

from __future__ import annotations

import contextlib
import lzma
import shutil
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator
from pathlib import Path, PurePosixPath
from typing import IO

from cnn_studio.app.files import storage_error
from cnn_studio.core.errors import Cancelled, FileFormatError

MAX_BYTES = 8 << 30
"""What an archive may unpack to in all."""

MAX_FILES = 500_000
"""How many files an archive may hold."""

_CHUNK = 1 << 20
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    struct.error,
)
Entries = Generator[tuple[str, Callable[[], IO[bytes] | None]], None, None]


def unpack(
    archive: Path,
    folder: Path,
    progress: Callable[[int], None] = lambda count: None,
    cancelled: Callable[[], bool] = lambda: False,
    *,
    unwanted: tuple[str, ...] = (),
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
) -> list[str]:
    """Unpack a zip or tar file into a folder; files appear there only when all of it could be unpacked.

    Returns the names of the files, relative to the folder.

    Args:
        archive: the file; what it is is told by its content.
        folder: made where needed; files of the same names in it are replaced, others stay.
        progress: called with the number of files done.
        cancelled: asked often.
        unwanted: names of files that are passed over.
        max_bytes, max_files: limits, counted as the bytes come and not as the archive says.

    Raises:
        FileFormatError: it is damaged, no archive, too large, or would write outside of the folder.
        StorageError: the disk refused.
        Cancelled: `cancelled` said yes; nothing was added to the folder.
    """
    staging = folder / f".unpacking-{archive.name[:60]}"
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir(parents=True)
        room, count = max_bytes, 0
        with contextlib.closing(_entries(archive)) as entries:
            for name, open_entry in entries:
                if cancelled():
                    raise Cancelled
                place = staging.joinpath(*_safe(archive, name).parts)
                if place.name in unwanted:
                    continue
                count += 1
                if count > max_files:
                    raise FileFormatError(
                        f"{archive} holds more than {max_files:,} files and was not unpacked."
                    )
                source = open_entry()
                if source is not None:
                    place.parent.mkdir(parents=True, exist_ok=True)
                    with source, place.open("xb") as file:
                        room = _copy(archive, source, file, room, cancelled)
                progress(count)
        return _move(staging, folder)
    except _DAMAGED as error:
        raise FileFormatError(
            f"{archive} is damaged and cannot be unpacked ({error}). Download it again."
        ) from error
    except OSError as error:
        if isinstance(error, FileExistsError):
            raise FileFormatError(
                f"{archive} holds one file twice ({error.filename}) and was not unpacked."
            ) from error
        raise storage_error(folder, error) from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _entries(archive: Path) -> Entries:
    """Name and opener of each file; folders are left out, anything else is refused."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir():
                    kind = info.external_attr >> 28
                    if kind not in {0, 8}:  # a link or a device of Unix
                        raise FileFormatError(f"{archive} holds {info.filename}, which is no plain file.")
                    yield info.filename, lambda info=info: opened.open(info)  # type: ignore[misc]
        return
    try:
        tar = tarfile.open(archive, "r:*")  # noqa: SIM115 - closed below; only opening may fail like this
    except tarfile.ReadError as error:
        raise FileFormatError(f"{archive} is neither a zip nor a tar file. Download it again.") from error
    with tar:
        for member in tar:
            if member.isdir():
                continue
            if not member.isreg():
                raise FileFormatError(f"{archive} holds {member.name}, which is no plain file.")
            yield member.name, lambda member=member: tar.extractfile(member)  # type: ignore[misc]


def _safe(archive: Path, name: str) -> PurePosixPath:
    """The name of an entry, if it stays within the folder."""
    path = PurePosixPath(name.replace("\\", "/"))
    is_outside = path.is_absolute() or ".." in path.parts or not path.parts
    if is_outside or any(":" in piece or "\0" in piece for piece in path.parts):
        raise FileFormatError(
            f"{archive} would write to {name!r}, outside of its folder, and was not unpacked."
        )
    return path


def _copy(archive: Path, source: IO[bytes], file: IO[bytes], room: int, cancelled: Callable[[], bool]) -> int:
    """Copy one file and return how many bytes may still come."""
    while chunk := source.read(_CHUNK):
        if cancelled():
            raise Cancelled
        room -= len(chunk)
        if room < 0:
            raise FileFormatError(f"{archive} unpacks to more than is allowed and was not unpacked.")
        file.write(chunk)
    return room


def _move(staging: Path, folder: Path) -> list[str]:
    """Bring all files into place, each with one rename; return their names."""
    names = []
    for path in sorted(staging.rglob("*")):
        if path.is_file():
            place = folder / path.relative_to(staging)
            place.parent.mkdir(parents=True, exist_ok=True)
            path.replace(place)
            names.append(place.relative_to(folder).as_posix())
    return names
