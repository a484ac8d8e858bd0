"""What a run reports, as frozen values. Images are counted, times are seconds, accuracies are fractions of 1.

Which events come when (`R` is `RunStarted`, `B` a `BatchDone`, `G` an optional `GradientsMeasured`, `E` an
`EpochDone`, `P` `RunPaused`, `C` `RunContinued`, `F` `RunFinished`, the last one, always and exactly once):

| a run that ...          | reports                          | `F.status`   |
|-------------------------|----------------------------------|--------------|
| goes to its end         | R (B G?)* E ... (B G?)* E F      | ``done``     |
| is paused and goes on   | R ... B P C B ... E F            | ``done``     |
| is stopped              | R ... B F                        | ``stopped``  |
| is stopped while paused | R ... B P F                      | ``stopped``  |
| fails after its start   | R ... F                          | ``failed``   |
| cannot start            | F                                | ``failed``   |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch

Status = Literal["done", "stopped", "failed"]


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The network is built and the data is ready."""

    device: str
    threads: int
    precision: str  # such as ``float32``
    num_epochs: int
    steps_per_epoch: int
    num_train: int
    num_val: int
    num_test: int
    total_params: int
    trainable_params: int


@dataclass(frozen=True, slots=True)
class BatchDone:
    """One optimizer step is done.

    Attributes:
        step: counts from 1 over the whole run.
        epoch: counts from 1.
        loss: mean cross-entropy of this batch before the step.
        accuracy: fraction of this batch that was right before the step.
        learning_rate: rate used in this step (of layers with factor 1).
        seconds: training time so far, pauses and validation left out.
    """

    step: int
    epoch: int
    loss: float
    accuracy: float
    learning_rate: float
    seconds: float


@dataclass(frozen=True, slots=True)
class GradientsMeasured:
    """Euclidean norm of the loss gradient per layer with parameters, in the order of the network."""

    step: int
    norms: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class EpochDone:
    """One pass over the training part and the validation after it are done.

    Attributes:
        train_loss, train_accuracy: means over the batches of the epoch, while the weights moved.
        predictions: predicted class per validation image, int64 of shape [N].
        confidences: softmax probability of that class, float32 of shape [N].
        is_best: whether this is the best epoch so far (validation accuracy, then loss).
    """

    epoch: int
    step: int
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    is_best: bool
    seconds: float
    predictions: np.ndarray = field(repr=False, compare=False)
    confidences: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RunPaused:
    """The run waits between two steps."""

    step: int


@dataclass(frozen=True, slots=True)
class RunContinued:
    """The run goes on after a pause."""

    step: int


@dataclass(frozen=True, slots=True)
class RunFinished:
    """The last event of every run.

    Attributes:
        epoch: the epoch whose weights are kept, 0 if none was finished.
        val_accuracy: of the kept weights; None before the first validation.
        test_accuracy: of the kept weights, measured once at the end of a run that is done; None without a
            test part.
        images_per_second: training only: no validation, no pauses, no set-up.
        message: for ``failed`` the sentence that says what happened and what to do.
        details: for ``failed`` the traceback.
        weights: the kept weights on the CPU by state-dict key, or None if there are none.
    """

    status: Status
    epoch: int
    val_accuracy: float | None
    test_accuracy: float | None
    images_per_second: float
    message: str = ""
    details: str = field(default="", repr=False)
    weights: Mapping[str, torch.Tensor] | None = field(default=None, repr=False, compare=False)


Event = RunStarted | BatchDone | GradientsMeasured | EpochDone | RunPaused | RunContinued | RunFinished
