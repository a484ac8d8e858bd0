"""Made-up results of an experiment's runs, to see what the rules say of them."""

from __future__ import annotations

import numpy as np

from cnn_studio.app.labs.lab import ArmResult
from cnn_studio.engine.events import EpochDone, GradientsMeasured, RunFinished

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
) -> ArmResult:
    """Return the result of a run that never was."""
    epochs = tuple(
        EpochDone(at, at, loss, 0.5, 1.0, val or 0.0, True, 0.0, _NOTHING, _NOTHING)
        for at, loss in enumerate(losses, 1)
    )
    gradients = () if norms is None else (GradientsMeasured(1, tuple(norms.items())),)
    status = "failed" if failure else "done"
    return ArmResult(
        name,
        RunFinished(status, len(epochs), val, None, 0.0, failure),
        epochs=epochs,
        gradients=gradients,
        num_train=200,
        num_val=num_val,
        num_params=1234,
        seen_accuracy=seen,
    )
