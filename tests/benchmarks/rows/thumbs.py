"""Scrolling through the images of MNIST in the Data tab of the real window."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from data import mnist_folder
from display import display
from measure import Budget, Row, absolute_row
from probe import run_probe


def rows(budget: Budget) -> Iterator[Row]:
    with display() as environment, TemporaryDirectory() as folder:
        data = f"mnist:{mnist_folder(Path(folder))}"
        rounds = [run_probe("thumbs", environment, data) for _ in range(budget.rounds(25.0, 3, least=1))]

    def p95(key: str) -> float:
        return statistics.median(sorted(r[key])[int(len(r[key]) * 0.95)] for r in rounds) * 1e3

    yield absolute_row("thumbs.scroll_p95", p95("scroll"), 33.0, "ms")
    yield absolute_row("thumbs.drag_p95", p95("drag"), 33.0, "ms")
    yield absolute_row(
        "thumbs.filter", statistics.median(max(r["filter"]) for r in rounds) * 1e3, 250.0, "ms"
    )
