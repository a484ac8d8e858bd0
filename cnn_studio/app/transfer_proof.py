"""What a transfer did to the weights it began with: proof that frozen layers stayed, and how far the others moved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cnn_studio.app.freeze_proof import FreezeProof, frozen_state, layer_of, prove
from cnn_studio.app.project import Project


@dataclass(frozen=True, slots=True)
class Moved:
    """How far a layer's parameters moved.

    Attributes:
        path: of the layer.
        change: length of the difference over the length of what was there before; 0 for frozen layers.
    """

    path: str
    change: float


def prove_frozen(before: Project, after: Project) -> FreezeProof | None:
    """Return the proof for the layers that are frozen in `after` and had weights in `before`; None if there are none."""
    document = after.document
    frozen = {layer.path for layer in document.layers.values() if not layer.trainable}
    return prove(
        frozen_state(frozen, before.weights.to_state(document)),
        frozen_state(frozen, after.weights.to_state(document)),
    )


def measure_moves(before: Project, after: Project) -> tuple[Moved, ...]:
    """Return how far each layer moved that had weights before, in the order of the network."""
    old, new = before.weights.to_state(after.document), after.weights.to_state(after.document)
    sums: dict[str, list[float]] = {}
    for key, array in old.items():
        other = new.get(key)
        if other is None or other.shape != array.shape or _is_buffer(key):
            continue
        found = sums.setdefault(layer_of(key, after.document.paths) or key, [0.0, 0.0])
        found[0] += float(np.sum((other.astype(np.float64) - array) ** 2))
        found[1] += float(np.sum(array.astype(np.float64) ** 2))
    return tuple(
        Moved(path, (moved / length) ** 0.5 if length else float(moved > 0))
        for path, (moved, length) in sums.items()
    )


def _is_buffer(key: str) -> bool:
    return key.rpartition(".")[2] in {"running_mean", "running_var", "num_batches_tracked"}
