"""Recorded runs without a training, and the panel that lists them, for tests of the window."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from cnn_studio.app.project import starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import BatchDone, EpochDone, RateChanged, RunFinished
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.panels.runs_panel import RunsPanel
from tests.helpers.ui import events


def add_run(
    store: RunStore,
    starter: str = "lenet5",
    accuracy: float | None = 0.975,
    status: str = "done",
    steps: int = 60,
    seed: int = 0,
    data: DataSource | None = None,
    keep: bool = True,
) -> int:
    """Record a run of one epoch, or of none where `steps` is 0; return its number.

    Args:
        store: where it is recorded.
        starter: name of the network that is said to have been trained.
        accuracy: of the validation images, 0 to 1; None if never measured.
        status: how it ended.
        steps: how many batches; the rate changes after half of them.
        seed: stands in its settings.
        data: the source of its images.
        keep: whether the network is kept with it.
    """
    project = starter_project(find_starter(starter))
    settings = project.settings.model_copy(update={"seed": seed, "epochs": 3})
    project = replace(project, settings=settings, data=data or DataSource())
    recorder = store.start(project)
    nothing = np.zeros(0)
    for step in range(1, steps + 1):
        recorder.add(BatchDone(step, 1, 2.3 / step**0.5 + 0.2 * (step % 3 == 0), 0.5, 0.01, step * 0.01))
    if steps:
        recorder.add(RateChanged(steps // 2, 0.001))
        recorder.add(EpochDone(1, steps, 1.0, 0.5, 0.9, accuracy, True, 1.0, nothing, nothing))
    end = RunFinished(status, 1 if steps else 0, accuracy, None, 12_345.6)
    recorder.finish(end, project if keep else None)
    return recorder.run


def shown_panel(qtbot: QtBot, store: RunStore) -> RunsPanel:
    """Return a panel of that store, shown and not yet refreshed."""
    made = RunsPanel(store)
    qtbot.addWidget(made)
    made.resize(1400, 260)
    made.show()
    events()
    return made


def settle(panel: RunsPanel) -> None:
    """Wait until what was asked of the store has been shown."""
    end = time.monotonic() + 10
    while panel._runs_reader.is_busy or panel._curves_reader.is_busy or panel._curve_timer.isActive():
        assert time.monotonic() < end
        QApplication.processEvents()
        time.sleep(0.002)
    panel.comparison.loss._clock.tick()
    events()


def refresh(panel: RunsPanel) -> None:
    """Read the store anew and wait until it is shown."""
    panel.refresh()
    settle(panel)


def cells(panel: RunsPanel, row: int) -> list[str]:
    """Return the texts of a row as sorted and filtered, from left to right."""
    model = panel.table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]
