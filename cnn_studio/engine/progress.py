"""What a run keeps count of: where it stands, the best epoch, the sums of the epoch under way, its clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.checkpoint import Position
from cnn_studio.engine.device import describe_device
from cnn_studio.engine.events import RunFinished, RunStarted, Status, Tuning, describe_tuning
from cnn_studio.engine.metrics import Evaluation
from cnn_studio.engine.plan import AppliedPlan
from cnn_studio.engine.readback import StepNumbers
from cnn_studio.engine.schedules import Plateau
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.stopwatch import Stopwatch

if TYPE_CHECKING:
    from cnn_studio.engine.step import StepRunner


@dataclass(frozen=True, slots=True)
class Kept:
    """The best epoch so far and its weights on the CPU."""

    epoch: int
    accuracy: float
    loss: float
    weights: dict[str, Tensor]

    def is_beaten_by(self, validation: Evaluation) -> bool:
        """Whether a validation is better: higher accuracy, then lower loss."""
        return (validation.accuracy, -validation.loss) > (self.accuracy, -self.loss)


class BestEpoch:
    """Remembers the best epoch.

    Attributes:
        kept: the best one, or None before the first validation.
        num_worse: epochs since then.
    """

    def __init__(self) -> None:
        self.kept: Kept | None = None
        self.num_worse = 0

    def take(self, module: nn.Module, epoch: int, validation: Evaluation) -> bool:
        """Note an epoch; return whether it is the best, whose weights are then copied."""
        if self.kept is not None and not self.kept.is_beaten_by(validation):
            self.num_worse += 1
            return False
        weights = copy_of_weights(module, None if self.kept is None else self.kept.weights)
        self.kept = Kept(epoch, validation.accuracy, validation.loss, weights)
        self.num_worse = 0
        return True

    def record(self) -> dict[str, Any] | None:
        """Return all but the weights as a JSON-able record."""
        kept = self.kept
        if kept is None:
            return None
        return {
            "epoch": kept.epoch,
            "accuracy": kept.accuracy,
            "loss": kept.loss,
            "num_worse": self.num_worse,
        }

    def restore(self, record: Mapping[str, Any] | None, weights: Mapping[str, Tensor]) -> None:
        """Take over what `record` gave."""
        if record is not None:
            self.kept = Kept(record["epoch"], record["accuracy"], record["loss"], dict(weights))
            self.num_worse = record["num_worse"]


class EpochSums:
    """Loss and accuracy over the images of an epoch, while the weights move."""

    def __init__(self, record: Mapping[str, Any] | None = None) -> None:
        self._loss = 0.0
        self._num_right = 0
        self._num_images = 0
        if record is not None:
            self._loss, self._num_right, self._num_images = (
                record["loss"],
                record["num_right"],
                record["num_images"],
            )

    def add(self, numbers: StepNumbers) -> None:
        """Add a step."""
        self._loss += numbers.loss * numbers.num_images
        self._num_right += numbers.num_right
        self._num_images += numbers.num_images

    def record(self) -> dict[str, Any]:
        """Return the sums as a JSON-able record."""
        return {"loss": self._loss, "num_right": self._num_right, "num_images": self._num_images}

    @property
    def loss(self) -> float:
        """Mean over the images so far."""
        return self._loss / self._num_images

    @property
    def accuracy(self) -> float:
        """Fraction of the images so far that was right."""
        return self._num_right / self._num_images


class RunState:
    """All that a run is besides its tensors and its settings; a checkpoint holds it.

    Attributes:
        epoch, step: of the step under way or the last one, from 1; 0 before the first.
        batch: batches done of this epoch.
        epoch_is_done: whether the epoch has been validated.
        base_rate: the learning rate that the schedule starts from.
        num_images: images trained on so far.
        watch: training time.
    """

    def __init__(self, learning_rate: float, plateau_patience: int) -> None:
        self.epoch = self.step = self.batch = 0
        self.epoch_is_done = False
        self.base_rate = learning_rate
        self.num_images = 0
        self.watch = Stopwatch()
        self.sums = EpochSums()
        self.plateau = Plateau(plateau_patience)
        self.best = BestEpoch()

    def begin_epoch(self) -> None:
        """Forget the sums of the last epoch; one that was broken off in its middle goes on."""
        if self.epoch_is_done or not self.batch:
            self.batch, self.sums = 0, EpochSums()
        self.epoch_is_done = False

    def first_epoch(self) -> int:
        """Return the number of the epoch that comes next, or that goes on."""
        return self.epoch if self.epoch and not self.epoch_is_done else self.epoch + 1

    def add(self, numbers: StepNumbers) -> None:
        """Count a step."""
        self.num_images += numbers.num_images
        self.sums.add(numbers)

    @property
    def position(self) -> Position:
        """Where the run stands."""
        return Position(self.epoch, self.step, self.batch, self.epoch_is_done)

    def record(self) -> dict[str, Any]:
        """Return everything but the position as a JSON-able record."""
        return {
            "base_rate": self.base_rate,
            "plateau": self.plateau.record(),
            "best": self.best.record(),
            "sums": self.sums.record(),
            "num_images": self.num_images,
            "seconds": self.watch.seconds,
        }

    def tensors(self, module: nn.Module, runner: StepRunner) -> dict[str, Tensor]:
        """Return what a checkpoint holds of tensors: network, optimizer, average and best weights, by part and name."""
        kept = self.best.kept
        parts: dict[str, dict[str, Tensor]] = {
            "model": module.state_dict(),
            "optimizer": runner.optimizer.state(),
            "average": {} if runner.average is None else runner.average.state(),
            "kept": {} if kept is None else kept.weights,
        }
        return {f"{part}.{key}": value for part, found in parts.items() for key, value in found.items()}

    def finished(self, status: Status, module: nn.Module, test: Evaluation | None) -> RunFinished:
        """Return the last event of a run that ends as `status` says, without its message."""
        kept = self.best.kept
        weights = kept.weights if kept is not None else None
        if kept is None and status == "stopped":
            weights = copy_of_weights(module)  # better than nothing to whoever stopped
        if status == "discarded":
            kept = weights = None
        seconds = self.watch.seconds
        return RunFinished(
            status=status,
            epoch=kept.epoch if kept is not None else 0,
            val_accuracy=kept.accuracy if kept is not None else None,
            test_accuracy=test.accuracy if test is not None else None,
            images_per_second=self.num_images / seconds if seconds > 0 else 0.0,
            weights=weights,
            test=test.as_results() if test is not None else None,
        )

    def restore(self, at: Position, record: Mapping[str, Any], kept: Mapping[str, Tensor]) -> None:
        """Take over what a checkpoint holds.

        Args:
            at: where it was made.
            record: what `record` gave.
            kept: weights of the best epoch, by state-dict key.
        """
        self.epoch, self.step, self.batch, self.epoch_is_done = at.epoch, at.step, at.batch, at.epoch_is_done
        self.base_rate, self.num_images = record["base_rate"], record["num_images"]
        self.plateau.restore(record["plateau"])
        self.best.restore(record["best"], kept)
        self.sums = EpochSums(record["sums"])
        self.watch = Stopwatch(record["seconds"])


def run_started(
    module: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    plan: AppliedPlan,
    tuning: Tuning,
    device: torch.device,
    steps_per_epoch: int,
    state: RunState,
) -> RunStarted:
    """Return the event that says what a run is about to do."""
    return RunStarted(
        device=describe_device(device),
        threads=tuning.threads,
        precision=describe_tuning(tuning),
        num_epochs=settings.epochs,
        steps_per_epoch=steps_per_epoch,
        num_train=len(data.train),
        num_val=len(data.val),
        num_test=len(data.test) if data.test is not None else 0,
        total_params=sum(param.numel() for param in module.parameters()),
        trainable_params=sum(param.numel() for group in plan.groups for param in group.params),
        learning_rate=state.base_rate,
    )


def copy_of_weights(module: nn.Module, into: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    """Copy the state dict to the CPU in plain order, into an earlier copy if there is one: two would double the memory."""
    state = module.state_dict()
    if into is None:
        return {key: value.detach().to("cpu", copy=True).contiguous() for key, value in state.items()}
    for key, value in state.items():
        into[key].copy_(value)
    return into
