"""The window while it trains: how late its timer is, and what it costs the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from data import mnist_folder
from display import display
from measure import Budget, Row, absolute_row, alternate, row
from probe import run_probe


def latency_rows(budget: Budget) -> Iterator[Row]:
    with display() as environment, TemporaryDirectory() as folder:
        data = f"mnist:{mnist_folder(Path(folder))}"
        found = [run_probe("latency", environment, data) for _ in range(budget.rounds(20.0, 3, least=1))]
    p99 = sorted(record["late_p99_ms"] for record in found)[len(found) // 2]
    yield absolute_row("gui_latency.p99", p99, 16.0, "ms")


def with_window_rows(budget: Budget) -> Iterator[Row]:
    with display() as environment, TemporaryDirectory() as folder:
        data = f"mnist:{mnist_folder(Path(folder))}"
        ours, reference = alternate(
            budget.rounds(30.0, 5),
            lambda: float(run_probe("window", environment, data)["images_per_second"]),
            lambda: float(run_probe("headless", environment, data)["images_per_second"]),
        )
    yield row("train_lenet_with_window.vs_headless", ours, reference, "images/s", "higher", 0.85)
