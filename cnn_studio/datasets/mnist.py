"""MNIST from its four IDX files; Fashion-MNIST and others of the same form open as well."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.idx import read_idx
from cnn_studio.datasets.parts import Parts, Target, resize_parts

NUM_CLASSES = 10
MAX_SIDE = 4096
"""Longest side of an image in pixels: a packed file of one endless row would otherwise take all memory."""


def read_mnist(folder: Path, target: Target) -> Parts:
    """Read the training part (``train``) and the test part (``t10k``) from a folder, its ``raw`` or ``MNIST/raw``.

    Raises:
        DataError: a file is missing, damaged, or does not fit its partner.
        Cancelled: somebody asked to stop.
    """
    raw = _find_folder(folder)
    train, test = resize_parts(target, [_read_part(raw, "train", target), _read_part(raw, "t10k", target)])
    return Parts("MNIST", tuple(map(str, range(NUM_CLASSES))), train, test=test)


def _file_names(part: str, kind: str) -> list[str]:
    """The names under which a file is published: with a dash or a dot, packed or not."""
    suffix = "idx3-ubyte" if kind == "images" else "idx1-ubyte"
    plain = [f"{part}-{kind}-{suffix}", f"{part}-{kind}.{suffix}"]
    return [*plain, *(f"{name}.gz" for name in plain)]


def _find_folder(folder: Path) -> Path:
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Choose the folder with the MNIST files.")
    names = [
        name
        for part in ("train", "t10k")
        for kind in ("images", "labels")
        for name in _file_names(part, kind)
    ]
    for place in (folder, folder / "raw", folder / "MNIST" / "raw"):
        if any((place / name).is_file() for name in names):
            return place
    return folder  # what is missing is said when the first file is looked for


def _find_file(folder: Path, part: str, kind: str) -> Path:
    names = _file_names(part, kind)
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"The MNIST file {names[0]} is missing in {folder}. It may also be called "
        f"{', '.join(names[1:-1])} or {names[-1]}."
    )


def _read_part(folder: Path, part: str, target: Target) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    image_file, label_file = _find_file(folder, part, "images"), _find_file(folder, part, "labels")
    images = read_idx(image_file, 3, target.check)
    labels = read_idx(label_file, 1, target.check)
    height, width = images.shape[1:]
    if max(height, width) > MAX_SIDE:
        raise DataError(
            f"{image_file} says that its images have {height:,} × {width:,} pixels; up to {MAX_SIDE:,} on a side can "
            "be read."
        )
    if len(images) != len(labels):
        raise DataError(
            f"{image_file} holds {len(images):,} images and {label_file.name} {len(labels):,} labels; they do not "
            "belong together."
        )
    if labels.max() >= NUM_CLASSES:
        raise DataError(f"{label_file} holds the label {labels.max()}; the labels of MNIST are 0 to 9.")
    return images, labels
