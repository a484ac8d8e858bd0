"""Proof that frozen layers stayed bit for bit as they were: fingerprints of their tensors before and after a run."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

_SHOWN_DIGITS = 8
_NAMED = 3


@dataclass(frozen=True, slots=True)
class FreezeProof:
    """Fingerprints of all parameters and buffers of frozen layers.

    Attributes:
        num_layers, num_tensors: what they cover.
        before, after: SHA-256 over names, shapes and bytes.
        changed: paths of the layers that did not stay as they were.
    """

    num_layers: int
    num_tensors: int
    before: str
    after: str
    changed: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether nothing changed by a bit."""
        return self.before == self.after

    @property
    def text(self) -> str:
        """The proof in one line."""
        tensors = f"{self.num_tensors:,} tensor{'s' if self.num_tensors > 1 else ''}"
        if self.holds:
            return f"Frozen: {tensors} unchanged (SHA-256 {self.before[:_SHOWN_DIGITS]}…)"
        named = ", ".join(self.changed[:_NAMED])
        more = f" and {len(self.changed) - _NAMED:,} more" if len(self.changed) > _NAMED else ""
        return (
            f"Frozen, but changed: {named}{more}, of {tensors} (SHA-256 {self.before[:_SHOWN_DIGITS]}… before, "
            f"{self.after[:_SHOWN_DIGITS]}… after). This is a fault of the program: do not use these weights as if those "
            "layers were the old ones."
        )

    def record(self) -> dict[str, Any]:
        """Return it as a JSON-able record."""
        return asdict(self) | {"holds": self.holds}

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> FreezeProof:
        """Return what `record` made a record of."""
        return cls(
            record["num_layers"],
            record["num_tensors"],
            record["before"],
            record["after"],
            tuple(record.get("changed", ())),
        )


@dataclass(frozen=True, slots=True)
class FrozenState:
    """Fingerprints of frozen layers at one moment.

    Attributes:
        layers: SHA-256 of each layer's tensors, by path.
        num_tensors: how many there are.
    """

    layers: Mapping[str, str]
    num_tensors: int

    @property
    def digest(self) -> str:
        """SHA-256 of all of them."""
        found = hashlib.sha256()
        for path in sorted(self.layers):
            found.update(f"{path}\0{self.layers[path]}\0".encode())
        return found.hexdigest()


def frozen_state(frozen: Collection[str], state: Mapping[str, np.ndarray]) -> FrozenState:
    """Return the fingerprints of some layers.

    Args:
        frozen: paths of the layers.
        state: tensors by state-dict key: a layer's path with the tensor's name, or the path itself.
    """
    import numpy as np  # here alone: the window shows proofs before anything heavy is loaded

    layers: dict[str, hashlib._Hash] = {}
    count = 0
    for key in sorted(state):
        path = layer_of(key, frozen)
        if path is not None:
            array = state[key]
            found = layers.setdefault(path, hashlib.sha256())
            found.update(f"{key}{array.shape}{array.dtype}".encode())
            found.update(np.ascontiguousarray(array).reshape(-1).data)
            count += 1
    return FrozenState({path: found.hexdigest() for path, found in layers.items()}, count)


def layer_of(key: str, paths: Collection[str]) -> str | None:
    """Return the layer among `paths` that a tensor belongs to, or None."""
    while key:
        if key in paths:
            return key
        key = key.rpartition(".")[0]
    return None


def prove(before: FrozenState, after: FrozenState) -> FreezeProof | None:
    """Return the proof for the layers of `before`; None if there are none."""
    if not before.layers:
        return None
    changed = tuple(path for path, digest in before.layers.items() if after.layers.get(path) != digest)
    now = FrozenState({path: after.layers.get(path, "") for path in before.layers}, before.num_tensors)
    return FreezeProof(len(before.layers), before.num_tensors, before.digest, now.digest, changed)
