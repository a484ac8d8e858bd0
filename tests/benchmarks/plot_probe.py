"""A process of its own with a window of curves of a million points that still grow; prints its redraw times."""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PySide6.QtWidgets import QApplication, QMainWindow

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.live_plot import LOSS, LivePlot, Overlay

POINTS = 1_000_000
CURVES = 3
ROUNDS = 60
BATCHES_A_REDRAW = 50


def main() -> None:
    app = QApplication([])
    theme.apply(app)
    window = QMainWindow()
    clock = RepaintClock(window)
    plot = LivePlot(LOSS, clock)
    window.setCentralWidget(plot)
    window.resize(1000, 500)
    window.show()
    steps = np.arange(1, POINTS + 1)
    rng = np.random.default_rng(0)
    values = [2 * np.exp(-steps / 3e5) + 0.1 * at + 0.2 * rng.random(POINTS) for at in range(CURVES)]
    plot.start(1000, 2000)
    plot.extend(steps, values[0], steps * 0.01)
    colors = ("activation", "merge")
    plot.set_overlays(
        [
            Overlay(f"run {at}", color, steps, values[at], steps * 0.01, 1000)
            for at, color in enumerate(colors, start=1)
        ]
    )
    _settle(app)
    clock.tick()
    _settle(app)
    times = []
    for turn in range(ROUNDS):
        for step in range(POINTS + turn * BATCHES_A_REDRAW, POINTS + (turn + 1) * BATCHES_A_REDRAW):
            plot.append(step + 1, 0.2 + rng.random() * 0.2, step * 0.01)
            for at in range(CURVES - 1):
                plot.extend_overlay(at, step + 1, 0.3 + rng.random() * 0.2, step * 0.01)
        began = time.perf_counter()
        plot.repaint_now()
        plot.repaint()
        app.processEvents()
        times.append((time.perf_counter() - began) * 1e3)
    worst = sorted(times)[int(0.95 * len(times))]
    print(json.dumps({"redraw_ms": statistics.median(times), "redraw_p95_ms": worst}))


def _settle(app: QApplication) -> None:
    end = time.monotonic() + 0.3
    while time.monotonic() < end:
        app.processEvents()


if __name__ == "__main__":
    main()
