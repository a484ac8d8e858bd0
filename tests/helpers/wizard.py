"""A trained network small enough that the whole transfer wizard can be gone through in seconds."""

from __future__ import annotations

from pathlib import Path

import torch

from cnn_studio.app.project import Project, save_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.commands import SetInfo
from cnn_studio.graph.starters import find_starter


def lenet_project() -> Project:
    """LeNet-5 for the embedded digits, with weights drawn from a fixed seed and what a run would have measured."""
    document = find_starter("lenet5").build()
    known = document.info.preprocessing.model_copy(update={"mean": (0.3,), "std": (0.37,)})
    SetInfo(preprocessing=known).apply(document)
    torch.manual_seed(1)
    arrays = {key: tensor.numpy() for key, tensor in lower(document).state_dict().items()}
    return Project(document, DataSource(), weights=WeightSet.from_state(document, arrays))


def saved_lenet(folder: Path) -> Path:
    """The same as a project file, which can be a source of the wizard."""
    file = folder / "lenet.cnnstudio"
    save_project(file, lenet_project())
    return file
