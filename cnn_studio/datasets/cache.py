"""The folder of decoded images that later runs read instead of the image files.

An entry belongs to a list of files with their sizes and times, and to how they are resized: as long as none of that
changes, nothing is decoded again. The folder may be deleted at any time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import platformdirs

from cnn_studio.datasets.cache_entry import EntryFiles, Filling, Shape, StoredImages
from cnn_studio.datasets.cache_lock import FileLock
from cnn_studio.datasets.memory import USABLE_SHARE, size_text
from cnn_studio.datasets.records import Check
from cnn_studio.graph.preprocessing import Preprocessing

DEFAULT_LIMIT = 20 * 10**9
"""Bytes that the folder may take where nothing else is said."""

_VERSION = 1  # to be raised whenever the same file would be decoded to other values
_SPARE_DISK = 500 * 10**6  # bytes of disk that are left to everything else
_SUFFIXES = (".images", ".json", ".sums", ".part", ".progress", ".lock")


class CacheFullError(Exception):
    """There is no room for an entry: the disk or the limit is too small. The text says which, as half a sentence."""


class CacheBusyError(Exception):
    """Another program is filling the same entry just now."""


def cache_folder() -> Path:
    """Return the folder of decoded images: the system's place for caches, or below `CNN_STUDIO_HOME`."""
    home = os.environ.get("CNN_STUDIO_HOME")
    base = Path(home) / "cache" if home else platformdirs.user_cache_path("cnn-studio", appauthor=False)
    return base / "images"


def cache_size(folder: Path | None = None) -> int:
    """Return the bytes that the cache takes on disk."""
    return sum(size for _, size, _ in _entries(folder or cache_folder()))


def clear_cache(folder: Path | None = None) -> int:
    """Delete all decoded images that no program is filling just now; return the bytes freed.

    What a run has open goes on being read; on Windows such a file stays.
    """
    folder = folder or cache_folder()
    before = cache_size(folder)
    for key, _, _ in _entries(folder):
        _remove_if_free(folder, key)
    return before - cache_size(folder)


def shrink_cache(limit: int, folder: Path | None = None) -> int:
    """Delete decoded images, the least recently used first, until all take `limit` bytes; return the bytes freed.

    What a program is filling just now stays, as for `clear_cache`.
    """
    folder = folder or cache_folder()
    entries = _entries(folder)
    before = taken = sum(size for _, size, _ in entries)
    for key, size, _ in sorted(entries, key=lambda entry: entry[2]):
        if taken <= limit:
            break
        if _remove_if_free(folder, key):
            taken -= size
    return before - taken


class ImageCache:
    """Finds, begins and evicts entries.

    Args:
        folder: where they lie; `cache_folder()` if None.
        limit: bytes that all may take together; 0 turns the cache off.
        memory_share: share of the free memory up to which images are held there, and not read from disk.
    """

    def __init__(
        self,
        folder: Path | None = None,
        limit: int = DEFAULT_LIMIT,
        memory_share: float = USABLE_SHARE,
    ) -> None:
        self.folder = folder or cache_folder()
        self.limit = limit
        self.memory_share = memory_share

    def key(
        self,
        paths: Sequence[Path],
        shape: Shape,
        preprocessing: Preprocessing,
        check: Check = lambda: None,
    ) -> str:
        """Return what names the entry of these files, as they are now, for an input of this shape.

        `check` is called often and may raise to stop: on a network drive each file takes its time.
        """
        digest = hashlib.blake2b(digest_size=16)
        how = (preprocessing.resize, preprocessing.interpolation, preprocessing.crop_fraction)
        digest.update(repr((_VERSION, shape, how)).encode())
        here = os.getcwd()  # noqa: PTH109 - texts, because there may be a hundred thousand of them
        for path in map(os.fspath, paths):
            check()
            try:
                state = os.stat(path)  # noqa: PTH116
                about = f"{state.st_size},{state.st_mtime_ns}"
            except OSError:
                about = "missing"
            name = os.path.join(here, path)  # noqa: PTH118
            digest.update(f"\0{name}\0{about}".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def find(self, key: str, shape: Shape) -> StoredImages | None:
        """Return a complete entry, or None."""
        return EntryFiles(self.folder, key).find(shape) if self.limit else None

    def begin(self, key: str, shape: Shape) -> Filling | StoredImages:
        """Begin an entry, or go on with one that was left half-filled; the oldest others make room.

        Another program may have completed it since it was looked for; then it is returned.

        Raises:
            CacheFullError: there is no room.
            CacheBusyError: another program does it already.
            OSError: the folder cannot be written.
        """
        needed = int(np.prod(shape, dtype=np.int64))
        if needed > self.limit:
            raise CacheFullError(
                f"the limit for decoded images is {size_text(self.limit)}; raise it in the preferences"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        files = EntryFiles(self.folder, key)
        lock = FileLock(files.lock)
        if not lock.acquire():
            raise CacheBusyError
        try:
            stored = files.find(shape)
            if stored is None:
                self._make_room(key, needed)
                return Filling(files, lock, shape)
        except BaseException:
            lock.release()
            raise
        lock.release()
        return stored

    def _make_room(self, key: str, needed: int) -> None:
        entries = sorted(_entries(self.folder), key=lambda entry: entry[2])
        taken = sum(size for name, size, _ in entries if name != key)
        own = sum(size for name, size, _ in entries if name == key)
        free = shutil.disk_usage(self.folder).free + own - _SPARE_DISK
        for name, size, _ in entries:
            if taken + needed <= self.limit and needed <= free:
                return
            if name != key and _remove_if_free(self.folder, name):
                taken -= size
                free += size
        if needed > free:
            raise CacheFullError(
                f"the disk of {self.folder} has {size_text(max(0, free))} left; free some space there"
            )


def _entries(folder: Path) -> list[tuple[str, int, float]]:
    """Key, bytes and time of last use of each entry."""
    found: dict[str, tuple[int, float]] = {}
    try:
        listed = list(os.scandir(folder))
    except OSError:
        return []
    for item in listed:
        key, dot, ending = item.name.partition(".")
        if f".{ending.partition('.')[0]}" not in _SUFFIXES or not dot:
            continue
        try:
            state = item.stat()
        except OSError:
            continue
        size, used = found.get(key, (0, 0.0))
        found[key] = (size + state.st_size, max(used, state.st_mtime))
    return [(key, size, used) for key, (size, used) in found.items()]


def _remove_if_free(folder: Path, key: str) -> bool:
    """Delete an entry unless a program fills it; return whether it is gone."""
    files = EntryFiles(folder, key)
    lock = FileLock(files.lock)
    try:
        if not lock.acquire():
            return False
    except OSError:
        return False
    try:
        files.remove()
        return not files.images.exists() and not files.part.exists()
    finally:
        lock.release()
