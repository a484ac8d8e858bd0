"""How much memory a training run will need, and how much there is for it. Needs neither torch nor numpy.

The figures were fitted to runs on a CPU (SGD and Adam; VGG-like, batch-normalised, fully connected networks and
LeNet, batches of 1 to 1,024): the estimate lies between half of and twice what a run takes beyond the program itself.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from cnn_studio.datasets.memory import free_memory
from cnn_studio.engine.settings import Device, Optimizer, TrainSettings
from cnn_studio.graph.analysis import Analysis

_BYTES = 4  # of a float32
_OVERHEAD = 14_000_000
"""Bytes a run takes on a CPU before anything grows with the network: kernels, threads and their scratch space."""

_BACKWARD_SHARE = 0.2
"""What gradients and rearranged copies of feature maps add to the maps kept for the backward pass, as a share."""

_STATE_PER_PARAM: dict[Optimizer, int] = {
    "sgd": 1, "sgd-2012": 1, "nesterov": 1, "adam": 2, "adamw": 2, "rmsprop": 2
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """Memory of a training run by what it is for, in bytes.

    Attributes:
        weights: all parameters.
        gradients: one number per parameter that learns, and another while a step is taken from them.
        optimizer_state: momentum, or Adam's two averages, and the running average of parameters that learn.
        best_weights: the copy of the best epoch's parameters.
        activations: feature maps kept for the backward pass, and their gradients.
        batch: the images of one step.
        overhead: what any run takes.
    """

    weights: int
    gradients: int
    optimizer_state: int
    best_weights: int
    activations: int
    batch: int
    overhead: int

    @property
    def total(self) -> int:
        """All of it, in bytes."""
        network = self.weights + self.gradients + self.optimizer_state + self.best_weights
        return network + self.activations + self.batch + self.overhead


def estimate_training_memory(
    *,
    total_params: int,
    activations_per_image: int,
    input_size: int,
    batch_size: int,
    optimizer: Optimizer,
    momentum: float = 0.9,
    trainable_params: int | None = None,
    averages: bool = False,
) -> MemoryEstimate:
    """Estimate what a run takes beyond the program and the images it holds.

    Args:
        total_params: numbers in the network's parameters.
        activations_per_image: numbers that all layers give for one image, together.
        input_size: numbers in one input image, C × H × W.
        batch_size: images per step.
        optimizer: decides how many numbers are kept per parameter.
        momentum: of SGD; without it nothing is kept.
        trainable_params: numbers that learn; all if None.
        averages: whether a running average of the weights is kept.
    """
    learning = total_params if trainable_params is None else trainable_params
    state = _STATE_PER_PARAM[optimizer]
    if momentum == 0 and optimizer in {"sgd", "nesterov", "rmsprop"}:
        state -= 1  # nothing to remember of the last step
    return MemoryEstimate(
        weights=_BYTES * total_params,
        gradients=_BYTES * learning * 2,
        optimizer_state=_BYTES * learning * (state + averages),
        best_weights=_BYTES * total_params,
        activations=int(_BYTES * activations_per_image * batch_size * (1 + _BACKWARD_SHARE)),
        batch=_BYTES * input_size * batch_size,
        overhead=_OVERHEAD,
    )


def training_memory(numbers: Analysis, settings: TrainSettings) -> MemoryEstimate | None:
    """Estimate what a run of a network takes with these settings; None while the network has errors."""
    report = numbers.report
    if not report.ok:
        return None
    entry = next(i for i in report.order if report.document.layer(i).type == "input")
    return estimate_training_memory(
        total_params=numbers.total.params,
        activations_per_image=numbers.total.activations,
        input_size=numbers.layers[entry].activations or 0,
        batch_size=settings.batch_size,
        optimizer=settings.optimizer,
        momentum=settings.momentum,
        trainable_params=numbers.trainable_params,
        averages=settings.ema_decay > 0,
    )


def available_memory(device: Device = "cpu") -> int | None:
    """Return the bytes that a run can still take without swapping; None where nobody says.

    Args:
        device: as the settings name it. The memory of a GPU is known only once torch is loaded.
    """
    torch = sys.modules.get("torch")
    if (
        device in {"auto", "cuda"}
        and torch is not None
        and hasattr(torch, "cuda")
        and torch.cuda.is_available()
    ):
        free, _ = torch.cuda.mem_get_info()
        return int(free)
    return free_memory()
