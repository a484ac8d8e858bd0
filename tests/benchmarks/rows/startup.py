"""From process start to the first painted frame, and the window while torch loads."""

from __future__ import annotations

from collections.abc import Iterator

from display import display
from measure import Budget, Row, absolute_row
from probe import run_probe


def rows(budget: Budget) -> Iterator[Row]:
    with display() as environment:
        run_probe("start", environment)  # the first start warms the disk
        found = [run_probe("start", environment) for _ in range(budget.rounds(8.0, 5))]
    if any(record["torch_before_paint"] for record in found):
        raise RuntimeError("torch was imported before the first paint")
    found.sort(key=lambda record: record["first_paint_s"])
    yield absolute_row("startup.first_paint", found[len(found) // 2]["first_paint_s"], 1.0, "s")
    gaps = sorted(record["longest_gap_ms"] for record in found)
    yield absolute_row("startup.torch_gap", gaps[len(gaps) // 2], 250.0, "ms")
