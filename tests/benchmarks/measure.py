"""What all benchmarks share: rows, time budgets, calibration, alternating medians."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

UNPREPARED = dict(os.environ)
"""The environment before this process was prepared as the program prepares its own: that of a script of somebody's."""

CALIBRATED_SECONDS = 0.048
"""What `calibration_seconds` takes on the 2-core machine for which the absolute goals were written, when it is quiet;
at other times the same machine was seen to take up to 0.083."""


@dataclass(frozen=True)
class Row:
    name: str
    ours: float
    reference: float
    unit: str
    better: Literal["higher", "lower"]
    ratio: float
    goal: float
    met: bool

    def text(self) -> str:
        sign = ">=" if self.better == "higher" else "<="
        verdict = "met" if self.met else "MISSED"
        return (
            f"{self.name:<36} ours {self.ours:>10.4g}  reference {self.reference:>10.4g} {self.unit:<9} "
            f"ratio {self.ratio:>7.3f}  goal {sign} {self.goal:<6g} {verdict}"
        )


@dataclass(frozen=True)
class Budget:
    """Seconds that a group may take; repetitions are cut to it, never below what a median needs."""

    seconds: float

    def rounds(self, seconds_each: float, most: int, least: int = 3) -> int:
        return max(least, min(most, int(self.seconds / seconds_each)))


def row(
    name: str, ours: float, reference: float, unit: str, better: Literal["higher", "lower"], goal: float
) -> Row:
    """Return a row whose goal is a ratio of ours to the reference."""
    ratio = ours / reference
    met = ratio >= goal if better == "higher" else ratio <= goal
    return Row(name, ours, reference, unit, better, ratio, goal, met)


def absolute_row(name: str, ours: float, limit: float, unit: str) -> Row:
    """Return a row against an absolute limit, scaled by how fast this machine is now."""
    return row(name, ours, limit * machine_factor(), unit, "lower", 1.0)


def calibration_seconds() -> float:
    """Time a fixed loop of plain Python that needs no memory bandwidth and no library."""
    best = float("inf")
    for _ in range(5):
        start = time.perf_counter()
        total = 0
        for i in range(1_500_000):
            total += i & 7
        best = min(best, time.perf_counter() - start)
    return best


def machine_factor() -> float:
    """Return how much slower this machine is than the one of the goals; a faster one keeps the goals as they are."""
    return max(1.0, calibration_seconds() / CALIBRATED_SECONDS)


def alternate(rounds: int, *measured: Callable[[], float]) -> list[float]:
    """Run the measurements in turn, so that all meet the same weather, and return the median of each."""
    values: list[list[float]] = [[] for _ in measured]
    for _ in range(rounds):
        for at, measure in enumerate(measured):
            values[at].append(measure())
    return [statistics.median(v) for v in values]
