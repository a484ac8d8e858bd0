"""Reads IDX files, the format of MNIST: a magic number, the sizes, then one byte per value; plain or gzipped."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError

MAX_BYTES = 1 << 30
"""No file may unpack to more, whatever its header says."""

_CHUNK = 1 << 22


def read_idx(path: Path, num_axes: int, check: Callable[[], None] = lambda: None) -> NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes with `num_axes` axes.

    Whether it is gzipped is told by its first bytes, not by its name. `check` is called often and may raise to
    stop.

    Raises:
        DataError: the file cannot be read, is damaged, or is not such a file.
    """
    try:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
            file.seek(0)
            if not packed:
                return _read(file, path, num_axes, check)
            with gzip.GzipFile(fileobj=file) as unpacked:
                return _read(cast("IO[bytes]", unpacked), path, num_axes, check)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is damaged and cannot be unpacked ({error}). Download it again.") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error


def _read(file: IO[bytes], path: Path, num_axes: int, check: Callable[[], None]) -> NDArray[np.uint8]:
    header = file.read(4 + 4 * num_axes)
    magic = bytes((0, 0, 8, num_axes))
    if header[:4] != magic:
        raise DataError(
            f"{path} is not the IDX file that its name promises: it starts with {header[:4].hex(' ') or 'nothing'} "
            f"instead of {magic.hex(' ')}."
        )
    if len(header) < 4 + 4 * num_axes:
        raise DataError(f"{path} ends within its header. Download it again.")
    shape = tuple(int(n) for n in np.frombuffer(header, ">u4", offset=4))
    size = math.prod(shape)
    shown = " × ".join(f"{n:,}" for n in shape)
    if not 0 < size <= MAX_BYTES:
        raise DataError(f"{path} says that it holds {shown} values; from 1 to {MAX_BYTES:,} can be read.")
    # Grows with what is really there, so a false header costs no memory.
    parts: list[bytes] = []
    missing = size
    while missing:
        check()
        part = file.read(min(missing, _CHUNK))
        if not part:
            raise DataError(
                f"{path} ends too early: {missing:,} of {shown} values are missing. Download it again."
            )
        parts.append(part)
        missing -= len(part)
    if file.read(1):  # also makes gzip compare its checksum
        raise DataError(
            f"{path} holds more than the {shown} values that its header names. Download it again."
        )
    return np.frombuffer(b"".join(parts), np.uint8).reshape(shape)
