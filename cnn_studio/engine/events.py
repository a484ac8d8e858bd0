"""What a run reports, as frozen values. Images are counted, times are seconds, accuracies are fractions of 1.

Which events come when (`T` is an optional `TuningStarted` with its `SpeedTuned`, `R` `RunStarted`, `B` a `BatchDone`, `G` an optional
`GradientsMeasured`, `M` an optional `ResourcesMeasured`, `L` a `RateChanged`, `E` an `EpochDone`, `W`
`WeightsMeasured`, `K` a `CheckpointReady`, `P` `RunPaused`, `C` `RunContinued`,
where weights were asked for an `EpochWeights` right after `E`, `F` `RunFinished`, the last one,
always and exactly once):

| a run that ...           | reports                                | `F.status`    |
|--------------------------|----------------------------------------|---------------|
| goes to its end          | T R (B G? M? K?)* E W K ... E W K F    | ``done``      |
| is paused and goes on    | T R ... B K P C B ... E W K F          | ``done``      |
| gets another rate        | T R ... B L B ... E W K F              | ``done``      |
| takes one step in pause  | T R ... B K P B K P C ... F            | ``done``      |
| is stopped               | T R ... B F                            | ``stopped``   |
| is stopped while paused  | T R ... B K P F                        | ``stopped``   |
| is stopped for good      | T R ... B F, without weights           | ``discarded`` |
| is interrupted           | T R ... B K F                          | ``interrupted`` |
| fails after its start    | T R ... F                              | ``failed``    |
| cannot start             | F                                      | ``failed``    |
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import numpy as np
    import torch

    from cnn_studio.engine.checkpoint import Checkpoint

Status = Literal["done", "stopped", "discarded", "interrupted", "failed"]
"""``discarded`` keeps nothing; ``interrupted`` ended because the program had to, and can be resumed."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the steps of a run compute; part of what makes a run exact, so it is kept and used again on resume.

    Attributes:
        channels_last: whether feature maps lie in memory pixel by pixel, not map by map.
        precision: of the forward and backward pass; weights are always float32.
        threads: of the CPU.
        fused: whether the optimizer moves a group of weights in one kernel.
        compiled: whether torch.compile made one program of the network.
        cut_kernels: whether convolutions leave out the weights that can only meet padding.
        images_per_second: as measured; 0 where nothing was measured.
        baseline: images per second of plain float32, measured beside it; 0 where nothing was measured.
    """

    channels_last: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 0
    fused: bool = False
    compiled: bool = False
    cut_kernels: bool = False
    images_per_second: float = 0.0
    baseline: float = 0.0


def describe_tuning(tuning: Tuning) -> str:
    """Return the way of computing in words, such as ``bfloat16, channels-last``."""
    parts: list[str] = [tuning.precision]
    if tuning.channels_last:
        parts.append("channels-last")
    if tuning.cut_kernels:
        parts.append("cut kernels")
    if tuning.fused:
        parts.append("fused optimizer")
    if tuning.compiled:
        parts.append("compiled")
    return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class TuningStarted:
    """The fastest way to compute this network on this machine is being measured."""


@dataclass(frozen=True, slots=True)
class FrontComputed:
    """The part of the network that gives the same in every step is being computed once, or was.

    Attributes:
        done, total: images.
        layers: how many layers with weights are in it.
        num_bytes: that its results take, in memory or on disk.
    """

    done: int
    total: int
    layers: int
    num_bytes: int


@dataclass(frozen=True, slots=True)
class SpeedTuned:
    """The fastest way to compute this network on this machine was measured, or was known from before.

    Attributes:
        tuning: the choice.
        measured: images per second of every candidate, in words such as ``channels-last``; plain float32 alone or
            nothing where the run is too short for measuring to pay.
        remembered: whether it was known from an earlier run.
        is_cut_short: whether the time for measuring was over before every way was measured; a longer run may know better.
    """

    tuning: Tuning
    measured: tuple[tuple[str, float], ...] = ()
    remembered: bool = False
    is_cut_short: bool = False


@dataclass(frozen=True, slots=True)
class RunStarted:
    """The network is built and the data is ready."""

    device: str
    threads: int
    precision: str  # such as ``float32`` or ``bfloat16, channels-last``
    num_epochs: int
    steps_per_epoch: int
    num_train: int
    num_val: int
    num_test: int
    total_params: int
    trainable_params: int
    learning_rate: float = 0.0  # that the schedule starts from; of a resumed run as it was changed last


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
    """Gradients and steps of the layers with parameters that learn, in the order of the network.

    Attributes:
        norms: Euclidean norm of the loss gradient by layer path.
        ratios: norm of the step divided by the norm of the weights, by layer path: how fast a layer changes. About
            0.001 is healthy; far below, the layer hardly learns.
    """

    step: int
    norms: tuple[tuple[str, float], ...]
    ratios: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class ResourcesMeasured:
    """Speed and memory of the last moments.

    Attributes:
        seconds: training time so far.
        images_per_second: over the time since the last measurement.
        memory: bytes that the process holds; on a GPU those that it holds there.
    """

    step: int
    seconds: float
    images_per_second: float
    memory: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """How the weights of one layer are spread: `counts` of equally wide bins from `low` to `high`."""

    path: str
    low: float
    high: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class WeightsMeasured:
    """The weights of every layer that has some, after an epoch."""

    step: int
    epoch: int
    histograms: tuple[Histogram, ...]


@dataclass(frozen=True, slots=True)
class RateChanged:
    """From this step on the run has another learning rate; the schedule goes on from it."""

    step: int
    learning_rate: float


@dataclass(frozen=True, slots=True)
class CheckpointReady:
    """Everything that is needed to go on from here; valid only until the next event is asked for."""

    checkpoint: Checkpoint = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class EpochDone:
    """One pass over the training part and the validation after it are done.

    Attributes:
        train_loss, train_accuracy: means over the batches of the epoch, while the weights moved.
        predictions: predicted class per validation image, int64 of shape [N].
        confidences: softmax probability of that class, float32 of shape [N].
        ranks: how many classes were likelier than the true one, int16 of shape [N]; None where nobody counted.
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
    ranks: np.ndarray | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class HeldOutResults:
    """What the kept network says of the test images, in their order; as in `EpochDone`."""

    predictions: np.ndarray = field(repr=False, compare=False)
    confidences: np.ndarray = field(repr=False, compare=False)
    ranks: np.ndarray = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class EpochWeights:
    """The network as it is between two epochs, for whoever asked to see it.

    Attributes:
        epoch: after which.
        weights: as they were validated, copied to the CPU by state-dict key.
    """

    epoch: int
    weights: Mapping[str, torch.Tensor] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class RunPaused:
    """The run waits between two steps.

    Attributes:
        weights: the network as it is now, copied to the CPU by state-dict key, so that it can be tried.
    """

    step: int
    weights: Mapping[str, torch.Tensor] | None = field(default=None, repr=False, compare=False)


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
        smaller_batch: for a run that ran out of memory a batch size that should fit; None otherwise.
        weights: the kept weights on the CPU by state-dict key, or None if there are none.
        test: what they say of the test part, or None where it was not looked at.
    """

    status: Status
    epoch: int
    val_accuracy: float | None
    test_accuracy: float | None
    images_per_second: float
    message: str = ""
    details: str = field(default="", repr=False)
    smaller_batch: int | None = None
    weights: Mapping[str, torch.Tensor] | None = field(default=None, repr=False, compare=False)
    test: HeldOutResults | None = field(default=None, repr=False, compare=False)


Event = (
    TuningStarted
    | SpeedTuned
    | FrontComputed
    | RunStarted
    | BatchDone
    | GradientsMeasured
    | ResourcesMeasured
    | WeightsMeasured
    | RateChanged
    | EpochDone
    | CheckpointReady
    | EpochWeights
    | RunPaused
    | RunContinued
    | RunFinished
)
