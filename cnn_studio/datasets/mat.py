"""Reads number arrays from MATLAB's level 5 files, in which SVHN and the flowers keep their labels.

Only what these files hold: plain number arrays of up to eight axes, packed or not, little-endian. Everything else
in a file is passed over. No size is believed before the bytes are there.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import read_bytes
from cnn_studio.datasets.records import Check

MAX_BYTES = 1 << 31
"""No file may be larger or unpack to more."""

_HEADER = 128
_TYPES = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_MATRIX, _PACKED = 14, 15
_NUMERIC_CLASSES = range(6, 16)  # double to uint64


class _DamagedError(Exception):
    """The bytes are no such file."""


def read_mat(path: Path, names: tuple[str, ...], check: Check = lambda: None) -> dict[str, NDArray[Any]]:
    """Read the named arrays, each in its own shape (the first axis runs fastest in the file).

    Raises:
        DataError: the file is missing, damaged, or lacks one of the arrays.
    """
    data = memoryview(read_bytes(path, MAX_BYTES, check))  # type: ignore[arg-type]  # an array is a buffer
    found: dict[str, NDArray[Any]] = {}
    try:
        if len(data) < _HEADER or bytes(data[126:128]) != b"IM":
            raise _DamagedError("it does not begin as one")
        for kind, body in _elements(data[_HEADER:]):
            check()
            if kind == _PACKED:
                kind, body = next(_elements(_unpack(body, check)))
            if kind == _MATRIX:
                name, values = _matrix(body)
                if values is not None:
                    found[name] = values
    except (_DamagedError, StopIteration, zlib.error, ValueError) as error:
        raise DataError(
            f"{path} is no MATLAB file of level 5, or is damaged ({error}). Download it again."
        ) from error
    missing = [name for name in names if name not in found]
    if missing:
        raise DataError(
            f"{path} does not hold the array {missing[0]}. It is not the file that its name promises."
        )
    return {name: found[name] for name in names}


def _elements(data: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The elements that follow each other: type and content; each but a packed one begins at a multiple of 8."""
    at = 0
    while at + 8 <= len(data):
        kind = int.from_bytes(data[at : at + 4], "little")
        if kind >> 16:  # a small element has its size in the upper half and its content right after it
            size, start, end = kind >> 16, at + 4, at + 8
            kind &= 0xFFFF
            if size > 4:
                raise _DamagedError("a small element is too large")
        else:
            size, start = int.from_bytes(data[at + 4 : at + 8], "little"), at + 8
            end = start + size if kind == _PACKED else start + -(-size // 8) * 8
        if start + size > len(data):
            raise _DamagedError("it ends too early")
        yield kind, data[start : start + size]
        at = end


def _unpack(body: memoryview, check: Check) -> memoryview:
    unpacker = zlib.decompressobj()
    parts = []
    room = MAX_BYTES
    waiting: bytes | memoryview = body
    while waiting and not unpacker.eof:
        check()
        part = unpacker.decompress(waiting, 1 << 24)
        waiting = unpacker.unconsumed_tail
        room -= len(part)
        if room < 0:
            raise _DamagedError("it unpacks to too much")
        parts.append(part)
    if not unpacker.eof:
        raise _DamagedError("it ends too early")
    return memoryview(b"".join(parts))


def _matrix(body: memoryview) -> tuple[str, NDArray[Any] | None]:
    """Name and values of an array element; None for what is no array of numbers."""
    inner = _elements(body)
    _, flags = next(inner)
    _, shape_bytes = next(inner)
    _, name_bytes = next(inner)
    name = bytes(name_bytes).decode("ascii", "replace")
    is_complex = len(flags) >= 2 and flags[1] & 0x08
    if not len(flags) or flags[0] not in _NUMERIC_CLASSES or is_complex:
        return name, None
    shape = tuple(int(n) for n in np.frombuffer(shape_bytes, "<i4"))
    kind, values = next(inner)
    if kind not in _TYPES or not 2 <= len(shape) <= 8 or min(shape) < 0:
        raise _DamagedError(f"the array {name} is of an unknown form")
    array = np.frombuffer(values, _TYPES[kind])
    if math.prod(shape) != len(array):
        raise _DamagedError(f"the array {name} is not as large as it says")
    return name, array.reshape(shape, order="F")
