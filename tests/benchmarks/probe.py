"""A process of its own that opens the real window (or none), measures one thing, and prints it as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from cnn_studio.app.threads import prepare_process  # noqa: E402 - the path is set above

SECONDS = 120
EPOCHS = 1
BATCH = 128


def run_probe(kind: str, environment: Mapping[str, str], data: str = "digits") -> dict[str, Any]:
    """Run one measurement in a new process with an empty home and return what it found."""
    with TemporaryDirectory() as home:
        variables = {**environment, "CNN_STUDIO_HOME": home, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, __file__, kind, data]
        variables["PROBE_STARTED"] = repr(time.time())
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        raise RuntimeError(f"the {kind} probe ended with {done.returncode}: {done.stderr[-2000:]}")
    record: dict[str, Any] = json.loads(lines[-1])
    return record


def main(kind: str, data: str) -> None:
    prepare_process()
    if kind == "headless":
        _headless(data)
        return
    from cnn_studio.__main__ import open_window

    watcher: list[Any] = []

    def prepare(window: Any) -> None:
        # made here, because Qt must not be imported before the program itself does it
        from canvas_probe import CanvasWatcher
        from inspect_probe import InspectWatcher
        from thumbs_probe import ThumbsWatcher
        from window_probe import StartWatcher, TrainWatcher

        if kind == "start":
            watcher.append(StartWatcher(window))
        elif kind == "canvas":
            watcher.append(CanvasWatcher(window, data))
        elif kind == "thumbs":
            watcher.append(ThumbsWatcher(window, data))
        elif kind == "inspect":
            watcher.append(InspectWatcher(window))
        else:
            watcher.append(TrainWatcher(window, kind, _project(data)))

    open_window([], prepare)
    print(json.dumps(watcher[0].record))


def _project(data: str) -> Any:
    from dataclasses import replace

    from cnn_studio.app.project import starter_project
    from cnn_studio.datasets.sources import parse_source
    from cnn_studio.engine.settings import TrainSettings
    from cnn_studio.graph.starters import find_starter

    settings = TrainSettings(
        optimizer="sgd", learning_rate=0.05, batch_size=BATCH, epochs=EPOCHS, schedule="constant"
    )
    return replace(
        starter_project(find_starter(os.environ.get("PROBE_STARTER", "lenet5"))),
        settings=settings,
        data=parse_source(data),
    )


def _headless(data: str) -> None:
    from cnn_studio.app.training import run_training
    from cnn_studio.engine.control import RunControl

    outcome = run_training(_project(data), lambda event: None, RunControl())
    if outcome.finished.status != "done":
        raise RuntimeError(outcome.finished.message)
    print(json.dumps({"images_per_second": outcome.finished.images_per_second}))


if __name__ == "__main__":
    os.environ.setdefault("PROBE_STARTED", repr(time.time()))
    main(sys.argv[1], sys.argv[2])
