"""CNN codes of a project's images: from the cache, or computed and kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from cnn_studio.app.code_cache import code_key, find_codes, keep_codes
from cnn_studio.app.jobs import Progress
from cnn_studio.app.project import Project
from cnn_studio.app.threads import give_memory_back
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import NetworkError
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.settings import Speed
from cnn_studio.graph.cutting import CutPoint, Pooling, code_network
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.transfer.code_set import Codes

Report = Callable[[object], None]


@dataclass(frozen=True, slots=True)
class CodesReady:
    """The codes of all images are there.

    Attributes:
        codes: the codes.
        path: of the layer behind which they were taken.
        were_kept: they came from the cache.
    """

    codes: Codes
    path: str
    were_kept: bool


def codes_of(
    project: Project,
    data: ImageData,
    cut: CutPoint,
    report: Report,
    check: Callable[[], None] = lambda: None,
    *,
    pooling: Pooling = "average",
    speed: Speed = "exact",
) -> Codes:
    """Return the codes of a data set's images at a cut.

    Args:
        project: a snapshot of a network with weights.
        data: the images, resized for it.
        cut: of the project's document.
        report: takes `Progress` in images, and `CodesReady` at the end.
        check: called often; may raise to stop.
        pooling: of maps at the cut.
        speed: ``exact`` computes in float32; ``auto`` as is fastest on this machine.

    Raises:
        NetworkError: the network has no weights, or gives codes that are no numbers.
    """
    document = code_network(infer_shapes(project.document), cut, pooling)
    weights = weights_of(project.weights, document)
    normalisation = normalisation_of(document, data)
    key = code_key(document, weights, data, normalisation, speed)
    found = find_codes(key)
    were_kept = found is not None
    if found is None:
        found = _compute(document, weights, data, normalisation, speed, report, check)
        keep_codes(key, found)
    report(CodesReady(found, cut.path, were_kept))
    return found


def weights_of(weights: WeightSet, document: NetworkDocument) -> dict[str, np.ndarray]:
    """Return the weights of a network's layers by state-dict key.

    Raises:
        NetworkError: some are missing or do not fit.
    """
    report = infer_shapes(document)
    missing = weights.misfits(report)
    if missing:
        names = ", ".join(document.layer(layer_id).path for layer_id in missing[:3])
        more = f" and {len(missing) - 3} more" if len(missing) > 3 else ""
        raise NetworkError(
            f"There are no trained weights for {names}{more}, so there is nothing to transfer. Choose a source whose "
            "weights are on this machine, or train the network first."
        )
    return weights.to_state(document)


def normalisation_of(
    document: NetworkDocument, data: ImageData
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean and deviation with which images enter: the network's own, or those measured."""
    given = document.info.preprocessing
    return given.mean or data.mean, given.std or data.std


def _compute(
    document: NetworkDocument,
    weights: dict[str, np.ndarray],
    data: ImageData,
    normalisation: tuple[tuple[float, ...], tuple[float, ...]],
    speed: Speed,
    report: Report,
    check: Callable[[], None],
) -> Codes:
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.datasets.batches import Batches
    from cnn_studio.engine.device import exact_numerics, pick_device
    from cnn_studio.engine.events import Tuning, describe_tuning
    from cnn_studio.engine.folding import fold_norms
    from cnn_studio.engine.forward_tuning import find_forward_tuning
    from cnn_studio.transfer.codes import BATCH, compute_codes

    device = pick_device("auto")
    module = lower(document, weights={key: torch.tensor(array) for key, array in weights.items()}).to(device)
    parts = [part for part in (data.train, data.val, data.test) if part is not None]
    total, done = sum(map(len, parts)), 0

    def tell(count: int) -> None:
        report(Progress("Computing CNN codes", done + count, total))

    try:
        with exact_numerics(device, deterministic=speed == "exact") as threads:
            tuning = Tuning(threads=threads)
            if speed == "auto":
                fold_norms(module.eval())
                images, _ = next(Batches(data.train, *normalisation, BATCH, device).in_order())
                tuning = find_forward_tuning(module, images, device, total, check).tuning
            found = []
            start = time.perf_counter()
            for part in parts:
                found.append(compute_codes(module, part, normalisation, tuning, tell, check))
                done += len(part)
            seconds = time.perf_counter() - start
    finally:
        give_memory_back()
    test = found[2] if data.test is not None else None
    return Codes(found[0], found[1], test, describe_tuning(tuning), total / seconds)


def with_linear(project: Project, document: NetworkDocument, weight: np.ndarray, bias: np.ndarray) -> Project:
    """Return a project whose output layer, a linear one, has given weights; all others are those of `project`.

    Args:
        project: whose weights are taken over.
        document: the network with its head.
        weight, bias: float32 [K, D] and [K].
    """
    output = document.info.output
    if output is None:
        raise NetworkError("The network has no output for the classifier's weights.")
    state = project.weights.to_state(document)
    head = document.layer(output).path
    state |= {f"{head}.weight": weight, f"{head}.bias": bias}
    return replace(project, document=document, weights=WeightSet.from_state(document, state))
