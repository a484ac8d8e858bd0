"""The pictures of runs: finding a rate, augmentation, all plots, an image tried in a pause, runs compared, a cell open."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.project import starter_project
from cnn_studio.datasets.augmentation import PRESETS
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import find_starter

if TYPE_CHECKING:
    from screenshots import Photographer


def training_story(p: Photographer) -> None:
    """Go through the states of training."""
    window, space = p.window, p.window.workspace
    panel, tools, training = space.training, window.tools, window.training
    p.wait("the digits", lambda: training.data is not None)
    space.restore_sizes({"rows": [440, 400]})
    panel.set_settings(window.session.settings.model_copy(update={"schedule": "one-cycle", "epochs": 12}))
    p.shoot("training-planned-rate")
    tools.find_rate()
    dialog = tools.rates
    assert dialog is not None
    p.wait("the suggestion", dialog.use.isEnabled)
    p.shoot("training-find-rate")
    dialog.close()
    tools.augment()
    assert tools.augmentation is not None
    tools.augmentation.set_augmentation(PRESETS["Digits"])
    p.settle(1.5)
    p.shoot("training-augmentation")
    tools.augmentation.window().close()
    window.runs.train()
    p.wait("some epochs", lambda: p.epoch >= 4)
    p.shoot("training-running")
    window.runs.pause_or_resume()
    p.wait("the pause", lambda: panel.state == "paused")
    with tempfile.TemporaryDirectory() as folder:
        _try_image(p, Path(folder))
    window.runs.pause_or_resume()
    p.wait("the end", lambda: not training.is_training)
    for number, name in enumerate(("curves", "layers", "weights", "rate-and-speed")):
        panel.deck.show_view(number)
        p.settle(1.2)
        p.shoot(f"training-{name}")
    panel.deck.show_view(0)
    panel.set_settings(window.session.settings.model_copy(update={"optimizer": "sgd", "learning_rate": 0.05}))
    window.runs.train()
    p.wait("the second run", lambda: not training.is_training)
    space.tabs.setCurrentWidget(space.runs)
    p.wait("two runs", lambda: len(space.runs.model.runs) >= 2)
    space.runs.table.selectAll()
    p.settle(1.0)
    p.shoot("runs-compared")
    space.tabs.setCurrentWidget(space.samples)
    p.settle()
    space.samples.matrix.cell_clicked.emit(*_worst_cell(p))
    p.shoot("results-cell-open")
    images = os.environ.get("CNN_STUDIO_TEST_DATA")
    if images:
        _compare_depths(p, Path(images) / "cifar10-small")


def _compare_depths(p: Photographer, folder: Path) -> None:
    """Train 18 layers without and with shortcuts on photographs; the gradients of each, then both runs."""
    window, space = p.window, p.window.workspace
    space.tabs.setCurrentWidget(space.training)
    for name in ("plain18", "resnet18"):
        project = starter_project(find_starter(name))
        layer = next(entry for entry in project.document.layers.values() if entry.type == "input")
        project.document.change_layer(layer.id, params={**layer.params, "height": 32, "width": 32})
        settings = TrainSettings(
            optimizer="sgd", learning_rate=0.02, batch_size=64, epochs=2, schedule="constant", speed="auto"
        )
        data = DataSource(kind="folder", folder=str(folder))
        window.session.replace(replace(project, settings=settings, data=data))
        window.runs.train()  # loads the photographs first
        p.wait("a run of 18 layers", lambda: not window.training.is_training, 300)
        space.training.deck.show_view(1)
        p.settle(1.2)
        p.shoot(f"gradients-{name}")
    space.tabs.setCurrentWidget(space.runs)
    p.settle(1.0)
    space.runs.model.tick({run.id for run in space.runs.model.runs[:2]}, on=True)
    p.settle(1.0)
    p.shoot("runs-plain18-resnet18")


def _try_image(p: Photographer, folder: Path) -> None:
    from PIL import Image

    tools, data = p.window.tools, p.window.training.data
    assert data is not None
    file = folder / "five.png"
    Image.fromarray(data.val.images[5, 0]).save(file)
    tools.try_image()
    trial = tools.trial
    assert trial is not None
    trial.try_file(file)
    p.wait("the answer", lambda: trial.title.text().startswith("five.png"))
    p.shoot("training-try-an-image")
    trial.close()


def _worst_cell(p: Photographer) -> tuple[int, int]:
    """Return the class that is most often taken for another, and that other one; a right one if there is none."""
    import numpy as np

    counts = np.array(p.window.workspace.samples.matrix._counts)
    wrong = counts - np.diag(np.diag(counts))
    true, guess = np.unravel_index(int((wrong if wrong.any() else counts).argmax()), counts.shape)
    return int(true), int(guess)
