"""Made-up results of an experiment's runs, to see what the rules say of them."""

from __future__ import annotations

import numpy as np

from cnn_studio.app.labs.lab import ArmResult
from cnn_studio.app.project import Project
from cnn_studio.app.weights import WeightSet
from cnn_studio.engine.events import EpochDone, GradientsMeasured, RunFinished
from tests.helpers.networks import chain

_NOTHING = np.zeros(0)


def made_up(
    name: str,
    val: float | None = 0.9,
    *,
    seen: float | None = None,
    losses: tuple[float, ...] = (),
    norms: dict[str, float] | None = None,
    failure: str = "",
    num_val: int = 1000,
    epoch: int | None = None,
    weight: float | None = None,
) -> ArmResult:
    """Return the result of a run that never was."""
    epochs = tuple(
        EpochDone(at, at, loss, 0.5, 1.0, val or 0.0, True, 0.0, _NOTHING, _NOTHING)
        for at, loss in enumerate(losses, 1)
    )
    gradients = () if norms is None else (GradientsMeasured(1, tuple(norms.items())),)
    status = "failed" if failure else "done"
    project = None
    if weight is not None:
        document = chain((1, 1, 1), ("flatten", "flatten", {}), ("fc", "linear", {"out_features": 1}))
        state = {"fc.weight": np.full((1, 1), weight), "fc.bias": np.zeros(1)}
        project = Project(document, weights=WeightSet.from_state(document, state))
    return ArmResult(
        name,
        RunFinished(status, len(epochs) if epoch is None else epoch, val, None, 0.0, failure),
        epochs=epochs,
        gradients=gradients,
        num_train=200,
        num_val=num_val,
        num_params=1234,
        seen_accuracy=seen,
        project=project,
    )
