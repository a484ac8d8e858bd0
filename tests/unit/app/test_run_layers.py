"""The history of each layer has a bound, in the store and when it is read; and what a kill leaves is removed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from cnn_studio.app.run_history import read_history
from cnn_studio.app.run_layers import MOST, read_gradients, read_weights, thin
from cnn_studio.app.runs import RunStore
from cnn_studio.engine.events import GradientsMeasured, Histogram, WeightsMeasured
from tests.helpers.projects import lenet

LAYERS = ("C1", "out")


def gradients(step: int) -> GradientsMeasured:
    return GradientsMeasured(step, tuple((path, 1 / step) for path in LAYERS), (("C1", 1e-3),))


def weights(epoch: int) -> WeightsMeasured:
    return WeightsMeasured(
        10 * epoch, epoch, tuple(Histogram(path, -1.0, 1.0, (3, epoch)) for path in LAYERS)
    )


def stored(store: RunStore, table: str, run: int) -> int:
    with store.connected() as connection:
        (count,) = connection.execute(f"SELECT COUNT(*) FROM {table} WHERE run = ?", (run,)).fetchone()
    return int(count) // len(LAYERS)


def test_a_very_long_run_keeps_a_bounded_history(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    other = store.start(lenet())
    other.add(gradients(1))
    other.flush()
    recorder = store.start(lenet())
    for number in range(1, 5 * MOST + 1):
        recorder.add(gradients(7 * number))
        recorder.add(weights(number))
        if number % 10 == 0:
            recorder.flush()
            if number % 1000 == 0:
                for table in ("layers", "histograms"):
                    assert stored(store, table, recorder.run) <= MOST * 9 // 8
    recorder.flush()
    assert stored(store, "layers", other.run) == 1, "other runs keep what they have"

    found = store.layer_history(recorder.run)
    steps = [event.step for event in found]
    assert MOST // 4 < len(steps) <= MOST // 2 + 1
    assert (steps[0], steps[-1]) == (7, 7 * 5 * MOST)
    gaps = [after - before for before, after in pairwise(steps)]
    assert max(gaps[:-1]) <= 2 * min(gaps[:-1]), "evenly over the whole run"
    assert found[100] == gradients(steps[100])

    spread = store.weight_history(recorder.run)
    assert MOST // 4 < len(spread) <= MOST // 2 + 1
    assert spread[-1] == weights(5 * MOST)
    assert spread[0] == weights(1)
    told = read_history(store, recorder.run)
    assert sum(isinstance(event, GradientsMeasured | WeightsMeasured) for event in told) <= MOST + 2


def test_what_an_earlier_version_kept_whole_is_thinned_when_it_is_read(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    run = store.start(lenet()).run
    with store.connected() as connection:
        connection.executemany(
            "INSERT INTO layers VALUES (?, ?, ?, ?, ?, ?)",
            [
                (run, step, place, path, None, None)
                for step in range(1, 301)
                for place, path in enumerate(LAYERS)
            ],
        )
        connection.executemany(
            "INSERT INTO histograms VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [(run, epoch, epoch, 0, "C1", -1.0, 1.0, json.dumps([1])) for epoch in range(1, 301)],
        )
        steps = [event.step for event in read_gradients(connection, run, 30)]
        epochs = [event.epoch for event in read_weights(connection, run, 30)]
        assert len(read_gradients(connection, run, 300)) == 300, "nothing is lost where there is room"
        thin(connection, "layers", run, 300)
        assert len(read_gradients(connection, run, 300)) == 300
        thin(connection, "layers", run, 299)
        assert len(read_gradients(connection, run, 300)) <= 151
    for found in (steps, epochs):
        assert 15 < len(found) <= 31
        assert (found[0], found[-1]) == (1, 300)
        assert found == sorted(set(found))


KILLED = """
import os, signal, sys
from pathlib import Path
from cnn_studio.app.files import replacing
from cnn_studio.app.runs import RunStore
from tests.helpers.projects import lenet

store = RunStore(Path(sys.argv[1]))
run = store.start(lenet()).run
with replacing(store.checkpoint_file(run)) as file:
    file.write(b"half of it")
    print(run, flush=True)
    if sys.argv[2] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    sys.stdin.read()
"""


def writing(folder: Path, how: str) -> tuple[subprocess.Popen[str], int]:
    """Start a program that is in the middle of a checkpoint, or was."""
    program = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(folder), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert program.stdout is not None
    return program, int(program.stdout.readline())


@pytest.mark.skipif(os.name == "nt", reason="a kill that leaves files behind is made with a signal here")
def test_what_a_kill_left_half_written_is_removed(tmp_path: Path) -> None:
    store = RunStore(tmp_path)
    dead, first = writing(tmp_path, "killed")
    dead.communicate()
    assert dead.returncode == -signal.SIGKILL
    living, second = writing(tmp_path, "living")
    try:
        # the second program has begun a run, and with that removed what the first one left
        assert list((tmp_path / str(first)).glob(".*.part")) == []
        (busy,) = (tmp_path / str(second)).glob(".*.part")
        store.start(lenet())
        assert busy.exists(), "another program is writing it"
    finally:
        living.kill()
        living.communicate()
    assert busy.exists()
    kept = sorted(path.name for path in busy.parent.iterdir() if path != busy)
    store.resume(second)
    assert not busy.exists()
    assert sorted(path.name for path in busy.parent.iterdir()) == kept
