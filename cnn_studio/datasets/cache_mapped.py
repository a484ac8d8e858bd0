"""Images that stay in a file on disk and are read as they are asked for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import NDArray


class MappedImages:
    """Rows of a file of uint8 images, in any order; behaves as an array [N, C, H, W] as far as readers need it.

    One number or a slice gives an array in memory. A vector of places gives another `MappedImages`, because that
    is how parts are cut out, and a part of what does not fit into memory may not fit either.

    Attributes:
        base: all images of the file, uint8 [M, C, H, W]. Never write to it: that would change the file.
        rows: which of them these are, int64 [N].
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, base: NDArray[np.uint8], rows: NDArray[np.int64]) -> None:
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
        return cls(base, np.arange(shape[0], dtype=np.int64))

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
            return MappedImages(self.base, self.rows[key])
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
