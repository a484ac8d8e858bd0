"""One set of decoded images in the cache: a file of uint8 rows, and a small JSON file that says what they are."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from cnn_studio.datasets.cache_lock import FileLock
from cnn_studio.datasets.cache_mapped import MappedImages

Shape = tuple[int, int, int, int]
"""Number of images, channels, height, width."""

Failures = dict[int, str]
"""Why a row holds no image, by its number."""

_SECONDS_BETWEEN_MARKS = 2.0
_READ_BYTES = 1 << 25  # read at a time: a moment even from a slow disk


@dataclass(frozen=True, slots=True)
class StoredImages:
    """A complete entry: every row holds an image or is listed as a failure."""

    path: Path
    shape: Shape
    failures: Failures

    def read_into(self, out: NDArray[np.uint8], advance: Callable[[int], None]) -> bool:
        """Fill memory of the entry's shape; return False where the file is not what it was.

        `advance` is called with the number of rows read so far, and may raise to stop.
        """
        rows = max(1, _READ_BYTES // max(1, out[0].nbytes))
        try:
            with self.path.open("rb") as file:
                for start in range(0, len(out), rows):
                    if not _read_fully(file, out[start : start + rows]):
                        return False
                    advance(min(start + rows, len(out)))
        except OSError:
            return False
        return True

    def mapped(self) -> MappedImages:
        """Return the images as they lie on disk.

        Raises:
            OSError: the file cannot be mapped.
        """
        return MappedImages.open(self.path, self.shape)


class EntryFiles:
    """The files of one key in a folder."""

    def __init__(self, folder: Path, key: str) -> None:
        self.images = folder / f"{key}.images"
        self.index = folder / f"{key}.json"
        self.part = folder / f"{key}.part"
        self.progress = folder / f"{key}.progress"
        self.lock = folder / f"{key}.lock"

    def find(self, shape: Shape) -> StoredImages | None:
        """Return the entry if it is complete and fits, and mark it as used now."""
        record = _read_record(self.index)
        if record is None or record.shape != shape:
            return None
        try:
            if self.images.stat().st_size != int(np.prod(shape, dtype=np.int64)):
                return None
            os.utime(self.index)
        except OSError:
            return None
        return StoredImages(self.images, shape, record.failures)

    def remove(self) -> None:
        """Delete what can be deleted; the index goes first, so that no half entry is ever found."""
        for path in (self.index, *self.index.parent.glob(f"{self.index.stem}.*")):
            if path != self.lock:
                with suppress(OSError):  # gone already, or mapped by a program on Windows
                    path.unlink()


class Filling:
    """An entry that is being made by one holder of its lock; rows are written in order.

    Every few seconds what was written is forced to the disk and marked as done, so that a program that is killed, or
    a machine that loses power, costs the last seconds only.

    Attributes:
        done: rows written so far, also by an earlier program that did not finish.
        failures: the failures among them.
    """

    def __init__(self, files: EntryFiles, lock: FileLock, shape: Shape) -> None:
        """Begin, or go on where another program stopped.

        Raises:
            OSError: the files cannot be written.
        """
        self._files = files
        self._lock = lock
        self._shape = shape
        self._row_bytes = int(np.prod(shape[1:], dtype=np.int64))
        self.done = 0
        self.failures: Failures = {}
        record = _read_record(files.progress)
        if record is not None and record.shape == shape:
            self.done, self.failures = record.done, record.failures
        self._file = files.part.open("r+b" if self.done and files.part.exists() else "w+b")
        try:
            self._settle()
        except BaseException:
            self._file.close()
            raise
        self._marked_at = time.monotonic()

    def _settle(self) -> None:
        size = self._file.seek(0, os.SEEK_END)
        if size < self.done * self._row_bytes:
            self.done, self.failures = 0, {}
        self._file.truncate(self.done * self._row_bytes)
        self._file.seek(0, os.SEEK_END)

    def read_done(self, out: NDArray[np.uint8]) -> bool:
        """Read the rows that an earlier program wrote into `out`, uint8 [done, C, H, W]; return whether it worked."""
        try:
            self._file.seek(0)
            complete = _read_fully(self._file, out)
            self._file.seek(0, os.SEEK_END)
        except OSError:
            return False
        return complete

    def write(self, images: NDArray[np.uint8], failures: Failures) -> None:
        """Append rows, uint8 [n, C, H, W]; the failures among them by their number in the whole set.

        Raises:
            OSError: the disk is full or gone.
        """
        self._file.write(np.ascontiguousarray(images).data.cast("B"))
        self.done += len(images)
        self.failures.update(failures)
        if time.monotonic() - self._marked_at > _SECONDS_BETWEEN_MARKS:
            self.mark()

    def mark(self) -> None:
        """Force what was written to the disk and remember how far it goes.

        Raises:
            OSError: the disk is full or gone.
        """
        self._force()
        _write_record(self._files.progress, self._shape, self.failures, self.done)
        self._marked_at = time.monotonic()

    def _force(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())

    def finish(self, *, reusable: bool = True) -> StoredImages:
        """Make the entry complete and free its lock.

        Args:
            reusable: False keeps it for this program only: the sources changed meanwhile, or could not be reached.

        Raises:
            OSError: the disk is full or gone.
        """
        self._force()
        self._file.close()
        # what was worked out from rows before these is no longer true
        self._files.images.with_suffix(".sums").unlink(missing_ok=True)
        os.replace(self._files.part, self._files.images)  # noqa: PTH105 - the same on every system
        if reusable:
            _write_record(self._files.index, self._shape, self.failures, self.done)
        with suppress(OSError):
            self._files.progress.unlink()
        self._lock.release()
        return StoredImages(self._files.images, self._shape, self.failures)

    def stop(self) -> None:
        """Leave the entry half-filled for the next program, and free its lock."""
        with suppress(OSError):
            if self.done:
                self.mark()
        self._file.close()
        self._lock.release()

    def abandon(self) -> None:
        """Delete the entry and free its lock."""
        with suppress(OSError):
            self._file.close()
        self._files.remove()
        self._lock.release()


def _read_fully(file: IO[bytes], out: NDArray[np.uint8]) -> bool:
    view = out.reshape(-1).data
    while view:
        count = file.readinto(view)  # type: ignore[attr-defined]  # binary files have it
        if not count:
            return False
        view = view[count:]
    return True


@dataclass(frozen=True, slots=True)
class _Record:
    """What the small file beside the rows says."""

    shape: tuple[int, ...]
    done: int
    failures: Failures


def _read_record(path: Path) -> _Record | None:
    """The record in a file of ours, or None where there is none or something else."""
    try:
        found = json.loads(path.read_text("utf-8"))
        failures = {int(row): str(reason) for row, reason in found["failures"].items()}
        return _Record(tuple(map(int, found["shape"])), int(found["done"]), failures)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write_record(path: Path, shape: Shape, failures: Failures, done: int) -> None:
    text = json.dumps({"shape": shape, "done": done, "failures": failures})
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)  # noqa: PTH105 - the same on every system
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
