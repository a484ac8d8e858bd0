"""What a transfer did to the weights it began with: proof that frozen layers stayed, and how far the others moved."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from cnn_studio.app.project import Project


@dataclass(frozen=True, slots=True)
class FreezeProof:
    """Fingerprints of all parameters and buffers of frozen layers.

    Attributes:
        num_layers, num_tensors: what they cover.
        before, after: SHA-256 over names, shapes and bytes.
    """

    num_layers: int
    num_tensors: int
    before: str
    after: str

    @property
    def holds(self) -> bool:
        """Whether nothing changed by a bit."""
        return self.before == self.after


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
    old, new = before.weights.to_state(after.document), after.weights.to_state(after.document)
    frozen = {layer.path for layer in after.document.layers.values() if not layer.trainable}
    keys = sorted(key for key in old if _path_of(key, after) in frozen)
    if not keys:
        return None
    layers = {_path_of(key, after) for key in keys}
    return FreezeProof(len(layers), len(keys), _digest(keys, old), _digest(keys, new))


def _path_of(key: str, project: Project) -> str:
    return key if key in project.document.paths else key.rpartition(".")[0]


def _digest(keys: Iterable[str], state: dict[str, np.ndarray]) -> str:
    found = hashlib.sha256()
    for key in keys:
        array = state.get(key)
        if array is not None:
            found.update(f"{key}{array.shape}{array.dtype}".encode())
            found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def measure_moves(before: Project, after: Project) -> tuple[Moved, ...]:
    """Return how far each layer moved that had weights before, in the order of the network."""
    old, new = before.weights.to_state(after.document), after.weights.to_state(after.document)
    sums: dict[str, list[float]] = {}
    for key, array in old.items():
        other = new.get(key)
        if other is None or other.shape != array.shape or _is_buffer(key):
            continue
        found = sums.setdefault(_path_of(key, after), [0.0, 0.0])
        found[0] += float(np.sum((other.astype(np.float64) - array) ** 2))
        found[1] += float(np.sum(array.astype(np.float64) ** 2))
    return tuple(
        Moved(path, (moved / length) ** 0.5 if length else float(moved > 0))
        for path, (moved, length) in sums.items()
    )


def _is_buffer(key: str) -> bool:
    return key.rpartition(".")[2] in {"running_mean", "running_var", "num_batches_tracked"}
