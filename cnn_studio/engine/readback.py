"""Reading the numbers of a step back from the device without making it wait."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class StepNumbers:
    """What one step gave.

    Attributes:
        step, epoch: count from 1.
        num_images: size of the batch.
        learning_rate: rate used, of layers with factor 1.
        loss: mean over the batch, before the step.
        num_right: images of the batch that were right before the step.
        norms: gradient norm per parameter, where they were measured.
    """

    step: int
    epoch: int
    num_images: int
    learning_rate: float
    loss: float = 0.0
    num_right: int = 0
    norms: tuple[float, ...] = ()


class Readback:
    """Steps go in as tensors on the device and come out as numbers, in order and without loss.

    On a CUDA device they come out one step late: the copy runs beside the next step's work.
    """

    def __init__(self, device: torch.device) -> None:
        self._late = device.type == "cuda"
        self._waiting: deque[tuple[StepNumbers, Tensor, torch.cuda.Event]] = deque()

    def push(self, position: StepNumbers, values: Tensor) -> list[StepNumbers]:
        """Take a step and give the steps whose numbers are here.

        Args:
            position: the step without its numbers.
            values: loss, number of right images and the norms, of shape [2 + norms].
        """
        if not self._late:
            return [_filled(position, values)]
        host = values.to("cpu", non_blocking=True)  # into pinned memory
        arrived = torch.cuda.Event()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        arrived.record()
        self._waiting.append((position, host, arrived))
        return [self._oldest()] if len(self._waiting) > 1 else []

    def flush(self) -> list[StepNumbers]:
        """Wait for all steps that went in and give those that have not come out."""
        return [self._oldest() for _ in range(len(self._waiting))]

    def _oldest(self) -> StepNumbers:
        position, host, arrived = self._waiting.popleft()
        arrived.synchronize()
        return _filled(position, host)


def _filled(position: StepNumbers, values: Tensor) -> StepNumbers:
    loss, num_right, *norms = values.tolist()
    return replace(position, loss=loss, num_right=int(num_right), norms=tuple(norms))
