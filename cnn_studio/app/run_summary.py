"""What the store knows of a run without its curves: one row of the table of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Literal

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.processes import is_alive

RunKind = Literal["training", "linear"]
"""``linear`` is a classifier fitted on CNN codes: it took no steps, so it has neither curves nor checkpoints."""

LINEAR = "a linear classifier that was fitted on CNN codes at once, without epochs"
"""What a run of that kind is, within a sentence."""

SUMMARY_COLUMNS = (
    "id, name, started, status, epoch, val_accuracy, test_accuracy, images_per_second, settings, data, ended, "
    "message, versions, tuning, color, total_epochs, process, "
    "COALESCE(seconds, (SELECT seconds FROM batches WHERE run = runs.id ORDER BY step DESC LIMIT 1)), kind, proof"
)
"""Of the table ``runs``, as `summary_of` takes them."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """One row of the table of runs.

    Attributes:
        status: ``running``, or how it ended; a run whose program is gone reads ``interrupted``.
        settings, data: the records of `TrainSettings` and `DataSource`; of a linear classifier what it was fitted with.
        versions: of the program and its libraries, and the device.
        tuning: the record of `Tuning`, or None if nothing was measured.
        color: chosen by the user, as ``#rrggbb``, or nothing.
        seconds: of training alone, up to the last recorded batch, None before the first; of a linear classifier from the
            images in memory to the result.
        can_resume: whether there is a checkpoint to go on from.
        kind: whether it was trained in steps or fitted at once.
        frozen_proof: that frozen layers stayed as they were; None where nothing was frozen, or not yet.
    """

    id: int
    name: str
    started: float
    status: str
    epoch: int | None
    val_accuracy: float | None
    test_accuracy: float | None
    images_per_second: float | None
    settings: dict[str, Any]
    data: dict[str, Any]
    ended: float | None = None
    message: str = ""
    versions: dict[str, Any] = field(default_factory=dict)
    tuning: dict[str, Any] | None = None
    color: str = ""
    total_epochs: int | None = None
    can_resume: bool = False
    seconds: float | None = None
    kind: RunKind = "training"
    frozen_proof: FreezeProof | None = None


@dataclass(frozen=True, slots=True)
class EpochRow:
    """The numbers of one finished epoch; accuracies are fractions of 1."""

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float


@dataclass(frozen=True, slots=True)
class RunNote:
    """Something that was done to a run: ``rate`` or ``pause``."""

    step: int
    kind: str
    text: str


def summary_of(row: tuple[Any, ...], *, has_checkpoint: bool) -> RunSummary:
    """Return a run from its `SUMMARY_COLUMNS`."""
    status = row[3]
    if status == "running" and not is_alive(row[16]):
        status = "interrupted"
    return RunSummary(
        id=row[0],
        name=row[1],
        started=row[2],
        status=status,
        epoch=row[4],
        val_accuracy=row[5],
        test_accuracy=row[6],
        images_per_second=row[7],
        settings=json.loads(row[8]),
        data=json.loads(row[9]),
        ended=row[10],
        message=row[11] or "",
        versions=json.loads(row[12]),
        tuning=json.loads(row[13]) if row[13] else None,
        color=row[14],
        total_epochs=row[15],
        can_resume=status in {"interrupted", "stopped", "failed"} and has_checkpoint,
        seconds=row[17],
        kind=row[18],
        frozen_proof=FreezeProof.from_record(json.loads(row[19])) if row[19] else None,
    )
