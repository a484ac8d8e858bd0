"""What training steps of one batch size cost: memory at its fullest, what the backward pass needs kept, and speed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from cnn_studio.core.errors import RunError
from cnn_studio.engine.device import free_device_memory
from cnn_studio.engine.resources import forget_peak, held_memory, peak_memory
from cnn_studio.engine.step import NotFiniteError, StepRunner

_SECONDS_EACH = 0.15  # of timed steps of one size
_LEAST_STEPS = 3
_LOOK_SECONDS = 0.001  # between two looks at what the process holds


@dataclass(frozen=True, slots=True)
class StepCost:
    """What a step of one size takes.

    Attributes:
        batch_size: images in the step.
        memory: bytes beyond what the process held when the meter was made.
        kept: bytes of feature maps kept for the backward pass: a part of `memory` that is known exactly.
        seconds: of the fastest step; None if it was not timed.
    """

    batch_size: int
    memory: int
    kept: int
    seconds: float | None


class StepMeter:
    """Takes steps on images of noise, so small that the weights stay nearly as they are.

    Args:
        device: where the steps are taken.
        give_back: returns freed memory to the system.
    """

    def __init__(self, device: torch.device, give_back: Callable[[], None]) -> None:
        self._device = device
        self._give_back = give_back
        self._steps = 0
        self._settle()
        self._before = held_memory(device)

    def measure(
        self,
        runner: StepRunner,
        module: nn.Module,
        shape: tuple[int, int, int],
        batch_size: int,
        *,
        num_classes: int,
        rate: float,
        check: Callable[[], None],
        timed: bool = True,
    ) -> StepCost:
        """Take a step and look at its memory, then time some more.

        Args:
            runner: takes the steps.
            module: what it trains.
            shape: channels, height and width of an image.
            batch_size: images per step.
            num_classes: labels are drawn from.
            rate: the run's learning rate.
            check: called between steps; may raise to give up.
            timed: whether to time steps at all.

        Raises:
            RunError: the loss is no number.
        """
        check()
        self._settle()
        generator = torch.Generator().manual_seed(batch_size)
        images = torch.randn(batch_size, *shape, generator=generator).to(self._device)
        labels = torch.randint(num_classes, (batch_size,), generator=generator).to(self._device)

        def step() -> None:
            self._steps += 1
            try:
                _ = [*runner.take(images, labels, 1, self._steps, rate * 1e-6)]
            except NotFiniteError as error:
                raise RunError(
                    f"The network's loss is {error.loss} before it has learned anything, so no step can be taken. "
                    "Look for the layer whose numbers grow without end, or start from new weights."
                ) from error

        seconds: float | None = None
        with _Peak(self._device) as peak:
            with _counted(module) as kept:
                step()
                _ = [*runner.flush()]
            # of several steps, for which blocks are used again is a matter of chance; a thread that looks would slow them
            if timed and peak.costs_nothing:
                seconds = self._timed(step, check)
        if timed and seconds is None:
            seconds = self._timed(step, check)
        maps = sum(kept.values())
        # memory that was freed before and never went back to the system is taken again unseen
        return StepCost(batch_size, max(maps, peak.most - self._before), maps, seconds)

    def _timed(self, step: Callable[[], None], check: Callable[[], None]) -> float:
        """Return the seconds of the fastest step: a machine that was busy for a moment says nothing of the size."""
        best, count, begun = float("inf"), 0, time.perf_counter()
        while True:
            check()
            start = time.perf_counter()
            step()
            self._wait()
            now = time.perf_counter()
            best, count = min(best, now - start), count + 1
            if now - begun > 4 * _SECONDS_EACH or (count >= _LEAST_STEPS and now - begun > _SECONDS_EACH):
                return best

    def _wait(self) -> None:
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        elif self._device.type == "mps":
            torch.mps.synchronize()

    def _settle(self) -> None:
        self._give_back()
        free_device_memory(self._device)


@contextmanager
def _counted(module: nn.Module) -> Iterator[dict[int, int]]:
    """Yield what fills with the bytes of each block of memory that the backward pass needs, the weights left out."""
    weights = {param.untyped_storage().data_ptr() for param in module.parameters()}
    found: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            found[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(pack, lambda tensor: tensor):
        yield found


class _Peak:
    """The most that the process holds inside the block.

    On a GPU PyTorch counts, on Linux the system; elsewhere a thread looks often.

    Attributes:
        most: bytes.
        costs_nothing: whether no thread looks meanwhile.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self.costs_nothing = True
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._look, name="memory of a step", daemon=True)
        self.most = 0

    def __enter__(self) -> _Peak:
        self.most = held_memory(self._device)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)
            return self
        self.costs_nothing = forget_peak()
        if not self.costs_nothing:
            self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        if self._device.type == "cuda":
            self.most = torch.cuda.max_memory_reserved(self._device)
            return
        if self.costs_nothing:
            self.most = max(self.most, peak_memory())
            return
        self._ended.set()
        self._thread.join()
        self.most = max(self.most, held_memory(self._device))

    def _look(self) -> None:
        while not self._ended.wait(_LOOK_SECONDS):
            self.most = max(self.most, held_memory(self._device))
