"""One training step: forward, loss, backward, update; and what is measured on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_studio.core.errors import RunError
from cnn_studio.core.randomness import derive_seed
from cnn_studio.engine.gradients import GradientMeter
from cnn_studio.engine.optimizers import build_optimizer
from cnn_studio.engine.plan import ParameterGroup
from cnn_studio.engine.readback import Readback, StepNumbers
from cnn_studio.engine.schedules import SCHEDULES
from cnn_studio.engine.settings import TrainSettings


class StepRunner:
    """Takes the steps of one run.

    Args:
        module: on `device`; gives logits of shape [B, `num_classes`].
        groups: the parameters that learn.
        total_steps: of the whole run, for the schedule.
    """

    def __init__(
        self,
        module: nn.Module,
        settings: TrainSettings,
        groups: Sequence[ParameterGroup],
        device: torch.device,
        *,
        num_classes: int,
        total_steps: int,
    ) -> None:
        self._module = module
        self._optimizer = build_optimizer(settings, groups, device)
        self._rate_factor = SCHEDULES[settings.schedule]
        self._learning_rate = settings.learning_rate
        self._total_steps = total_steps
        self._seed = settings.seed
        self._num_classes = num_classes
        self._meter = GradientMeter(module)
        self._readback = Readback(device)
        self._reseeds: list[Callable[[int], None]] = [
            reseed for part in module.modules() if callable(reseed := getattr(part, "reseed", None))
        ]

    def take(self, images: Tensor, labels: Tensor, epoch: int, step: int) -> Iterable[StepNumbers]:
        """Train on one batch and return the steps whose numbers have arrived: this one or, on a GPU, earlier ones.

        Args:
            images: float32 of shape [B, C, H, W].
            labels: int64 of shape [B].
            epoch, step: count from 1.

        Raises:
            RunError: the network does not give one number per class.
        """
        for index, reseed in enumerate(self._reseeds):
            reseed(derive_seed(self._seed, epoch, step, index))
        rate = self._learning_rate * self._rate_factor(step - 1, self._total_steps)
        self._optimizer.clear_gradients()
        logits = self._module(images)
        self._check(logits, len(labels))
        loss = functional.cross_entropy(logits, labels)
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        norms = self._meter.norms_if_due()
        self._optimizer.step(rate)
        with torch.no_grad():
            hits = (logits.argmax(dim=1) == labels).sum()
            values = torch.stack([loss.detach(), hits.to(loss.dtype), *norms])
        return self._readback.push(StepNumbers(step, epoch, len(labels), rate), values)

    def flush(self) -> Iterable[StepNumbers]:
        """Wait for the numbers of all steps taken and return those not returned yet."""
        return self._readback.flush()

    def norms_by_layer(self, numbers: StepNumbers) -> tuple[tuple[str, float], ...]:
        """Return the gradient norms that came with a step by layer path; empty where none were measured."""
        return self._meter.by_layer(numbers.norms) if numbers.norms else ()

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
