"""What a run costs beside its steps: keeping its events, and memory."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from data import mnist_folder, unpacked_for_torchvision
from measure import Budget, Row, row
from probe import ROOT

from rows.training import CASES, document_of, images_of, speed_of_ours

NUM_BATCHES = 4000
SPARE_MB = 200


def events_rows(budget: Budget) -> Iterator[Row]:
    """The time that the store takes for the events of a batch, against the step of LeNet that it belongs to."""
    from cnn_studio.engine.events import Tuning

    case = CASES[0]
    with TemporaryDirectory() as scratch:
        data, _ = images_of(case, Path(scratch))
        document = document_of(case, data)
        speeds = sorted(speed_of_ours(case, data, document, Tuning()) for _ in range(budget.rounds(3.0, 7)))
        kept = sorted(_seconds_per_batch(Path(scratch) / f"runs{n}") for n in range(5))
    step = case.batch / speeds[len(speeds) // 2]
    yield row("events", 1e6 * kept[2], 1e6 * step, "µs", "lower", 0.02)


def _seconds_per_batch(folder: Path) -> float:
    """Keep the events of a run as they come: batches, now and then gradients and resources, epochs."""
    import numpy as np

    from cnn_studio.app.project import starter_project
    from cnn_studio.app.runs import RunStore
    from cnn_studio.engine.events import BatchDone, EpochDone, GradientsMeasured, ResourcesMeasured
    from cnn_studio.graph.starters import find_starter

    recorder = RunStore(folder).start(starter_project(find_starter("lenet5")))
    layers = tuple((name, 0.1) for name in ("C1", "S2", "C3", "S4", "C5", "F6", "OUT"))
    nothing = np.zeros(0)
    start = time.perf_counter()
    for step in range(1, NUM_BATCHES + 1):
        recorder.add(BatchDone(step, 1 + step // 500, 0.5, 0.9, 0.01, step * 0.01))
        if step % 25 == 0:
            recorder.add(GradientsMeasured(step, layers, layers))
        if step % 100 == 0:
            recorder.add(ResourcesMeasured(step, step * 0.01, 10_000.0, 10**9))
        if step % 500 == 0:
            recorder.add(EpochDone(step // 500, step, 0.5, 0.9, 0.4, 0.9, True, 1.0, nothing, nothing))
    recorder.flush()
    return (time.perf_counter() - start) / NUM_BATCHES


_OURS = """
from cnn_studio.app.threads import prepare_process
prepare_process()
from pathlib import Path
from tempfile import TemporaryDirectory
from dataclasses import replace
from cnn_studio.app.project import starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import run_training
from cnn_studio.datasets.sources import parse_source
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.starters import find_starter
project = starter_project(find_starter("lenet5"))
settings = project.settings.model_copy(update={"epochs": 1, "batch_size": 128})
project = replace(project, settings=settings, data=parse_source(f"mnist:{folder}"))
with TemporaryDirectory() as runs:
    outcome = run_training(project, lambda event: None, RunControl(), store=RunStore(Path(runs)))
assert outcome.finished.status == "done", outcome.finished.message
"""

_TUTORIAL = """
import torch
from torch.utils.data import DataLoader
from torchvision import datasets, transforms
from cnn_studio.compiler import lower
from cnn_studio.graph.starters import find_starter
change = transforms.Compose([transforms.Resize((32, 32)), transforms.ToTensor(), transforms.Normalize((0.13,), (0.31,))])
loader = DataLoader(datasets.MNIST(folder, train=True, transform=change), batch_size=128, shuffle=True, num_workers=2)
model = lower(find_starter("lenet5").build())
optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
loss_function = torch.nn.CrossEntropyLoss()
for number, (images, labels) in enumerate(loader):
    optimizer.zero_grad()
    loss = loss_function(model(images), labels)
    loss.backward()
    optimizer.step()
    loss.item()
    if number == 100:
        break
"""

_PEAK = "\nimport resource; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"


def memory_rows(budget: Budget) -> Iterator[Row]:
    """The most memory that a run of LeNet on MNIST holds, against the tutorial's loop and 200 MB more."""
    with TemporaryDirectory() as scratch:
        source = mnist_folder(Path(scratch))
        ours = _peak_mb(f"folder = {str(source)!r}\n{_OURS}")
        tutorial = _peak_mb(f"folder = {str(unpacked_for_torchvision(source, Path(scratch)))!r}\n{_TUTORIAL}")
    yield row("memory", ours, tutorial + SPARE_MB, "MB", "lower", 1.0)


def _peak_mb(code: str) -> float:
    variables = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code + _PEAK],
        env=variables,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return int(done.stdout.split()[-1]) / 1024
