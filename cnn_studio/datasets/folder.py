"""Reads a folder of images into memory with a few decoding threads."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.decode import UnreadableImageError, decode_into, settle_warnings
from cnn_studio.datasets.folder_scan import FolderFiles, scan_folder
from cnn_studio.datasets.parts import Parts, Target, keep_rows
from cnn_studio.datasets.records import ImagePart, SkippedFile
from cnn_studio.graph.preprocessing import Preprocessing

_MAX_THREADS = 16
_BATCH = 8  # files per task, so that handing out work costs little beside decoding


def read_folder(folder: Path, target: Target) -> Parts:
    """Read an image folder (see `scan_folder` for the accepted layouts).

    Files that are no readable images are left out and listed in `Parts.skipped`.

    Raises:
        DataError: the folder is not laid out as needed, a class has no readable image, or the images do not fit
            into memory.
        Cancelled: somebody asked to stop.
    """
    return read_files(folder, scan_folder(folder, target.check), target)


def read_files(folder: Path, files: FolderFiles, target: Target) -> Parts:
    """Read listed image files; `folder` is what a message calls the place where they are.

    Files that are no readable images are left out and listed in `Parts.skipped`.

    Raises:
        DataError: a class has no readable image, or the images do not fit into memory.
        Cancelled: somebody asked to stop.
    """
    given = [part for part in (files.train, files.val, files.test) if part is not None]
    total = sum(map(len, given))
    target.require_memory(total)
    skipped = list(files.skipped)
    done = 0
    parts: list[ImagePart] = []
    for part in given:
        parts.append(_read_part(part, target, skipped, done, total))
        done += len(part)
    remaining = iter(parts)
    train = next(remaining)
    val = next(remaining) if files.val is not None else None
    test = next(remaining) if files.test is not None else None
    _refuse_unreadable(folder, files, train, val, test, skipped)
    return Parts(files.name, files.classes, train, val, test, tuple(skipped))


def _read_part(
    files: Sequence[tuple[Path, int]], target: Target, skipped: list[SkippedFile], done: int, total: int
) -> ImagePart:
    """Decode the files of one part; `done` of `total` files were read before."""
    images = target.allocate(len(files))
    readable = np.ones(len(files), dtype=bool)
    settle_warnings()
    workers = min(_MAX_THREADS, os.cpu_count() or 1)
    running: deque[Future[list[tuple[int, str]]]] = deque()
    pool = ThreadPoolExecutor(workers, thread_name_prefix="decode")
    try:
        begin = finished = 0
        while begin < len(files) or running:
            target.check()
            while begin < len(files) and len(running) < 3 * workers:
                end = min(begin + _BATCH, len(files))
                paths = [path for path, _ in files[begin:end]]
                running.append(pool.submit(_decode_files, paths, images[begin:end], target.preprocessing))
                begin = end
            try:
                failures = running[0].result(timeout=0.1)
            except TimeoutError:
                continue
            running.popleft()
            first = finished
            finished = min(finished + _BATCH, len(files))
            for index, reason in failures:
                readable[first + index] = False
                skipped.append(SkippedFile(files[first + index][0], reason))
            target.report(done + finished, total)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    labels = np.array([label for _, label in files], dtype=np.int64)
    return keep_rows(ImagePart(images, labels), readable)


def _decode_files(
    paths: list[Path], out: NDArray[np.uint8], preprocessing: Preprocessing
) -> list[tuple[int, str]]:
    """Decode some files; return the index of and the reason for each that is no readable image."""
    failures = []
    for index, path in enumerate(paths):
        try:
            decode_into(out[index], path, preprocessing)
        except UnreadableImageError as error:
            failures.append((index, str(error)))
    return failures


def _refuse_unreadable(
    folder: Path,
    files: FolderFiles,
    train: ImagePart,
    val: ImagePart | None,
    test: ImagePart | None,
    skipped: list[SkippedFile],
) -> None:
    example = (
        f" The first of {len(skipped):,} skipped files: {skipped[0].path} ({skipped[0].reason})."
        if skipped
        else ""
    )
    counts = np.bincount(train.labels, minlength=len(files.classes))
    empty = [name for name, count in zip(files.classes, counts, strict=True) if count == 0]
    if len(empty) == len(files.classes):
        raise DataError(f"{folder} holds no image that can be read.{example}")
    if empty:
        raise DataError(
            f"In {folder} no training image can be read for: {', '.join(empty[:8])}. Add images or remove the "
            f"class folders.{example}"
        )
    for name, part in (("validation", val), ("test", test)):
        if part is not None and len(part) == 0:
            raise DataError(
                f"The {name} folder in {folder} holds no image that can be read. Fill it or remove it.{example}"
            )
