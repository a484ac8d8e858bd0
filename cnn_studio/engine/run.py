"""One pass through the training loop: epochs of steps and validations, and what may come between."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnn_studio.core.errors import RunError
from cnn_studio.datasets.batches import Batches
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.blame import find_culprit
from cnn_studio.engine.checkpoint import Checkpoint
from cnn_studio.engine.computing import Computing, Features
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.device import exact_numerics, free_device_memory, pick_device
from cnn_studio.engine.events import (
    BatchDone,
    CheckpointReady,
    EpochDone,
    EpochWeights,
    Event,
    GradientsMeasured,
    RateChanged,
    ResourcesMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    Status,
    Tuning,
    TuningStarted,
    WeightsMeasured,
)
from cnn_studio.engine.failures import not_finite
from cnn_studio.engine.front import (
    FeatureBatches,
    FrontSplit,
    Kept,
    compute_front,
    find_front_tuning,
    split_front,
)
from cnn_studio.engine.gradients import weight_histograms
from cnn_studio.engine.losses import class_weights
from cnn_studio.engine.metrics import Evaluation, evaluate
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.progress import RunState, copy_of_weights, run_started
from cnn_studio.engine.readback import StepNumbers
from cnn_studio.engine.resources import MemoryGuard, SpeedMeter, held_memory
from cnn_studio.engine.schedules import SchedulePoint, rate_factor
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.step import NotFiniteError, StepRunner
from cnn_studio.engine.tuning import find_tuning

_HELD = ("_runner", "_computing", "_whole", "_images", "_train_batches", "_val_batches")
_CHECKPOINT_SHARE = 20
"""A checkpoint after an epoch is left out while the last one is younger than this many times what it took to write."""


class StopObeyedError(Exception):
    """Leaves the loop from wherever a stop request was seen."""


class Run:
    """One pass through `cnn_studio.engine.loop.train`.

    Attributes:
        state: where it stands.
    """

    def __init__(
        self, module: nn.Module, data: ImageData, settings: TrainSettings, control: RunControl
    ) -> None:
        self.state = RunState(settings.learning_rate, settings.plateau_patience)
        self._module = module
        self._data = data
        self._settings = settings
        self._control = control
        self._device = torch.device("cpu")
        self._undo = ExitStack()
        self._rate = settings.learning_rate  # of the step under way
        self._steps_per_epoch = 1
        self._test: Evaluation | None = None
        self._speed = SpeedMeter()
        self._checkpointed_at = time.monotonic()
        self._checkpoint_took = 0.0
        self._is_stepping = False

    # ---------------------------------------------------------------------------------------------------- the run

    def events(
        self,
        plans: Iterable[LayerPlan],
        normalisation: tuple[Sequence[float], Sequence[float]],
        tuning: Tuning | None,
        resume: Checkpoint | None,
    ) -> Iterator[Event]:
        """Yield all events but the last.

        Raises:
            StopObeyedError: a stop request was obeyed.
            Exception: whatever a network, data or a device can raise.
        """
        module, data, settings = self._module, self._data, self._settings
        for name, part in (("training", data.train), ("validation", data.val)):
            if not len(part):
                raise RunError(
                    f"The {name} part of {data.name} has no image. Add some or choose another split."
                )
        plans = tuple(plans)
        self._device = pick_device(settings.device)
        self._guard = MemoryGuard(self._device, settings.batch_size)
        threads = self._undo.enter_context(exact_numerics(self._device, deterministic=settings.deterministic))
        self._train_batches: Batches | FeatureBatches
        self._val_batches: Batches | FeatureBatches
        self._images = self._train_batches = self._batches(data.train, normalisation, augmented=True)
        self._steps_per_epoch = self._train_batches.steps_per_epoch
        plan = apply_plan(module, plans)
        self._undo.callback(plan.release)
        is_plain = settings.augmentation.is_off and settings.epochs > 1
        split = split_front(module, plan.held) if is_plain else None
        if resume is not None:
            tuning = resume.tuning
        elif tuning is None and settings.speed == "auto":
            tuning = yield from self._tuned(plans, split)
        tuning = tuning or Tuning(settings.channels_last, settings.precision, threads)
        tuning = replace(tuning, threads=tuning.threads or threads)
        torch.set_num_threads(tuning.threads)
        self._computing = self._whole = Computing(module, self._device, tuning)
        self._val_batches = self._batches(data.val, normalisation)
        if split is not None:
            yield from self._compute_front(split, self._val_batches, resume)
        self._runner = StepRunner(
            self._computing,
            settings,
            plan.groups,
            num_classes=len(data.classes),
            class_weights=class_weights(
                settings.class_weights, data.train.labels, len(data.classes), self._device
            ),
        )
        if resume is not None:
            self._restore(resume)
        yield run_started(
            self._module, self._data, settings, plan, tuning, self._device, self._steps_per_epoch, self.state
        )
        yield from self._epochs()
        if self.state.best.kept is not None:
            module.load_state_dict(self.state.best.kept.weights)
        if data.test is not None and len(data.test):
            self._test = self._evaluate(self._batches(data.test, normalisation))

    def _epochs(self) -> Iterator[Event]:
        state, epochs = self.state, self._settings.epochs
        for epoch in range(state.first_epoch(), epochs + 1):
            if 0 < self._settings.early_stop <= state.best.num_worse:
                return
            state.begin_epoch()
            state.epoch = epoch
            yield from self._train_epoch()
            try:
                validated = self._validate()
            except StopObeyedError:
                if self._control.stop_kind == "interrupt":
                    yield from self._checkpoint()  # the epoch's steps are done; only its validation comes again
                raise
            yield validated
            if self._control.take_want_of_weights():
                yield EpochWeights(epoch, self._weights_of_now())
            yield WeightsMeasured(state.step, epoch, weight_histograms(self._module))
            age = time.monotonic() - self._checkpointed_at
            if age > _CHECKPOINT_SHARE * self._checkpoint_took or epoch == epochs:
                yield from self._checkpoint()

    def finished(self, status: Status, message: str, details: str, smaller_batch: int | None) -> RunFinished:
        """Return the last event; call after `close`."""
        end = self.state.finished(status, self._module, self._test)
        return replace(end, message=message, details=details, smaller_batch=smaller_batch)

    def close(self) -> None:
        """Put everything back that the run changed outside the network, and free the device."""
        self.state.watch.stop()
        self._undo.close()
        # a GPU that has failed refuses even this, and the first error is the one to tell
        with suppress(RuntimeError):
            self._module.zero_grad(set_to_none=True)
            self._module.to("cpu")
            for param in self._module.parameters():
                param.data = param.data.contiguous()
        for name in _HELD:  # the optimizer's memory goes with them
            self.__dict__.pop(name, None)
        with suppress(RuntimeError):
            free_device_memory(self._device)

    # ----------------------------------------------------------------------------------------------- setting out

    def _batches(
        self,
        part: ImagePart,
        normalisation: tuple[Sequence[float], Sequence[float]],
        *,
        augmented: bool = False,
    ) -> Batches:
        augmentation = self._settings.augmentation if augmented else None
        return Batches(
            part, *normalisation, self._settings.batch_size, self._device, augmentation=augmentation
        )

    def _tuned(
        self, plans: tuple[LayerPlan, ...], split: FrontSplit | None
    ) -> Generator[Event, None, Tuning]:
        yield TuningStarted()
        batch, check = next(self._images.in_order()), self._stop_if_asked
        num_steps = self._settings.epochs * self._steps_per_epoch
        if split is not None:  # which then takes most of the run's time
            tuned = find_front_tuning(self._module, split, batch[0], self._device, self._data, check)
        else:
            tuned = find_tuning(
                self._module, *batch, self._settings, self._device,
                plans=plans, num_classes=len(self._data.classes), num_steps=num_steps, check=check,
            )  # fmt: skip
        yield tuned
        return tuned.tuning

    def _compute_front(self, split: FrontSplit, val: Batches, resume: Checkpoint | None) -> Iterator[Event]:
        """Compute what stays the same only once, where there is room for its results."""
        if resume is not None:
            self._module.load_state_dict(resume.part("model"))
        self._undo.callback((kept := Kept()).close)
        self._module.train()
        found = yield from compute_front(split, self._whole, (self._images, val), kept, self._stop_if_asked)
        if found is not None:
            self._computing, self._train_batches, self._val_batches = found

    # ------------------------------------------------------------------------------------------------- checkpoints

    def _checkpoint(self) -> Iterator[Event]:
        """Yield a checkpoint; whoever takes it writes it before asking for the next event."""
        tensors = self.state.tensors(self._module, self._runner)
        began = time.monotonic()
        yield CheckpointReady(
            Checkpoint(self.state.position, self._computing.tuning, self.state.record(), tensors)
        )
        self._checkpointed_at = time.monotonic()
        self._checkpoint_took = self._checkpointed_at - began

    def _restore(self, checkpoint: Checkpoint) -> None:
        self._module.load_state_dict(checkpoint.part("model"))
        self._runner.optimizer.load_state(checkpoint.part("optimizer"))
        if self._runner.average is not None:
            self._runner.average.load_state(checkpoint.part("average"))
        state = self.state
        state.restore(checkpoint.position, checkpoint.record, checkpoint.part("kept"))
        self._speed = SpeedMeter(state.watch.seconds, state.num_images)

    # ------------------------------------------------------------------------------------------------------- steps

    def _train_epoch(self) -> Iterator[Event]:
        self._module.train()
        runner, control = self._runner, self._control
        self.state.watch.start()
        for images, labels in self._train_batches.epoch(
            self._settings.seed, self.state.epoch, self.state.batch
        ):
            if control.stop_requested or control.pause_requested:
                yield from self._obey()
            elif self._is_stepping:  # told to go on while it took a single step
                self._is_stepping = False
                yield RunContinued(self.state.step)
            if (asked := control.take_learning_rate()) is not None:
                self.state.base_rate = asked
                yield RateChanged(self.state.step + 1, asked)
            self._guard.check()
            self.state.step += 1
            self._rate = self.state.base_rate * self._factor()
            try:
                arrived = runner.take(images, labels, self.state.epoch, self.state.step, self._rate)
            except NotFiniteError as error:
                yield from self._report(runner.flush())
                here = f"epoch {self.state.epoch}, step {self.state.step}"
                raise self._not_finite("loss", error.loss, here, error.images) from None
            except Exception:
                yield from self._report(runner.flush())  # steps before this one are done and count
                raise
            self.state.batch += 1
            yield from self._report(arrived)
            if time.monotonic() - self._checkpointed_at > 60 * self._settings.checkpoint_minutes:
                yield from self._report(runner.flush())
                self.state.watch.stop()
                yield from self._checkpoint()
                self.state.watch.start()
        yield from self._report(runner.flush())
        self.state.watch.stop()

    def _factor(self) -> float:
        total = self._settings.epochs * self._steps_per_epoch
        at = SchedulePoint(self.state.step - 1, total, self._steps_per_epoch, self.state.plateau.drops)
        return rate_factor(self._settings, at)

    def _obey(self) -> Iterator[Event]:
        """Wait for as long as a pause lasts, but for single steps; raises when the run should stop."""
        yield from self._report(self._runner.flush())
        self.state.watch.stop()
        while self._control.pause_requested:
            yield from self._checkpoint()
            yield RunPaused(self.state.step, self._weights_of_now())
            self._is_stepping = self._control.wait_while_paused()
            if self._is_stepping:
                self.state.watch.start()
                return
            if not self._control.stop_requested:
                yield RunContinued(self.state.step)
        if self._control.stop_requested:
            if self._control.stop_kind == "interrupt":
                yield from self._checkpoint()
            raise StopObeyedError
        self.state.watch.start()

    def _weights_of_now(self) -> dict[str, Tensor]:
        with self._averaged():
            return copy_of_weights(self._module)

    def _report(self, arrived: Iterable[StepNumbers]) -> Iterator[Event]:
        for numbers in arrived:
            if not math.isfinite(numbers.loss):
                where = f"epoch {numbers.epoch}, step {numbers.step}"
                raise self._not_finite("loss", numbers.loss, where, None)
            self.state.add(numbers)
            seconds = self.state.watch.seconds
            yield BatchDone(
                step=numbers.step,
                epoch=numbers.epoch,
                loss=numbers.loss,
                accuracy=numbers.num_right / numbers.num_images,
                learning_rate=numbers.learning_rate,
                seconds=seconds,
            )
            if numbers.norms:
                yield GradientsMeasured(numbers.step, *self._runner.measured(numbers))
            if (speed := self._speed.take(seconds, self.state.num_images)) is not None:
                yield ResourcesMeasured(numbers.step, seconds, speed, held_memory(self._device))

    # -------------------------------------------------------------------------------------------------- evaluation

    def _averaged(self) -> AbstractContextManager[None]:
        return nullcontext() if self._runner.average is None else self._runner.average.in_force()

    def _validate(self) -> EpochDone:
        with self._averaged():
            validation = self._evaluate(self._val_batches)
            if not math.isfinite(validation.loss):
                where = f"the validation after epoch {self.state.epoch}, step {self.state.step}"
                raise self._not_finite("validation loss", validation.loss, where, None)
            is_best = self.state.best.take(self._module, self.state.epoch, validation)
        self.state.plateau.take(validation.loss)
        self.state.epoch_is_done = True
        return EpochDone(
            epoch=self.state.epoch,
            step=self.state.step,
            train_loss=self.state.sums.loss,
            train_accuracy=self.state.sums.accuracy,
            val_loss=validation.loss,
            val_accuracy=validation.accuracy,
            is_best=is_best,
            seconds=self.state.watch.seconds,
            predictions=validation.predictions,
            confidences=validation.confidences,
            ranks=validation.ranks,
        )

    def _not_finite(self, what: str, loss: float, where: str, images: Tensor | Features | None) -> RunError:
        # of late numbers the batch itself is gone, and behind a part that is computed once there are no images
        if not isinstance(images, Tensor):
            images = next(self._images.in_order())[0]
        culprit = find_culprit(self._module, images)
        return not_finite(
            what, loss, where, rate=self._rate, learning_rate=self._settings.learning_rate, culprit=culprit
        )

    def _evaluate(self, batches: Batches | FeatureBatches) -> Evaluation:
        computing = self._whole if isinstance(batches, Batches) else self._computing
        return evaluate(self._module, self._until_stopped(batches.in_order()), computing.logits)

    def _until_stopped(
        self, batches: Iterator[tuple[Tensor | Features, Tensor]]
    ) -> Iterator[tuple[Tensor | Features, Tensor]]:
        for batch in batches:
            self._stop_if_asked()
            yield batch

    def _stop_if_asked(self) -> None:
        if self._control.stop_requested:
            raise StopObeyedError
