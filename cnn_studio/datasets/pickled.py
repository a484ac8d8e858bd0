"""Knows CIFAR's version for Python, which is pickled and therefore never opened: it can run any program."""

from __future__ import annotations

from pathlib import Path

from cnn_studio.core.errors import DataError


def is_pickled(folder: Path) -> bool:
    """Return whether a folder holds CIFAR's pickled version and not the binary one."""
    for below in ("", "cifar-10-batches-py", "cifar-100-python"):
        place = folder / below
        if all((place / name).is_file() for name in ("data_batch_1", "test_batch")):
            return True
        if all((place / name).is_file() for name in ("train", "test", "meta")):
            return True
    return False


def pickled_error(folder: Path) -> DataError:
    """Return the sentence for a folder with the pickled version."""
    return DataError(
        f"{folder} holds the Python version of CIFAR, which is pickled: opening it could run any program, so it is "
        "not read. Get the binary version (cifar-10-binary.tar.gz or cifar-100-binary.tar.gz), unpack it, and choose "
        "that folder."
    )
