"""STL-10 from its binary files; its 100,000 images without labels are not read."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawPart, RawSet, check_labels, find_place, read_bytes
from cnn_studio.datasets.class_names import STL10_CLASSES
from cnn_studio.datasets.records import Check

_SIDE = 96
_MOST_BYTES = 1 << 30
FILES = ("train_X.bin", "train_y.bin", "test_X.bin", "test_y.bin")
"""The files with labelled images."""


def read_stl10(folder: Path, check: Check = lambda: None) -> RawSet:
    """Read STL-10 from a folder with `FILES`, or from the folder above.

    Raises:
        DataError: a file is missing or damaged.
    """
    place = find_place(folder, ("", "stl10_binary"), FILES, "STL-10")
    train, test = (
        _read(place / f"{part}_X.bin", place / f"{part}_y.bin", check) for part in ("train", "test")
    )
    return RawSet("STL-10", STL10_CLASSES, train, test)


def _read(image_file: Path, label_file: Path, check: Check) -> RawPart:
    values, labels = read_bytes(image_file, _MOST_BYTES, check), read_bytes(label_file, 1 << 20, check)
    size = 3 * _SIDE * _SIDE
    if len(values) != size * len(labels):
        raise DataError(
            f"{image_file} and {label_file.name} do not belong together: {len(values):,} bytes of pixels are not "
            f"{len(labels):,} images of 3 × {_SIDE} × {_SIDE}. Download both again."
        )
    numbers = labels.astype(np.int64) - 1  # the file counts from 1
    check_labels(label_file, numbers, len(STL10_CLASSES), "STL-10")
    images = values.reshape(-1, 3, _SIDE, _SIDE).transpose(0, 1, 3, 2)  # the file runs down the columns
    return RawPart(images, numbers)
