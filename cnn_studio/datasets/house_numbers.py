"""SVHN, the street view house numbers in cropped form, from its two MATLAB files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawPart, RawSet, check_labels, find_place
from cnn_studio.datasets.class_names import DIGIT_CLASSES
from cnn_studio.datasets.mat import read_mat
from cnn_studio.datasets.records import Check

FILES = ("train_32x32.mat", "test_32x32.mat")
"""The files of the training and the test part."""


def read_svhn(folder: Path, check: Check = lambda: None) -> RawSet:
    """Read SVHN from a folder with `FILES`; the large ``extra`` part is not read.

    Raises:
        DataError: a file is missing or damaged.
    """
    place = find_place(folder, ("", "svhn", "SVHN"), FILES, "SVHN")
    train, test = (_read(place / name, check) for name in FILES)
    return RawSet("SVHN", DIGIT_CLASSES, train, test)


def _read(path: Path, check: Check) -> RawPart:
    found = read_mat(path, ("X", "y"), check)
    images, labels = found["X"], found["y"].ravel().astype(np.int64)
    if images.ndim != 4 or images.shape[2] != 3 or images.dtype != np.uint8 or images.shape[3] != len(labels):
        raise DataError(
            f"{path} holds images of the form {' × '.join(map(str, images.shape))} and {len(labels):,} labels; "
            "32 × 32 × 3 × N and N are needed. Download it again."
        )
    labels[labels == 10] = 0  # the files call zero ten
    check_labels(path, labels, 10, "SVHN")
    return RawPart(np.ascontiguousarray(images.transpose(3, 2, 0, 1)), labels)
