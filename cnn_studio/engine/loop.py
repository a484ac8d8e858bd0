"""The one training loop: a generator of events that the window, the command line and the tests iterate alike.

It knows no thread: whoever iterates it decides where it runs.
"""

from __future__ import annotations

import math
import traceback
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cnn_studio.core.errors import RunError
from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.device import describe_device, exact_numerics, free_device_memory, pick_device
from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    Event,
    GradientsMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
    Status,
)
from cnn_studio.engine.failures import describe_failure, not_finite
from cnn_studio.engine.metrics import Evaluation, evaluate
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.readback import StepNumbers
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.step import StepRunner
from cnn_studio.engine.stopwatch import Stopwatch

Normalisation = tuple[Sequence[float], Sequence[float]]
"""Mean and standard deviation per channel, of values scaled to 0..1."""


def train(
    module: nn.Module,
    data: ImageData,
    settings: TrainSettings,
    control: RunControl,
    *,
    plans: Iterable[LayerPlan] = (),
    normalisation: Normalisation | None = None,
) -> Iterator[Event]:
    """Train a network and report what happens, in the order that `cnn_studio.engine.events` lists.

    Nothing is raised: an error becomes a `RunFinished` with status ``failed``. Nothing is drawn from PyTorch's
    process-wide random state; before each step every submodule with a method ``reseed(seed)`` is given a seed
    derived from the run's seed, the step and its place among them. Closing the generator ends the run without an
    event.

    Args:
        module: images [B, C, H, W] to logits [B, number of classes]. It belongs to the run until the last
            event: it is trained in place, moves to the run's device, and comes back to the CPU. After a run
            that is done it holds the kept weights.
        data: the images; training and validation part must not be empty.
        settings: how to train.
        control: pause and stop requests, obeyed between steps; a stop also between batches of an evaluation.
        plans: what is frozen and how fast the rest learns; see `apply_plan`.
        normalisation: mean and deviation to use; those of the training part if None.
    """
    run = _Run(module, data, settings, control)
    status: Status = "done"
    message = details = ""
    try:
        yield from run.events(plans, normalisation or (data.mean, data.std))
    except _StopObeyedError:
        status = "stopped"
    except Exception as error:  # noqa: BLE001  whatever a network, data or a device raises ends in an event
        status = "failed"
        message = describe_failure(error, epoch=run.epoch, step=run.step, batch_size=settings.batch_size)
        details = traceback.format_exc()
    finally:
        run.close()
    yield run.finished(status, message, details)


