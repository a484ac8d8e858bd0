"""Decodes a list of image files with a few threads: into memory, into the cache on disk, or both."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import sleep

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.cache import CacheBusyError, CacheFullError, ImageCache
from cnn_studio.datasets.cache_entry import Failures, Filling, Shape, StoredImages
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.decode import UnreadableImageError, decode_into, settle_warnings
from cnn_studio.datasets.memory import size_text, too_large, usable_memory
from cnn_studio.datasets.parts import Target
from cnn_studio.graph.preprocessing import Preprocessing

_MAX_THREADS = 16
_SMALL_FILE = 8_000  # bytes; what is done for such a file is mostly done under Python's lock
_BATCH = 8  # files per task, so that handing out work costs little beside decoding
_SECONDS_BETWEEN_LOOKS = 0.2  # at an entry that another program is filling


@dataclass(frozen=True, slots=True)
class Decoded:
    """All files of a list, decoded.

    Attributes:
        images: uint8 [N, C, H, W], in memory or on disk; the rows of failures hold nothing of use.
        failures: why a file is no image, by its place in the list.
    """

    images: NDArray[np.uint8] | MappedImages
    failures: Failures


def decode_all(paths: Sequence[Path], target: Target, cache: ImageCache) -> Decoded:
    """Decode files, or read what an earlier run decoded; in memory where they fit there, on disk otherwise.

    What does not work with the cache costs no more than the cache, as long as the images fit into memory.

    Raises:
        DataError: the images fit neither into memory nor on the disk.
        Cancelled: somebody asked to stop; what was decoded so far is kept for the next time.
    """
    shape = (len(paths), target.channels, target.height, target.width)
    key = cache.key(paths, shape, target.preprocessing, target.check) if cache.limit else ""
    work = _Work(paths, target, cache, shape, key)
    if int(np.prod(shape, dtype=np.int64)) <= usable_memory(cache.memory_share):
        return work.into_memory()
    return work.onto_disk()


class _Work:
    """One pass through `decode_all`."""

    def __init__(
        self, paths: Sequence[Path], target: Target, cache: ImageCache, shape: Shape, key: str
    ) -> None:
        self._paths = paths
        self._target = target
        self._cache = cache
        self._shape = shape
        self._key = key
        self._may_pass = False

    def into_memory(self) -> Decoded:
        images = self._target.allocate(len(self._paths))
        stored = self._cache.find(self._key, self._shape)
        filling: Filling | None = None
        if stored is None and self._cache.limit:
            with suppress(CacheFullError, CacheBusyError, OSError):
                begun = self._cache.begin(self._key, self._shape)
                filling, stored = (begun, None) if isinstance(begun, Filling) else (None, begun)
        if stored is not None and stored.read_into(images, self._advance):
            return Decoded(images, stored.failures)
        if filling is None:
            return Decoded(images, self._decode(images, 0, {}))
        done, failures = filling.done, dict(filling.failures)
        if not filling.read_done(images[:done]):
            filling.abandon()
            return Decoded(images, self._decode(images, 0, {}))
        return Decoded(images, self._decode(images, done, failures, filling))

    def _advance(self, done: int) -> None:
        self._target.report(done, len(self._paths))
        self._target.check()

    def onto_disk(self) -> Decoded:
        stored = self._cache.find(self._key, self._shape) or self._filled()
        try:
            return Decoded(stored.mapped(), stored.failures)
        except OSError as error:
            raise self._no_room(f"{stored.path} cannot be read: {error.strerror or error}") from error

    def _filled(self) -> StoredImages:
        while True:
            self._target.check()
            try:
                begun = self._cache.begin(self._key, self._shape)
                break
            except CacheBusyError:
                sleep(_SECONDS_BETWEEN_LOOKS)
            except CacheFullError as error:
                raise self._no_room(str(error)) from None
            except OSError as error:
                raise self._no_room(f"{self._cache.folder}: {error.strerror or error}") from error
        if isinstance(begun, StoredImages):
            return begun
        try:
            self._decode(None, begun.done, dict(begun.failures), begun)
            return begun.finish(reusable=self._is_unchanged())
        except OSError as error:
            begun.abandon()
            raise self._no_room(f"{self._cache.folder}: {error.strerror or error}") from error
        except BaseException:
            self._leave(begun)
            raise

    def _leave(self, filling: Filling) -> None:
        """Keep what was decoded for the next time, if it would come out the same then."""
        if self._may_pass:
            filling.abandon()
        else:
            filling.stop()

    def _no_room(self, reason: str) -> DataError:
        needed = size_text(int(np.prod(self._shape, dtype=np.int64)))
        return DataError(
            f"{too_large(*self._shape, self._cache.memory_share)} Nor can {needed} be kept on disk ({reason}). Use a "
            "smaller input size or fewer images."
        )

    def _is_unchanged(self) -> bool:
        """Whether the files are what they were at the beginning, and all could be reached."""
        return not self._may_pass and self._key == self._cache.key(
            self._paths, self._shape, self._target.preprocessing, self._target.check
        )

    def _decode(
        self,
        images: NDArray[np.uint8] | None,
        begin: int,
        failures: Failures,
        filling: Filling | None = None,
    ) -> Failures:
        """Decode from a row on; return the failures of all rows.

        Args:
            images: memory for all rows; None decodes for the disk alone, and then what the disk raises is raised.
            begin: the rows before are there.
            failures: those of these rows.
            filling: is given the rows; finished in the end unless it is all there is.
        """
        keeps = images is not None
        try:
            for start, decoded, failed in self._decoded(images, begin):
                failures.update(failed)
                if filling is not None:
                    try:
                        filling.write(decoded, failed)
                    except OSError:
                        if not keeps:
                            raise
                        filling.abandon()
                        filling = None
                self._target.report(start + len(decoded), len(self._paths))
        except BaseException:
            if filling is not None and keeps:
                self._leave(filling)
            raise
        if filling is not None and keeps:
            try:
                if self._is_unchanged():
                    filling.finish()
                else:
                    filling.abandon()
            except OSError:
                filling.abandon()
            except BaseException:
                self._leave(filling)
                raise
        return failures

    def _decoded(
        self, images: NDArray[np.uint8] | None, begin: int
    ) -> Iterator[tuple[int, NDArray[np.uint8], Failures]]:
        """Yield the place of the first row, the rows, and the failures among them, in order."""
        settle_warnings()
        workers = _num_threads(self._paths)
        running: deque[tuple[int, NDArray[np.uint8], Future[list[tuple[int, UnreadableImageError]]]]] = (
            deque()
        )
        pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
        count = len(self._paths)
        try:
            while begin < count or running:
                self._target.check()
                while begin < count and len(running) < 3 * workers:
                    end = min(begin + _BATCH, count)
                    rows = self._target.allocate(end - begin) if images is None else images[begin:end]
                    task = pool.submit(
                        _decode_files, self._paths[begin:end], rows, self._target.preprocessing
                    )
                    running.append((begin, rows, task))
                    begin = end
                start, rows, task = running[0]
                try:
                    failed = task.result(timeout=0.1)
                except TimeoutError:
                    continue
                running.popleft()
                self._may_pass = self._may_pass or any(error.may_pass for _, error in failed)
                yield start, rows, {start + row: str(error) for row, error in failed}
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _num_threads(paths: Sequence[Path]) -> int:
    """How many threads decode: for small files they would only wait for each other, at twice the time of one."""
    sample = paths[:: max(1, len(paths) // 20)]
    total = 0
    for path in sample:
        with suppress(OSError):
            total += path.stat().st_size
    if total < _SMALL_FILE * len(sample):
        return 1
    return min(_MAX_THREADS, os.cpu_count() or 1)


def _decode_files(
    paths: Sequence[Path], out: NDArray[np.uint8], preprocessing: Preprocessing
) -> list[tuple[int, UnreadableImageError]]:
    """Decode some files; return the index of and the reason for each that is no readable image."""
    failures = []
    for index, path in enumerate(paths):
        try:
            decode_into(out[index], path, preprocessing)
        except UnreadableImageError as error:
            failures.append((index, error))
    return failures
