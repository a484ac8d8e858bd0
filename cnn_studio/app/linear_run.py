"""A linear classifier on CNN codes as a kept run: it took no steps, so its settings are what it was fitted with."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import Project
from cnn_studio.app.run_recorder import RunRecorder
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import Report, StoreFailed
from cnn_studio.core.errors import StorageError
from cnn_studio.datasets.digest import data_digest
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.events import RunFinished
from cnn_studio.transfer.code_set import Codes
from cnn_studio.transfer.recipe import TransferRecipe


def linear_settings(recipe: TransferRecipe, cut: str, codes: Codes, c: float) -> dict[str, Any]:
    """Return what a linear classifier was fitted with, JSON-able.

    Args:
        recipe: all answers.
        cut: path of the layer whose result the codes are.
        codes: what it was fitted on.
        c: scikit-learn's C that cross-validation chose.
    """
    found: dict[str, Any] = {
        "strategy": recipe.strategy,
        "source": recipe.source,
        "cut": cut,
        "pooling": recipe.head.pooling,
        "code_size": codes.size,
        "c": c,
        "balanced": recipe.balanced,
        "seed": recipe.training.seed,
        "codes": codes.how,
    }
    return found | {"weights": recipe.weights} if recipe.weights else found


def keep_linear(
    store: RunStore | None,
    project: Project,
    settings: Mapping[str, Any],
    data: ImageData,
    finished: RunFinished,
    seconds: float,
    proof: FreezeProof | None,
    report: Report,
) -> int | None:
    """Keep a linear classifier among the runs, and return its number; None, and say so, where it cannot be kept.

    Args:
        store: where; the user's own if None.
        project: the network with the classifier in it.
        settings: see `linear_settings`.
        data: the images.
        finished: how good it is.
        seconds: from the images in memory to the result.
        proof: that the layers below it stayed as they were.
        report: hears `StoreFailed`.
    """
    from cnn_studio.engine.device import describe_device, pick_device

    store = store or RunStore()
    device = describe_device(pick_device("auto"))
    recorder: RunRecorder | None = None
    try:
        recorder = store.start_linear(project, settings, time.time() - seconds, data_digest(data), device)
        recorder.finish(finished, project, proof, seconds)
    except StorageError as error:
        if recorder is not None:
            with contextlib.suppress(StorageError):
                store.forget(recorder.run)
        report(StoreFailed(f"This result will not be kept among the runs: {error}"))
        return None
    return recorder.run
