"""Jobs beside a run: what a network says of single images, which learning rate suits it, which batches fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.project import Project
from cnn_studio.app.threads import give_memory_back
from cnn_studio.app.training import Report, check_memory, check_ready, fitted_document, layer_plans
from cnn_studio.app.tuned import remembered_tuning, tuning_key
from cnn_studio.core.errors import Cancelled, DataError, NetworkError
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import infer_shapes

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.engine.predict import Guess


@dataclass(frozen=True, slots=True)
class Tried:
    """What a network says of one image file.

    Attributes:
        file: the image.
        seen: uint8 [C, H, W], as the network gets it; None if it cannot be read.
        guesses: the likeliest classes, the likeliest first.
        error: why it could not be tried, or nothing.
    """

    file: Path
    seen: np.ndarray | None = field(default=None, repr=False)
    guesses: tuple[Guess, ...] = ()
    error: str = ""


def as_trained(project: Project, data: ImageData) -> Project:
    """Return a project as a run trains it: with as many outputs as there are classes, and what was measured.

    Args:
        project: a snapshot; it stays as it is.
        data: the images of the run.
    """
    return replace(project, document=fitted_document(project.document, data, lambda _: None))


def try_images(
    project: Project,
    files: Sequence[Path],
    report: Report,
    cancelled: Callable[[], bool] = lambda: False,
    top: int = 5,
) -> None:
    """Report a `Tried` for each image file, in order; a file that is no image does not hold up the others.

    Args:
        project: a snapshot with trained weights.
        files: the images.
        report: called with each result, in this thread.
        cancelled: asked before each file.
        top: how many classes per image.

    Raises:
        NetworkError: the network has errors, no weights, or no mean and deviation to normalise with.
        Cancelled: `cancelled` said yes.
    """
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.datasets.decode import read_image
    from cnn_studio.engine.predict import predict

    document = project.document
    check_ready(infer_shapes(document))
    info = document.info
    if not len(project.weights) or info.preprocessing.mean is None or info.preprocessing.std is None:
        raise NetworkError(
            "This network has not been trained yet, so there is nothing to try. Train it first."
        )
    weights = {key: torch.tensor(array) for key, array in project.weights.to_state(document).items()}
    module = lower(document, weights=weights)
    entry = next(layer.params for layer in document.layers.values() if layer.type == "input")
    size = entry["height"], entry["width"], entry["channels"]
    for file in files:
        if cancelled():
            raise Cancelled
        try:
            seen = read_image(file, *size, info.preprocessing)
        except DataError as error:
            report(Tried(file, error=str(error)))
            continue
        (guesses,) = predict(
            module, seen[None], info.preprocessing.mean, info.preprocessing.std, info.labels, top, info.scores
        )
        report(Tried(file, seen, tuple(guesses)))


def find_learning_rate(
    project: Project, data: ImageData, report: Report, cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Report the steps of a range test on a copy of the network, and what it suggests at the end.

    Raises:
        NetworkError: the network has errors.
        RunError: it cannot be trained with these settings.
    """
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.engine.rate_finder import find_rate

    document, settings = as_trained(project, data).document, project.settings
    check_ready(infer_shapes(document))
    goes_on = settings.start == "trained" and len(project.weights)
    weights = (
        {key: torch.tensor(array) for key, array in project.weights.to_state(document).items()}
        if goes_on
        else {}
    )
    module = lower(document, weights=weights, seed=settings.seed)
    given = document.info.preprocessing
    events = find_rate(
        module,
        data,
        settings,
        plans=layer_plans(document),
        normalisation=(given.mean or data.mean, given.std or data.std),
        cancelled=cancelled,
    )
    for event in events:
        report(event)


def find_largest_batch(
    project: Project, data: ImageData, report: Report, cancelled: Callable[[], bool] = lambda: False
) -> None:
    """Report how fast batches of several sizes are on a copy of the network, and the largest that fits at the end.

    Raises:
        NetworkError: the network has errors.
        RunError: it cannot be trained with these settings, or not even the smallest batch fits.
        Cancelled: `cancelled` said yes.
    """
    from cnn_studio.compiler import lower
    from cnn_studio.engine.largest_batch import find_largest_batch as search

    def check() -> None:
        if cancelled():
            raise Cancelled

    document, settings = as_trained(project, data).document, project.settings
    shapes = infer_shapes(document)
    check_ready(shapes)
    check_memory(shapes, settings.model_copy(update={"batch_size": 1}))
    _, channels, height, width = data.train.images.shape
    events = search(
        lower(document, seed=settings.seed),
        (channels, height, width),
        settings,
        num_classes=len(data.classes),
        num_images=len(data.train),
        plans=layer_plans(document),
        tuning=_known_tuning(document, settings) if settings.speed == "auto" else None,
        check=check,
        give_back=give_memory_back,
    )
    for event in events:
        report(event)


def _known_tuning(document: NetworkDocument, settings: TrainSettings) -> Tuning | None:
    """Return how an earlier run of this network found it fastest to compute, or None."""
    from cnn_studio.engine.device import describe_device, pick_device

    device = describe_device(pick_device(settings.device))
    keys = (tuning_key(document, settings, device, is_long=is_long) for is_long in (False, True))
    return next(filter(None, map(remembered_tuning, keys)), None)
