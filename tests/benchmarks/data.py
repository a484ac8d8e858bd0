"""MNIST for benchmarks: the real files where `CNN_STUDIO_TEST_DATA` names them, else noise of the same size."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

NAMES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


def mnist_folder(scratch: Path) -> Path:
    """Return a folder with the four files; speed does not depend on what the pictures show."""
    given = os.environ.get("CNN_STUDIO_TEST_DATA")
    if given and (Path(given) / "mnist").is_dir():
        return Path(given) / "mnist"
    folder = scratch / "noise"
    folder.mkdir()
    for part, count in (("train", 60_000), ("t10k", 10_000)):
        images = struct.pack(">IIII", 2051, count, 28, 28) + os.urandom(count * 784)
        labels = struct.pack(">II", 2049, count) + bytes(byte % 10 for byte in os.urandom(count))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return folder


def unpacked_for_torchvision(folder: Path, scratch: Path) -> Path:
    """Return a root folder as `torchvision.datasets.MNIST` wants it."""
    raw = scratch / "torchvision" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name in NAMES:
        plain, packed = folder / name, folder / f"{name}.gz"
        (raw / name).write_bytes(
            plain.read_bytes() if plain.exists() else gzip.decompress(packed.read_bytes())
        )
    return scratch / "torchvision"
