"""Reads image files into parts: in memory where they fit, in the cache on disk otherwise."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.folder_scan import FolderFiles, scan_folder
from cnn_studio.datasets.parts import Parts, Target, keep_rows
from cnn_studio.datasets.records import ImagePart, SkippedFile


def read_folder(folder: Path, target: Target, cache: ImageCache | None = None) -> Parts:
    """Read an image folder (see `scan_folder` for the accepted layouts).

    Files that are no readable images are left out and listed in `Parts.skipped`.

    Raises:
        DataError: the folder is not laid out as needed, a class has no readable image, or the images fit neither
            into memory nor on the disk.
        Cancelled: somebody asked to stop.
    """
    return read_files(folder, scan_folder(folder, target.check), target, cache)


def read_files(folder: Path, files: FolderFiles, target: Target, cache: ImageCache | None = None) -> Parts:
    """Read listed image files; `folder` is what a message calls the place where they are.

    Files that are no readable images are left out and listed in `Parts.skipped`.

    Args:
        folder: where they are.
        files: the list.
        target: what they are read for.
        cache: where decoded images are kept for the next time; the usual place if None.

    Raises:
        DataError: a class has no readable image, or the images fit neither into memory nor on the disk.
        Cancelled: somebody asked to stop.
    """
    given = [part for part in (files.train, files.val, files.test) if part is not None]
    listed = [entry for part in given for entry in part]
    decoded = decode_all([path for path, _ in listed], target, cache or ImageCache())
    skipped = list(files.skipped)
    skipped += [SkippedFile(listed[row][0], reason) for row, reason in sorted(decoded.failures.items())]
    labels = np.array([label for _, label in listed], dtype=np.int64)
    readable = np.ones(len(listed), dtype=bool)
    readable[list(decoded.failures)] = False
    parts: list[ImagePart] = []
    begin = 0
    for part in given:
        rows = slice(begin, begin + len(part))
        begin = rows.stop
        images = decoded.images
        if isinstance(images, np.ndarray):
            parts.append(keep_rows(ImagePart(images[rows], labels[rows]), readable[rows]))
        else:  # it behaves as the array that it is too large for
            some = cast(np.ndarray, images[np.arange(rows.start, rows.stop)[readable[rows]]])
            parts.append(ImagePart(some, labels[rows][readable[rows]]))
    remaining = iter(parts)
    train = next(remaining)
    val = next(remaining) if files.val is not None else None
    test = next(remaining) if files.test is not None else None
    _refuse_unreadable(folder, files, train, val, test, skipped)
    return Parts(files.name, files.classes, train, val, test, tuple(skipped))


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
