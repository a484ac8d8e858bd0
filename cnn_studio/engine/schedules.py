"""How the learning rate changes over a run, as pure functions of the position."""

from __future__ import annotations

import math
from collections.abc import Callable

from cnn_studio.engine.settings import Schedule

RateFactor = Callable[[int, int], float]
"""From the number of steps already done and the number of steps of the run to a factor on the learning rate."""


def constant(step: int, total_steps: int) -> float:
    """Return 1: the rate stays."""
    return 1.0


def cosine(step: int, total_steps: int) -> float:
    """Return half a cosine wave from 1 down to 0, which is reached after the last step.

    SGDR (Loshchilov and Hutter, 2017), equation 5, without restarts.
    """
    return (1.0 + math.cos(math.pi * step / total_steps)) / 2.0


SCHEDULES: dict[Schedule, RateFactor] = {"constant": constant, "cosine": cosine}
"""The schedules by the names that the settings use."""
