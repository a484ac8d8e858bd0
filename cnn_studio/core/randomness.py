"""Seeds for everything random in a run, derived from where the run stands and from nothing else.

PyTorch's own random state belongs to the whole process: building a layer in another thread moves it. So the loop
never draws from it, and each draw gets a seed computed from the run's seed and its position.
"""

from __future__ import annotations

import hashlib


def derive_seed(*parts: int) -> int:
    """Return a seed from 0 to 2^63 - 1 that depends on the numbers and their order alone.

    The same on every platform, Python version and process, so a run can be repeated elsewhere.
    """
    text = ",".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little") >> 1
