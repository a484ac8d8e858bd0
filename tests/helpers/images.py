"""Makes image files, image folders and IDX files for tests, and finds the real data."""

from __future__ import annotations

import gzip
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def real_data(name: str) -> Path:
    """The folder `name` of the real data; skips the test where there is none."""
    root = os.environ.get("CNN_STUDIO_TEST_DATA")
    if not root:
        pytest.skip("CNN_STUDIO_TEST_DATA is not set, so there is no real data to read")
    folder = Path(root) / name
    assert folder.is_dir(), f"CNN_STUDIO_TEST_DATA is set, but {folder} does not exist"
    return folder


def noise(height: int, width: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    """Random uint8 pixels [H, W] or [H, W, 3]."""
    shape = (height, width) if channels == 1 else (height, width, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def smooth(height: int, width: int) -> np.ndarray:
    """A coloured ramp [H, W, 3] that survives JPEG within a few grey levels."""
    down, across = np.mgrid[0:height, 0:width]
    red, green = down * 200 / max(height - 1, 1), across * 200 / max(width - 1, 1)
    return np.stack([red + 20, green + 20, np.full_like(red, 90)], axis=-1).astype(np.uint8)


def write_picture(path: Path, seed: int = 0, size: tuple[int, int] = (12, 16)) -> Path:
    """Save random pixels in the format of the path's suffix, making its folder where needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(noise(*size, seed=seed)).save(path)
    return path


def write_classes(root: Path, counts: dict[str, int]) -> Path:
    """One folder per class with that many different PNG files."""
    for seed, (name, count) in enumerate(counts.items()):
        (root / name).mkdir(parents=True, exist_ok=True)
        for index in range(count):
            write_picture(root / name / f"{index:03}.png", seed=1000 * seed + index)
    return root


def idx_bytes(array: np.ndarray) -> bytes:
    """The IDX form of a uint8 array."""
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.tobytes()


def write_mnist(folder: Path, num_train: int = 40, num_test: int = 10, *, packed: bool = True) -> Path:
    """Four small IDX files with the labels 0 to 9 in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    for part, count in (("train", num_train), ("t10k", num_test)):
        images = np.random.default_rng(count).integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = (np.arange(count) % 10).astype(np.uint8)
        for name, array in ((f"{part}-images-idx3-ubyte", images), (f"{part}-labels-idx1-ubyte", labels)):
            data = idx_bytes(array)
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(data, 1))
            else:
                (folder / name).write_bytes(data)
    return folder


def write_cifar10(folder: Path, each: int = 4) -> Path:
    """The six binary batches with `each` images, labels in turn; pixels of random values."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate([*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]):
        records = np.random.default_rng(number).integers(0, 256, (each, 3073), dtype=np.uint8)
        records[:, 0] = (np.arange(each) + each * number) % 10
        (folder / f"{name}.bin").write_bytes(records.tobytes())
    return folder


def mat_bytes(arrays: dict[str, np.ndarray], *, packed: bool = True) -> bytes:
    """A MATLAB file of level 5 with arrays of numbers."""

    def element(kind: int, content: bytes) -> bytes:
        return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)

    body = b""
    for name, array in arrays.items():
        code, kind = {"u1": (9, 2), "f8": (6, 9), "u2": (11, 4)}[array.dtype.str[1:]]
        content = element(6, struct.pack("<II", code, 0)) + element(
            5, struct.pack(f"<{array.ndim}i", *array.shape)
        )
        if len(name) <= 4:  # a small element
            content += struct.pack("<HH", 1, len(name)) + name.encode().ljust(4, b"\0")
        else:
            content += element(1, name.encode())
        content += element(kind, array.tobytes(order="F"))
        whole = element(14, content)
        squeezed = zlib.compress(whole)
        body += struct.pack("<II", 15, len(squeezed)) + squeezed if packed else whole
    return b"MATLAB 5.0 MAT-file".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + body
