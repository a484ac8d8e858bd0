"""How much memory the process holds, and a guard that ends a run before the system ends the program."""

from __future__ import annotations

import ctypes
import math
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from cnn_studio.core.errors import RunError
from cnn_studio.datasets.memory import free_memory

SPEED_SECONDS = 1.0
"""Training time between two looks at speed and memory."""

_GUARD_SECONDS = 0.25
_RESERVE_SHARE = 0.03
_RESERVE_MOST = 400_000_000


def held_memory(device: torch.device) -> int:
    """Return the bytes that this process holds: on a GPU those that PyTorch took there, else of the machine."""
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    try:
        pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return _windows_held() if sys.platform == "win32" else _peak()


def forget_peak() -> bool:
    """Let `peak_memory` count from now on; return whether this system does.

    Linux keeps the most that a process held and forgets it on request (``clear_refs``, see proc(5)); it misses nothing,
    which a thread that looks every so often does where other programs want the processor.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5", "ascii")
    except OSError:
        return False
    return peak_memory() > 0


def peak_memory() -> int:
    """Return the most bytes that this process held since `forget_peak`; 0 where the system does not tell."""
    try:
        found = Path("/proc/self/status").read_text("ascii").partition("VmHWM:")[2].split()
        return 1024 * int(found[0])
    except (OSError, ValueError, IndexError):
        return 0


def _peak() -> int:
    """The most the process ever held: macOS tells nothing else without help."""
    import resource

    return int(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


class _Counters(ctypes.Structure):
    """PROCESS_MEMORY_COUNTERS of the Windows API."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("faults", ctypes.c_uint32),
        *((name, ctypes.c_size_t) for name in ("peak", "held", "a", "b", "c", "d", "e", "f")),
    ]


def _windows_held() -> int:
    counters = _Counters(size=ctypes.sizeof(_Counters))
    windll = getattr(ctypes, "windll")  # noqa: B009 - exists on Windows only, where type checkers know it
    process = ctypes.c_void_p(-1)  # this process
    windll.kernel32.K32GetProcessMemoryInfo(process, ctypes.byref(counters), counters.size)
    return int(counters.held)


class SpeedMeter:
    """Turns training time and images so far into the speed since the last look.

    Args:
        seconds, num_images: where the run stands.
    """

    def __init__(self, seconds: float = 0.0, num_images: int = 0) -> None:
        self._last = (seconds, num_images)

    def take(self, seconds: float, num_images: int) -> float | None:
        """Return images per second since the last look, or None if that is less than `SPEED_SECONDS` ago."""
        before, images = self._last
        if seconds - before <= SPEED_SECONDS:
            return None
        self._last = (seconds, num_images)
        return (num_images - images) / (seconds - before)


class MemoryGuard:
    """Looks at the machine's free memory between steps.

    A GPU raises when its memory is full; on a CPU Linux ends the program instead, with all that was not saved.

    Args:
        device: on an NVIDIA GPU the guard does nothing: its driver raises.
        batch_size: for the advice.
        free: returns the bytes that can still be taken, or None where nobody says.
    """

    def __init__(
        self, device: torch.device, batch_size: int, free: Callable[[], int | None] = free_memory
    ) -> None:
        self._free = free
        self._batch_size = batch_size
        self._due = math.inf if device.type == "cuda" else 0.0
        self._reserve = 0.0

    def check(self) -> None:
        """Look, if the last look is not recent.

        Raises:
            RunError: so little memory is free that the next step may be the last.
        """
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + _GUARD_SECONDS
        free = self._free()
        if free is None:
            self._due = math.inf
            return
        if not self._reserve:
            # of what was free at the start, which is what the run can take
            self._reserve = min(_RESERVE_MOST, free * _RESERVE_SHARE)
        if free < self._reserve:
            smaller = (
                f"Take a smaller batch, such as {max(1, self._batch_size // 2):,}, a smaller network"
                if self._batch_size > 1
                else "Take a smaller network"
            )
            raise LowMemoryError(
                f"Only {free / 1e6:,.0f} MB of memory are left on this machine, and with none the system would end "
                f"the program, so the run was stopped first. {smaller} or smaller images, or close other programs."
            )


class LowMemoryError(RunError):
    """The machine's memory is nearly used up."""
