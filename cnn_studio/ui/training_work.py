"""What a session's jobs are about: the images that were loaded, the loading under way, and the run that goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from cnn_studio.app.jobs import Job
from cnn_studio.app.project import Project
from cnn_studio.app.trying import as_trained
from cnn_studio.app.weights import WeightSet
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.engine.events import EpochDone, EpochWeights
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.ui.run_queue import Wanted

if TYPE_CHECKING:
    import torch

DataKey = tuple[DataSource, tuple[int, ...], Preprocessing]
"""What images depend on: their source, the size of the network's input, and how they are fitted to it."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """Images that were loaded, and what for."""

    key: DataKey
    data: ImageData


@dataclass(frozen=True, slots=True)
class Work:
    """A job, and the document and images it was started for."""

    job: Job
    document: NetworkDocument
    key: DataKey


@dataclass(slots=True)
class Run:
    """The run that goes on.

    Attributes:
        best: its epoch whose weights are kept so far.
        paused: its weights while it waits.
        latest: its weights after the last epoch for which somebody wanted to see them.
        project: what it trains, once that is read.
        data: its images, once they are there.
    """

    job: Job
    wanted: Wanted
    project: Project | None = None
    data: ImageData | None = None
    best: EpochDone | None = None
    paused: Mapping[str, torch.Tensor] | None = None
    latest: EpochWeights | None = None

    def at(self, weights: Mapping[str, torch.Tensor] | None) -> Project | None:
        """Return what it trains with weights of its own; None while they or that are not known.

        That is not the open document, which may have been edited since, or be another one.
        """
        if weights is None or self.project is None or self.data is None:
            return None
        project = as_trained(self.project, self.data)
        arrays = {key: tensor.numpy() for key, tensor in weights.items()}
        return replace(project, weights=WeightSet.from_state(project.document, arrays))
