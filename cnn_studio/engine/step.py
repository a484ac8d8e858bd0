"""One training step: forward, loss, backward, update; and what is measured on the way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_

from cnn_studio.core.errors import RunError
from cnn_studio.core.randomness import derive_seed
from cnn_studio.engine.averaging import WeightAverage
from cnn_studio.engine.computing import Computing, Features
from cnn_studio.engine.gradients import GradientMeter
from cnn_studio.engine.losses import ClassLoss, Labels, count_right
from cnn_studio.engine.optimizers import build_optimizer
from cnn_studio.engine.plan import ParameterGroup
from cnn_studio.engine.readback import Readback, StepNumbers
from cnn_studio.engine.settings import TrainSettings


class NotFiniteError(Exception):
    """The loss of a step is NaN or infinite; the weights are as they were before the step."""

    def __init__(self, loss: float, images: Tensor | Features) -> None:
        super().__init__(f"the loss is {loss}")
        self.loss = loss
        self.images = images


class StepRunner:
    """Takes the steps of one run.

    Args:
        computing: the network in the form that computes; gives logits of shape [B, `num_classes`].
        groups: the parameters that learn.
        class_weights: weight per class in the loss, float32 of shape [K] on the device; all alike if None.

    Attributes:
        optimizer: turns gradients into steps.
        average: of the weights, or None if the settings ask for none.
    """

    def __init__(
        self,
        computing: Computing,
        settings: TrainSettings,
        groups: Sequence[ParameterGroup],
        *,
        num_classes: int,
        class_weights: Tensor | None = None,
    ) -> None:
        module, device = computing.module, computing.device
        self._computing = computing
        self.optimizer = build_optimizer(settings, groups, device, fused=computing.tuning.fused)
        self.average = WeightAverage(module, settings.ema_decay) if settings.ema_decay else None
        self._params = [param for group in groups for param in group.params]
        self._clip_norm = settings.clip_norm
        self._seed = settings.seed
        self._num_classes = num_classes
        self._loss = ClassLoss(settings.label_smoothing, class_weights)
        self._meter = GradientMeter(module)
        self._readback = Readback(device)
        # On a CPU the loss is there at once, and a step that it forbids need not be taken.
        self._checks_at_once = device.type == "cpu"
        self._reseeds: list[Callable[[int], None]] = [
            reseed for part in module.modules() if callable(reseed := getattr(part, "reseed", None))
        ]

    def take(
        self, images: Tensor | Features, labels: Labels, epoch: int, step: int, rate: float
    ) -> Iterable[StepNumbers]:
        """Train on one batch and return the steps whose numbers have arrived: this one or, on a GPU, earlier ones.

        Args:
            images: float32 of shape [B, C, H, W], or what stands for them.
            labels: int64 of shape [B], or two of them mixed.
            epoch, step: count from 1.
            rate: the learning rate of layers with factor 1.

        Raises:
            RunError: the network does not give one number per class.
            NotFiniteError: on a CPU, the loss is no number.
        """
        for index, reseed in enumerate(self._reseeds):
            reseed(derive_seed(self._seed, epoch, step, index))
        self.optimizer.clear_gradients()
        logits = self._computing.logits(images)
        count = len(images if isinstance(images, Tensor) else images[0])
        self._check(logits, count)
        loss = self._loss(logits, labels)
        if self._checks_at_once and not math.isfinite(value := loss.item()):
            raise NotFiniteError(value, images)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        if self._clip_norm:
            clip_grad_norm_(self._params, self._clip_norm, foreach=True)
        norms = self._meter.before_step()
        self.optimizer.step(rate)
        if norms:
            norms += self._meter.after_step()
        if self.average is not None:
            self.average.update(step)
        with torch.no_grad():
            values = torch.stack([loss.detach(), count_right(logits, labels).to(loss.dtype), *norms])
        return self._readback.push(StepNumbers(step, epoch, count, rate), values)

    def flush(self) -> Iterable[StepNumbers]:
        """Wait for the numbers of all steps taken and return those not returned yet."""
        return self._readback.flush()

    def measured(
        self, numbers: StepNumbers
    ) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
        """Return gradient norms and step ratios by layer path that came with a step; see `GradientMeter.by_layer`."""
        return self._meter.by_layer(numbers.norms)

    def _check(self, logits: Tensor, num_images: int) -> None:
        # On a GPU a label without a logit would end not the run but every later use of the GPU in this process.
        if logits.shape == (num_images, self._num_classes):
            return
        if logits.ndim != 2:
            shape = " × ".join(str(n) for n in logits.shape[1:]) or "a single number"
            raise RunError(
                f"The network gives {shape} for each image, but one number per class is needed "
                f"({self._num_classes:,}). Flatten the maps and end with a fully connected layer."
            )
        raise RunError(
            f"The network gives {logits.shape[1]:,} numbers for each image, but the data has "
            f"{self._num_classes:,} classes. Give the last layer {self._num_classes:,} outputs."
        )
