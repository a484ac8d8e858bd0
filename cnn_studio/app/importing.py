"""Networks of torchvision and timm as projects."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_studio.app.project import Project
from cnn_studio.app.weights import WeightSet
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import LARGE_SETTINGS


@dataclass(frozen=True, slots=True)
class OpenedNetwork:
    """A project made of a library's network.

    Attributes:
        project: its document, and its weights where they were on this machine.
        notes: what a person should know of it, as sentences: weights, parts left out.
    """

    project: Project
    notes: tuple[str, ...]


def open_library_network(name: str) -> OpenedNetwork:
    """Open a network by its full name, such as ``torchvision:resnet50``; nothing is downloaded.

    Raises:
        GraphError: there is no such network.
        NetworkError: something in it is no layer.
    """
    from cnn_studio.transfer.opening import open_network

    opened = open_network(name)
    arrays = {key: tensor.numpy() for key, tensor in (opened.weights or {}).items()}
    weights = WeightSet.from_state(opened.document, arrays)
    settings = TrainSettings.model_validate(LARGE_SETTINGS)
    return OpenedNetwork(Project(opened.document, settings=settings, weights=weights), tuple(opened.notes))
