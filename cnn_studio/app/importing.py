"""Networks of torchvision and timm as projects."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.project import Project
from cnn_studio.app.weights import WeightSet
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.starters import LARGE_SETTINGS

if TYPE_CHECKING:
    from cnn_studio.transfer.matching import WeightMatch


@dataclass(frozen=True, slots=True)
class OpenedNetwork:
    """A project made of a library's network.

    Attributes:
        project: its document, and its weights where they were on this machine.
        notes: what a person should know of it, as sentences: weights, parts left out.
        match: what of its weights file fits; None where there is none that can be used.
    """

    project: Project
    notes: tuple[str, ...]
    match: WeightMatch | None = None


def open_library_network(name: str, weights: Path | None = None) -> OpenedNetwork:
    """Open a network by its full name, such as ``torchvision:resnet50``; nothing is downloaded.

    Args:
        name: its full name.
        weights: a file to take the weights from instead of the published ones; what does not fit stays random.

    Raises:
        GraphError: there is no such network.
        NetworkError: something in it is no layer.
        FileFormatError: `weights` cannot be read, or nothing in it fits.
    """
    from cnn_studio.transfer.opening import open_network

    opened = open_network(name, weights)
    arrays = {key: tensor.numpy() for key, tensor in (opened.weights or {}).items()}
    kept = WeightSet.from_state(opened.document, arrays)
    settings = TrainSettings.model_validate(LARGE_SETTINGS)
    return OpenedNetwork(
        Project(opened.document, settings=settings, weights=kept), tuple(opened.notes), opened.match
    )
