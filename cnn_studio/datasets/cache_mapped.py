"""Images that stay in a file on disk and are read as they are asked for."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray


class MappedImages:
    """Rows of a file of uint8 images, in any order; behaves as an array [N, C, H, W] as far as readers need it.

    One number or a slice gives an array in memory. A vector of places gives another `MappedImages`, because that
    is how parts are cut out, and a part of what does not fit into memory may not fit either.

    Attributes:
        path: the file.
        base: all images of the file, uint8 [M, C, H, W]. Never write to it: that would change the file.
        rows: which of them these are, int64 [N].
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, path: Path, base: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
        self.path = path
        self.base = base
        self.rows = rows

    @classmethod
    def open(cls, path: Path, shape: tuple[int, int, int, int]) -> MappedImages:
        """Map a file.

        Raises:
            OSError: the file cannot be mapped.
        """
        # Mapped as writable and shared although nobody writes: torch warns about memory that must not be written,
        # and a private copy of a file larger than memory is refused by the system.
        base = np.memmap(path, np.uint8, "r+", shape=shape)
        return cls(path, base, np.arange(shape[0], dtype=np.int64))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """Number of images, channels, height, width."""
        _, channels, height, width = self.base.shape
        return len(self.rows), channels, height, width

    @property
    def nbytes(self) -> int:
        """What the images would take in memory."""
        return int(np.prod(self.shape, dtype=np.int64))

    def __getitem__(self, key: Any) -> Any:
        if isinstance(key, np.ndarray):
            return MappedImages(self.path, self.base, self.rows[key])
        if isinstance(key, tuple):
            first, *rest = key
            block = self[first]
            return block[tuple(rest) if isinstance(first, SupportsIndex) else (slice(None), *rest)]
        return np.array(self.base[self.rows[key]])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """Read all images into memory."""
        if copy is False:
            raise ValueError("images on disk cannot become an array without a copy")
        return np.asarray(self.base[self.rows], dtype)

    def sums(self, check: Callable[[], None] = lambda: None) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the sum of the values, and of their squares, of each image and channel, int64 [N, C].

        Whole numbers, so exact. They are worked out once for all images of the file and kept beside it: reading a
        set that is larger than memory takes minutes. `check` is called often and may raise to stop.
        """
        beside = self.path.with_suffix(".sums")
        shape = (2, *self.base.shape[:2])
        kept = _read_sums(beside, shape)
        if kept is None:
            kept = np.zeros(shape, np.int64)
            for row, image in enumerate(self.base):
                check()
                values = image.reshape(len(image), -1).astype(np.int64)
                kept[0, row] = values.sum(axis=1)
                kept[1, row] = np.einsum("ci,ci->c", values, values)
            with suppress(OSError):  # next time then
                fresh = beside.with_name(f"{beside.name}.{os.getpid()}")
                fresh.write_bytes(kept.tobytes())
                fresh.replace(beside)
        return kept[0, self.rows], kept[1, self.rows]


def _read_sums(path: Path, shape: tuple[int, ...]) -> NDArray[np.int64] | None:
    try:
        found = np.frombuffer(path.read_bytes(), np.int64)
    except (OSError, ValueError):
        return None
    return found.reshape(shape) if found.size == np.prod(shape) else None
