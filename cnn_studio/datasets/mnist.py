"""MNIST and the sets of the same form (Fashion-MNIST, KMNIST, EMNIST) from their four IDX files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawPart, RawSet, check_labels, find_place, fit_arrays
from cnn_studio.datasets.class_names import DIGIT_CLASSES, EMNIST_CLASSES, FASHION_CLASSES, KMNIST_CLASSES
from cnn_studio.datasets.idx import read_idx
from cnn_studio.datasets.parts import Parts, Target
from cnn_studio.datasets.records import VARIANTS, Check

MAX_SIDE = 4096
"""Longest side of an image in pixels: a packed file of one endless row would otherwise take all memory."""


@dataclass(frozen=True, slots=True)
class _Form:
    """How the four files of one set are called, and what they hold.

    Attributes:
        folder: the set's folder below a torchvision root.
        prefixes: what the names of the training and of the test files begin with.
        first_label: the number of the first class in the files.
        is_upright: whether rows come before columns; EMNIST's images lie on their side.
    """

    title: str
    folder: str
    classes: tuple[str, ...]
    prefixes: tuple[str, str] = ("train", "t10k")
    first_label: int = 0
    is_upright: bool = True

    @property
    def places(self) -> tuple[str, ...]:
        """Where the files may lie below the chosen folder."""
        inside = (f"{self.folder}/raw", self.folder)
        return ("", "raw", "gzip", "raw/gzip", *inside, f"{self.folder}/gzip")


def _form(kind: str, variant: str) -> _Form:
    match kind:
        case "fashion-mnist":
            return _Form("Fashion-MNIST", "FashionMNIST", FASHION_CLASSES)
        case "kmnist":
            return _Form("KMNIST", "KMNIST", KMNIST_CLASSES)
        case "emnist":
            split = variant or VARIANTS["emnist"][0]
            prefixes = (f"emnist-{split}-train", f"emnist-{split}-test")
            first = 1 if split == "letters" else 0
            return _Form(
                f"EMNIST {split}", "EMNIST", EMNIST_CLASSES[split], prefixes, first, is_upright=False
            )
        case _:
            return _Form("MNIST", "MNIST", DIGIT_CLASSES)


def read_mnist(folder: Path, target: Target) -> Parts:
    """Read MNIST resized for a network; see `read_idx_set`.

    Raises:
        DataError: a file is missing, damaged, or does not fit its partner.
        Cancelled: somebody asked to stop.
    """
    return fit_arrays(read_idx_set("mnist", folder, "", target.check), target)


def read_idx_set(kind: str, folder: Path, variant: str = "", check: Check = lambda: None) -> RawSet:
    """Read the training and the test part of a set in MNIST's form from a folder, or from where torchvision puts it.

    Args:
        kind: ``mnist``, ``fashion-mnist``, ``kmnist`` or ``emnist``.
        folder: with the files, packed or not.
        variant: the split of EMNIST; empty for the usual one.
        check: called often; may raise to stop.

    Raises:
        DataError: a file is missing, damaged, or does not fit its partner.
    """
    form = _form(kind, variant)
    names = [
        name for prefix in form.prefixes for what in ("images", "labels") for name in file_names(prefix, what)
    ]
    place = find_place(folder, form.places, tuple(names), form.title)
    train, test = (_read_part(place, prefix, form, check) for prefix in form.prefixes)
    return RawSet(form.title, form.classes, train, test)


def file_names(prefix: str, what: str) -> list[str]:
    """Return the names under which a file is published: with a dash or a dot, packed or not."""
    suffix = "idx3-ubyte" if what == "images" else "idx1-ubyte"
    plain = [f"{prefix}-{what}-{suffix}", f"{prefix}-{what}.{suffix}"]
    return [*plain, *(f"{name}.gz" for name in plain)]


def _find_file(folder: Path, names: Sequence[str], title: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise DataError(
        f"The {title} file {names[0]} is missing in {folder}. It may also be called "
        f"{', '.join(names[1:-1])} or {names[-1]}."
    )


def _read_part(folder: Path, prefix: str, form: _Form, check: Check) -> RawPart:
    image_file = _find_file(folder, file_names(prefix, "images"), form.title)
    label_file = _find_file(folder, file_names(prefix, "labels"), form.title)
    images = read_idx(image_file, 3, check)
    labels = read_idx(label_file, 1, check).astype("int64") - form.first_label
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
    check_labels(label_file, labels, len(form.classes), form.title)
    return RawPart(images if form.is_upright else images.transpose(0, 2, 1), labels)
