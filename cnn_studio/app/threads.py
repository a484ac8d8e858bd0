"""How this process waits for its threads and holds its memory; to be settled before torch is loaded."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Callable

_SPINS = "20000"

# The names of glibc's mallopt(3), which the system's header gives these numbers.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_MOST_TRIM, _MOST_BLOCK = 2**31 - 1, 2**30


def prepare_process() -> None:
    """Make the process a good place for training on a CPU; what the user's environment says counts more."""
    _prefer_short_waits()
    _keep_freed_memory()


def give_memory_back() -> None:
    """Return what was freed to the system, which after a run may be much."""
    trim = _from_c_library("malloc_trim")
    if trim is not None:
        trim(0)


def _prefer_short_waits() -> None:
    """Let OpenMP's threads spin only shortly (some 20 µs) before they sleep.

    A small network makes hundreds of short parallel steps a second. By default a thread that is done spins for
    milliseconds; when anything else wants the core, the window itself on two cores for instance, the thread it
    waits for does not get it, and LeNet fell from 11,000 to some hundreds of images a second. Spinning not at all
    costs about half of the speed on a quiet machine.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)


def _keep_freed_memory() -> None:
    """Let the C library keep large blocks that are freed, for the next step wants the same again.

    By default each goes back to the system, which must fill the next one with zeros, page by page: 230,000 pages in a
    step of ResNet-18 on 32 images of 224 x 224, a quarter of its time. Blocks of threads other than the first are kept
    only where all threads share one pool.
    """
    if any(name.startswith("MALLOC_") for name in os.environ):
        return
    set_option = _from_c_library("mallopt")
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, _MOST_BLOCK)
        set_option(_M_TRIM_THRESHOLD, _MOST_TRIM)
        set_option(_M_ARENA_MAX, 1)


def _from_c_library(name: str) -> Callable[..., int] | None:
    """Return a function of glibc; None on other systems."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            found: Callable[..., int] = getattr(ctypes.CDLL(None), name)
            return found
    return None
