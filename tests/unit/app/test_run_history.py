"""A kept run tells again what it reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn_studio.app.run_history import read_history
from cnn_studio.app.runs import RunStore
from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    GradientsMeasured,
    Histogram,
    RateChanged,
    ResourcesMeasured,
    WeightsMeasured,
)
from tests.helpers.projects import lenet

NONE = np.zeros(0)


def test_events_come_back_as_they_were_and_in_their_order(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    recorder = store.start(lenet())
    told = []
    for epoch, accuracy in ((1, 0.8), (2, 0.7), (3, 0.8)):
        step = 2 * epoch
        told += [
            BatchDone(step - 1, epoch, 1 / step, 0.5, 0.1, step - 1.0),
            BatchDone(step, epoch, 1 / step, 0.5, 0.1, float(step)),
            GradientsMeasured(step, (("C1", 0.5), ("out", 2.0)), (("C1", 1e-3),)),
            ResourcesMeasured(step, float(step), 100.0, 7),
            EpochDone(epoch, step, 0.5, 0.6, 0.7 - epoch / 10, accuracy, epoch != 2, 0.0, NONE, NONE),
            WeightsMeasured(step, epoch, (Histogram("C1", -1.0, 1.0, (3, 5)),)),
        ]
        if epoch == 2:
            told.append(RateChanged(step, 0.001))
    for event in told:
        recorder.add(event)
    recorder.flush()
    assert read_history(store, recorder.run) == told
    few = read_history(store, recorder.run, most=2)
    assert len(few) < len(told)
    assert few[-1] == told[-1]


def test_a_run_that_nobody_knows_has_no_history(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    store.start(lenet())
    assert read_history(store, 99) == []