class _StopObeyedError(Exception):
    """Leaves the loop from wherever a stop request was seen."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """The best epoch so far and its weights on the CPU."""

    epoch: int
    accuracy: float
    loss: float
    weights: dict[str, Tensor]

    def is_beaten_by(self, validation: Evaluation) -> bool:
        return (validation.accuracy, -validation.loss) > (self.accuracy, -self.loss)


class _EpochSums:
    """Loss and accuracy over the images of an epoch, while the weights move."""

    def __init__(self) -> None:
        self._loss = 0.0
        self._num_right = 0
        self._num_images = 0

    def add(self, numbers: StepNumbers) -> None:
        self._loss += numbers.loss * numbers.num_images
        self._num_right += numbers.num_right
        self._num_images += numbers.num_images

    @property
    def loss(self) -> float:
        return self._loss / self._num_images

    @property
    def accuracy(self) -> float:
        return self._num_right / self._num_images


class _Run:
    """One pass through `train`.

    Attributes:
        epoch, step: of the step under way or the last one, from 1; 0 before the first.
    """

    def __init__(
        self, module: nn.Module, data: ImageData, settings: TrainSettings, control: RunControl
    ) -> None:
        self.epoch = 0
        self.step = 0
        self._module = module
        self._data = data
        self._settings = settings
        self._control = control
        self._device = torch.device("cpu")
        self._undo = ExitStack()
        self._watch = Stopwatch()
        self._sums = _EpochSums()
        self._num_images = 0
        self._rate = settings.learning_rate
        self._kept: _Kept | None = None
        self._test_accuracy: float | None = None

    def events(self, plans: Iterable[LayerPlan], normalisation: Normalisation) -> Iterator[Event]:
        """Yield all events but the last.

        Raises:
            _StopObeyedError: a stop request was obeyed.
            Exception: whatever a network, data or a device can raise.
        """
        module, data, settings = self._module, self._data, self._settings
        for name, part in (("training", data.train), ("validation", data.val)):
            if not len(part):
                raise RunError(
                    f"The {name} part of {data.name} has no image. Add images or choose another split."
                )
        self._device = pick_device(settings.device)
        # speed "auto" computes like "exact": nothing faster has been measured that it could choose from
        threads = self._undo.enter_context(exact_numerics(self._device))
        module.to(self._device)
        plan = apply_plan(module, plans)
        self._undo.callback(plan.release)
        train_batches = self._batches(data.train, normalisation)
        val_batches = self._batches(data.val, normalisation)
        runner = StepRunner(
            module,
            settings,
            plan.groups,
            self._device,
            num_classes=len(data.classes),
            total_steps=settings.epochs * train_batches.steps_per_epoch,
        )
        yield RunStarted(
            device=describe_device(self._device),
            threads=threads,
            precision="float32",
            num_epochs=settings.epochs,
            steps_per_epoch=train_batches.steps_per_epoch,
            num_train=len(data.train),
            num_val=len(data.val),
            num_test=len(data.test) if data.test is not None else 0,
            total_params=sum(param.numel() for param in module.parameters()),
            trainable_params=sum(param.numel() for group in plan.groups for param in group.params),
        )
        for self.epoch in range(1, settings.epochs + 1):
            yield from self._train_epoch(train_batches, runner)
            yield self._validate(val_batches)
        if self._kept is not None:
            module.load_state_dict(self._kept.weights)
        if data.test is not None and len(data.test):
            self._test_accuracy = self._evaluate(self._batches(data.test, normalisation)).accuracy

    def finished(self, status: Status, message: str, details: str) -> RunFinished:
        """Return the last event; call after `close`."""
        kept = self._kept
        weights = kept.weights if kept is not None else None
        if kept is None and status == "stopped":
            weights = _copy_of_weights(self._module)  # better than nothing to whoever stopped
        seconds = self._watch.seconds
        return RunFinished(
            status=status,
            epoch=kept.epoch if kept is not None else 0,
            val_accuracy=kept.accuracy if kept is not None else None,
            test_accuracy=self._test_accuracy,
            images_per_second=self._num_images / seconds if seconds > 0 else 0.0,
            message=message,
            details=details,
            weights=weights,
        )

    def close(self) -> None:
        """Put everything back that the run changed outside the network, and free the device."""
        self._watch.stop()
        self._undo.close()
        with suppress(
            RuntimeError
        ):  # a GPU that has failed refuses even this, and the first error is the one to tell
            self._module.zero_grad(set_to_none=True)
            self._module.to("cpu")
            free_device_memory(self._device)

    def _batches(self, part: ImagePart, normalisation: Normalisation) -> Batches:
        return Batches(part, *normalisation, self._settings.batch_size, self._device)

    def _train_epoch(self, batches: Batches, runner: StepRunner) -> Iterator[Event]:
        self._module.train()
        self._sums = _EpochSums()
        self._watch.start()
        for images, labels in batches.epoch(self._settings.seed, self.epoch):
            if self._control.stop_requested or self._control.pause_requested:
                yield from self._obey(runner)
            self.step += 1
            try:
                arrived = runner.take(images, labels, self.epoch, self.step)
            except Exception:
                yield from self._report(runner.flush(), runner)  # steps before this one are done and count
                raise
            yield from self._report(arrived, runner)
        yield from self._report(runner.flush(), runner)
        self._watch.stop()

    def _obey(self, runner: StepRunner) -> Iterator[Event]:
        """Wait for as long as a pause lasts; raises when the run should stop."""
        yield from self._report(runner.flush(), runner)
        self._watch.stop()
        while self._control.pause_requested:
            yield RunPaused(self.step)
            self._control.wait_while_paused()
            if not self._control.stop_requested:
                yield RunContinued(self.step)
        if self._control.stop_requested:
            raise _StopObeyedError
        self._watch.start()

    def _report(self, arrived: Iterable[StepNumbers], runner: StepRunner) -> Iterator[Event]:
        for numbers in arrived:
            self._rate = numbers.learning_rate
            if not math.isfinite(numbers.loss):
                where = f"epoch {numbers.epoch}, step {numbers.step}"
                raise self._not_finite("loss", numbers.loss, where)
            self._num_images += numbers.num_images
            self._sums.add(numbers)
            yield BatchDone(
                step=numbers.step,
                epoch=numbers.epoch,
                loss=numbers.loss,
                accuracy=numbers.num_right / numbers.num_images,
                learning_rate=numbers.learning_rate,
                seconds=self._watch.seconds,
            )
            if numbers.norms:
                yield GradientsMeasured(numbers.step, runner.norms_by_layer(numbers))

    def _validate(self, batches: Batches) -> EpochDone:
        validation = self._evaluate(batches)
        if not math.isfinite(validation.loss):
            where = f"the validation after epoch {self.epoch}, step {self.step}"
            raise self._not_finite("validation loss", validation.loss, where)
        is_best = self._kept is None or self._kept.is_beaten_by(validation)
        if is_best:
            weights = _copy_of_weights(self._module, None if self._kept is None else self._kept.weights)
            self._kept = _Kept(self.epoch, validation.accuracy, validation.loss, weights)
        return EpochDone(
            epoch=self.epoch,
            step=self.step,
            train_loss=self._sums.loss,
            train_accuracy=self._sums.accuracy,
            val_loss=validation.loss,
            val_accuracy=validation.accuracy,
            is_best=is_best,
            seconds=self._watch.seconds,
            predictions=validation.predictions,
            confidences=validation.confidences,
        )

    def _not_finite(self, what: str, loss: float, where: str) -> RunError:
        return not_finite(what, loss, where, rate=self._rate, learning_rate=self._settings.learning_rate)

    def _evaluate(self, batches: Batches) -> Evaluation:
        return evaluate(self._module, self._until_stopped(batches.in_order()))

    def _until_stopped(self, batches: Iterator[tuple[Tensor, Tensor]]) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in batches:
            if self._control.stop_requested:
                raise _StopObeyedError
            yield batch


def _copy_of_weights(module: nn.Module, into: dict[str, Tensor] | None = None) -> dict[str, Tensor]:
    """Copy the state dict to the CPU, into an earlier copy if there is one: two would double the memory."""
    state = module.state_dict()
    if into is None:
        return {key: value.detach().to("cpu", copy=True) for key, value in state.items()}
    for key, value in state.items():
        into[key].copy_(value)
    return into
