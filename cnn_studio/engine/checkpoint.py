"""Where a run stands, complete: what follows from a checkpoint is bit for bit what would have followed anyway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from torch import Tensor

from cnn_studio.core.errors import FileFormatError
from cnn_studio.engine.events import Tuning

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class Position:
    """A place between two steps.

    Attributes:
        epoch: the epoch under way or just finished, from 1.
        step: steps done in the whole run.
        batch: batches done of this epoch; that of a finished epoch is over.
        epoch_is_done: whether the epoch has been validated.
    """

    epoch: int
    step: int
    batch: int
    epoch_is_done: bool


@dataclass(frozen=True)
class Checkpoint:
    """The state of a run between two steps.

    Attributes:
        position: where.
        tuning: how the steps compute.
        record: all numbers beside the tensors, JSON-able.
        tensors: by ``model.<key>``, ``optimizer.<key>``, ``average.<name>`` and ``kept.<key>``. A checkpoint that a
            run hands out shares them with the run; it must be written before the run goes on.
    """

    position: Position
    tuning: Tuning
    record: Mapping[str, Any]
    tensors: Mapping[str, Tensor] = field(repr=False)

    def part(self, name: str) -> dict[str, Tensor]:
        """Return the tensors of one part, such as ``model``, by their names in it."""
        start = f"{name}."
        return {key[len(start) :]: value for key, value in self.tensors.items() if key.startswith(start)}

    def to_record(self) -> dict[str, Any]:
        """Return everything but the tensors as a JSON-able record."""
        return {
            "schema": SCHEMA,
            "position": asdict(self.position),
            "tuning": asdict(self.tuning),
            "record": dict(self.record),
        }

    @classmethod
    def from_record(cls, record: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Checkpoint:
        """Return the checkpoint of a record that `to_record` gave.

        Raises:
            FileFormatError: the record is of another version or incomplete.
        """
        if record.get("schema") != SCHEMA:
            raise FileFormatError(
                "The checkpoint was written by another version of this program, so the run cannot go on from it. "
                "Repeat the run instead."
            )
        try:
            return cls(
                Position(**record["position"]),
                Tuning(**record["tuning"]),
                dict(record["record"]),
                dict(tensors),
            )
        except (KeyError, TypeError) as error:
            raise FileFormatError(
                f"The checkpoint is incomplete ({error}). Repeat the run instead."
            ) from error
