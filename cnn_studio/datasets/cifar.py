"""CIFAR-10 and CIFAR-100 from their binary batches. The pickled version for Python is never opened: it can run code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawPart, RawSet, check_labels, find_place, read_bytes
from cnn_studio.datasets.class_names import CIFAR10_CLASSES
from cnn_studio.datasets.pickled import is_pickled, pickled_error
from cnn_studio.datasets.records import Check

_PIXELS = 3 * 32 * 32
_MOST_BYTES = 1 << 28

CIFAR10_FILES = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
"""The files with the training images of CIFAR-10."""


def read_cifar10(folder: Path, check: Check = lambda: None) -> RawSet:
    """Read CIFAR-10 from a folder with its binary batches, or from the folder above.

    Raises:
        DataError: a file is missing or damaged, or there is only the pickled version.
    """
    title = "CIFAR-10"
    place = _place(folder, "cifar-10-batches-bin", (*CIFAR10_FILES, "test_batch.bin"), title)
    classes = _names(place / "batches.meta.txt", CIFAR10_CLASSES)
    parts = [_read(place / name, 1, 0, len(classes), title, check) for name in CIFAR10_FILES]
    train = RawPart(np.concatenate([p.images for p in parts]), np.concatenate([p.labels for p in parts]))
    test = _read(place / "test_batch.bin", 1, 0, len(classes), title, check)
    return RawSet(title, classes, train, test)


def read_cifar100(folder: Path, variant: str = "", check: Check = lambda: None) -> RawSet:
    """Read CIFAR-100 with its 100 classes, or as ``coarse`` with its 20 groups of classes.

    Raises:
        DataError: a file is missing or damaged, or there is only the pickled version.
    """
    title = "CIFAR-100"
    place = _place(folder, "cifar-100-binary", ("train.bin", "test.bin"), title)
    is_coarse = variant == "coarse"
    count = 20 if is_coarse else 100
    names = _names(
        place / f"{'coarse' if is_coarse else 'fine'}_label_names.txt",
        tuple(f"class {number}" for number in range(count)),
    )
    train, test = (
        _read(place / f"{part}.bin", 2, 0 if is_coarse else 1, count, title, check)
        for part in ("train", "test")
    )
    return RawSet(f"{title} coarse" if is_coarse else title, names, train, test)


def _place(folder: Path, below: str, names: tuple[str, ...], title: str) -> Path:
    place = find_place(folder, ("", below), names, title)
    if not any((place / name).is_file() for name in names):
        if is_pickled(folder):
            raise pickled_error(folder)
        raise DataError(
            f"{folder} does not hold the binary batches of {title} ({names[0]} and others). Unpack "
            f"{below.replace('-batches-bin', '-binary').removesuffix('-binary')}-binary.tar.gz there, or choose the "
            "folder with them."
        )
    return place


def _read(path: Path, num_labels: int, at: int, num_classes: int, title: str, check: Check) -> RawPart:
    """Read records of `num_labels` bytes of labels and 3 × 32 × 32 bytes of pixels; the label at `at` counts."""
    values = read_bytes(path, _MOST_BYTES, check)
    size = num_labels + _PIXELS
    if len(values) % size:
        raise DataError(
            f"{path} is damaged: its {len(values):,} bytes are no multiple of {size:,}, the size of an image with its "
            "label. Download it again."
        )
    records: NDArray[np.uint8] = values.reshape(-1, size)
    labels = records[:, at].astype(np.int64)
    check_labels(path, labels, num_classes, title)
    return RawPart(records[:, num_labels:].reshape(-1, 3, 32, 32), labels)


def _names(path: Path, otherwise: tuple[str, ...]) -> tuple[str, ...]:
    """The class names that lie beside the batches, one a line; the known ones where the file is missing or odd."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            found = tuple(line.strip() for line in file.read(100_000).splitlines() if line.strip())
    except OSError:
        return otherwise
    return found if len(found) == len(otherwise) and len(set(found)) == len(found) else otherwise
