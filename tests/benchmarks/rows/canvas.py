"""ResNet-152, unfolded to its 516 layers, on the canvas of the real window."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from display import display
from measure import Budget, Row, absolute_row
from probe import run_probe

from cnn_studio.app.project import save_project, starter_project
from cnn_studio.graph.shapes import ShapeEngine
from cnn_studio.graph.starters import find_starter


def shapes_rows(budget: Budget) -> Iterator[Row]:
    document = find_starter("resnet152").build()
    seconds = []
    for _ in range(budget.rounds(0.02, 51)):
        start = time.perf_counter()
        ShapeEngine(document).report()
        seconds.append(time.perf_counter() - start)
    yield absolute_row("shapes_resnet152.full", statistics.median(seconds) * 1e3, 10.0, "ms")


def canvas_rows(budget: Budget) -> Iterator[Row]:
    with display() as environment, TemporaryDirectory() as folder:
        path = Path(folder) / "resnet152.cnnstudio"
        save_project(path, starter_project(find_starter("resnet152")))
        rounds = [run_probe("canvas", environment, str(path)) for _ in range(budget.rounds(30.0, 3, least=1))]

    def median(key: str) -> float:
        return statistics.median(record[key] for record in rounds)

    def p95(*keys: str) -> float:
        return statistics.median(_p95([ms for key in keys for ms in record[key]]) for record in rounds) * 1e3

    yield absolute_row("open_resnet152.painted", median("open"), 1.0, "s")
    yield absolute_row("open_resnet152.unfolded", median("open") + median("unfold"), 1.0, "s")
    yield absolute_row("canvas_pan.p95", p95("pan_1", "pan_0.5"), 16.0, "ms")
    yield absolute_row("canvas_zoom.p95", p95("zoom"), 16.0, "ms")
    edits: list[Any] = [statistics.median(record["edit"]) for record in rounds]
    yield absolute_row("edit.repainted", statistics.median(edits) * 1e3, 33.0, "ms")


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * 0.95)]
