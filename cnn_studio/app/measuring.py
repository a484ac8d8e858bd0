"""How similar new images are to what a pre-trained network learned from: its images loaded, measured, and told."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from cnn_studio.app.coding import normalisation_of, weights_of
from cnn_studio.app.jobs import Progress
from cnn_studio.app.sources import open_source
from cnn_studio.app.threads import give_memory_back
from cnn_studio.app.training import Report, load_data
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.cutting import code_network, find_cut, shapes_of
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Shape
from cnn_studio.transfer.likeness import Likeness

RULER = "efficientnet_lite0"
"""The network whose distances the levels were fitted to; its weights come with the program."""


RULER_TITLE = "EfficientNet-Lite0"


@dataclass(frozen=True, slots=True)
class LikenessMeasured:
    """The measurement is there."""

    likeness: Likeness


def can_measure(shapes: ShapeReport) -> bool:
    """Whether a network has BatchNorm layers of maps, whose statistics tell what its training images were like."""
    return any(
        layer.type == "batch_norm"
        and (state := shapes.states.get(layer.id)) is not None
        and _is_map(state.shape)
        for layer in shapes.document.layers.values()
    )


def _is_map(shape: Shape | None) -> bool:
    return shape is not None and len(shape) == 3


def replacement_text(title: str) -> str:
    """Return the sentence that says that another network measures than the one that is transferred."""
    return (
        f"{title} has no BatchNorm layers, which keep what the training images were like, so {RULER_TITLE} measures in "
        "its place, against ImageNet."
    )


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
                check=control.check,
            )
    finally:
        give_memory_back()
