"""Curves of a million points that still grow."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from display import display
from measure import Budget, Row, absolute_row

_PROBE = Path(__file__).parents[1] / "plot_probe.py"
_SECONDS = 120


def rows(budget: Budget) -> Iterator[Row]:
    """Redraw three curves in a real window while all of them grow."""
    found = []
    with display() as environment:
        for _ in range(budget.rounds(8.0, 3, least=1)):
            done = subprocess.run(
                [sys.executable, str(_PROBE)],
                env=environment,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
            lines = done.stdout.strip().splitlines()
            if done.returncode or not lines:
                raise RuntimeError(f"the plot probe ended with {done.returncode}: {done.stderr[-2000:]}")
            found.append(json.loads(lines[-1]))
    middle = sorted(found, key=lambda record: record["redraw_ms"])[len(found) // 2]
    yield absolute_row("plot_million.redraw", middle["redraw_ms"], 16.0, "ms")
