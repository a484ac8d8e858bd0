"""How much memory is free, and whether a data set fits; images are kept decoded, so this is asked first."""

from __future__ import annotations

import ctypes
import os
import sys
from pathlib import Path

from cnn_studio.core.errors import DataError

USABLE_SHARE = 0.6
"""Share of the free memory that images may take; the rest is for the network, its activations and other programs."""


def require_memory(num_images: int, channels: int, height: int, width: int) -> None:
    """Check that the images of a data set fit into memory as uint8 values.

    Raises:
        DataError: they would take more than `USABLE_SHARE` of what is free.
    """
    needed, usable = num_images * channels * height * width, usable_memory()
    if needed > usable:
        raise DataError(
            f"{too_large(num_images, channels, height, width)} Use a smaller input size or fewer images, or close "
            "other programs."
        )


def usable_memory(share: float = USABLE_SHARE) -> int:
    """Return the bytes that images may take now: a share of what is free."""
    free = free_memory()
    # macOS tells the total only; half of it is a guess that leaves other programs room
    return int((_total_memory() // 2 if free is None else free) * share)


def too_large(num_images: int, channels: int, height: int, width: int, share: float = USABLE_SHARE) -> str:
    """Return the sentence that compares what images need with what there is."""
    return (
        f"{num_images:,} images of {channels} × {height} × {width} need "
        f"{size_text(num_images * channels * height * width)} of memory, and {size_text(usable_memory(share))} can be used "
        "for them on this machine now."
    )


def free_memory() -> int | None:
    """Return the bytes of memory that can be taken without swapping; None where the system does not say."""
    free = _windows_free() if sys.platform == "win32" else _linux_free() or _sysconf_free()
    limit = _control_group_free()
    return free if limit is None or free is None else min(free, limit)


def _linux_free() -> int | None:
    try:
        for line in Path("/proc/meminfo").read_text("ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError, IndexError):
        pass  # not Linux, or a kernel that words it differently
    return None


def _sysconf_free() -> int | None:
    if "SC_AVPHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES")


def _total_memory() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _control_group_free() -> int | None:
    """Bytes left in the container that this process runs in (Linux control groups, version 2)."""
    folder = Path("/sys/fs/cgroup")
    try:
        limit = int((folder / "memory.max").read_text("ascii"))
        used = int((folder / "memory.current").read_text("ascii"))
        lines = (folder / "memory.stat").read_text("ascii").splitlines()
    except (OSError, ValueError):  # no such group, or the limit is the word max
        return None
    # Cached files count as used but are given up when memory is needed.
    cached = sum(int(line.split()[1]) for line in lines if line.startswith("inactive_file "))
    return max(limit - used + cached, 0)


class _MemoryStatus(ctypes.Structure):
    """MEMORYSTATUSEX of the Windows API."""

    _fields_ = [
        ("length", ctypes.c_uint32),
        ("load", ctypes.c_uint32),
        *((name, ctypes.c_uint64) for name in ("total", "available", "a", "b", "c", "d", "e")),
    ]


def _windows_free() -> int | None:
    status = _MemoryStatus(length=ctypes.sizeof(_MemoryStatus))
    windll = getattr(ctypes, "windll")  # noqa: B009 - exists on Windows only, where type checkers know it
    if not windll.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return None
    return int(status.available)


def size_text(num_bytes: int) -> str:
    """Return a number of bytes as the screen shows it."""
    return f"{num_bytes / 1e9:,.1f} GB" if num_bytes >= 1e8 else f"{num_bytes / 1e6:,.1f} MB"
