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
    p99, longest = (
        sorted(record[name] for record in found)[len(found) // 2] for name in ("late_p99_ms", "late_max_ms")
    )
    yield absolute_row("gui_latency.p99", p99, 16.0, "ms")
    yield absolute_row("gui_latency.max", longest, 100.0, "ms")


def lenet_with_window_rows(budget: Budget) -> Iterator[Row]:
    yield from _with_window(budget, "train_lenet_with_window", "lenet5")


def smallcnn_with_window_rows(budget: Budget) -> Iterator[Row]:
    yield from _with_window(budget, "train_smallcnn_with_window", "small-cnn")


def _with_window(budget: Budget, name: str, starter: str) -> Iterator[Row]:
    with display() as environment, TemporaryDirectory() as folder:
        data = f"mnist:{mnist_folder(Path(folder))}"
        variables = {**environment, "PROBE_STARTER": starter}
        ours, reference = alternate(
            budget.rounds(30.0, 5),
            lambda: float(run_probe("window", variables, data)["images_per_second"]),
            lambda: float(run_probe("headless", variables, data)["images_per_second"]),
        )
    yield row(f"{name}.vs_headless", ours, reference, "images/s", "higher", 0.88)
