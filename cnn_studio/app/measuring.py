"""How similar new images are to what a pre-trained network learned from: its images loaded, measured, and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cnn_studio.app.coding import normalisation_of, weights_of
from cnn_studio.app.jobs import Progress
from cnn_studio.app.sources import open_source
from cnn_studio.app.threads import give_memory_back
from cnn_studio.app.training import Report, load_data
from cnn_studio.core.errors import Cancelled
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.cutting import code_network, find_cut, shapes_of
from cnn_studio.transfer.likeness import Likeness

RULER = "efficientnet_lite0"
"""The network whose distances the levels were fitted to; its weights come with the program."""


@dataclass(frozen=True, slots=True)
class LikenessMeasured:
    """The measurement is there."""

    likeness: Likeness


def measure_likeness(
    data: DataSource, report: Report, control: RunControl, *, ruler: str = RULER, weights: Path | None = None
) -> Likeness:
    """Return how far the training images lie from what a network learned from.

    `report` gets `Progress`.

    Args:
        data: the new images.
        report, control: as for all work.
        ruler: name of the network that measures.
        weights: a file with its weights, instead of the published ones.

    Raises:
        GraphError: there is no such network.
        NetworkError: it has no weights, or no BatchNorm layers to measure with.
        DataError: the images cannot be used.
        Cancelled: the control asked to stop.
    """
    opened = open_source(ruler, weights=weights)
    images = load_data(replace(opened.project, data=data), report, control)
    shapes = shapes_of(opened.project.document)
    document = code_network(shapes, find_cut(shapes, ""))
    arrays = weights_of(opened.project.weights, document)

    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.engine.device import exact_numerics, pick_device
    from cnn_studio.transfer.similarity import measure_similarity

    def check() -> None:
        if control.stop_requested:
            raise Cancelled

    device = pick_device("auto")
    module = lower(document, weights={key: torch.tensor(array) for key, array in arrays.items()}).to(device)
    try:
        with exact_numerics(device):
            return measure_similarity(
                module,
                images.train.images,
                normalisation_of(document, images),
                ruler=opened.title,
                progress=lambda done, total: report(
                    Progress("Measuring how similar the images are", done, total)
                ),
                check=check,
            )
    finally:
        give_memory_back()
