"""How the processor's threads wait for each other; to be settled before torch is loaded."""

from __future__ import annotations

import os

_SPINS = "20000"


def prefer_short_waits() -> None:
    """Let OpenMP's threads spin only shortly (some 20 µs) before they sleep.

    A small network makes hundreds of short parallel steps a second. By default a thread that is done spins for
    milliseconds; when anything else wants the core, the window itself on two cores for instance, the thread it
    waits for does not get it, and LeNet fell from 11,000 to some hundreds of images a second. Spinning not at all
    costs about half of the speed on a quiet machine. What the user's environment says counts more.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", _SPINS)
