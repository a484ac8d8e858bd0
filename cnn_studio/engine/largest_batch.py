"""Finds the largest batch of which a training step fits into memory, and how fast batches of several sizes are.

A GPU raises when its memory is full, so sizes are tried there until one does. On a CPU the system would end the program
instead: there small batches are measured, and larger ones follow in a straight line.
"""

from __future__ import annotations

import copy
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch
from torch import nn

from cnn_studio.core.errors import Cancelled, RunError, StudioError
from cnn_studio.datasets.memory import size_text, usable_memory
from cnn_studio.engine.computing import Computing
from cnn_studio.engine.device import exact_numerics, pick_device
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.failures import describe_failure, is_out_of_memory, told_in_a_sentence
from cnn_studio.engine.memory import available_memory
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.step import StepRunner
from cnn_studio.engine.step_meter import StepCost, StepMeter

MOST = 8192
"""Images in the largest batch that is looked at: beyond, no machine is faster and few networks learn as well."""

_SHARE_GPU = 0.9
_SHARE_CPU = 0.75  # a straight line is no measurement, and the system and other programs need room
_LONGEST_STEP = 1.0  # seconds; a larger batch is not timed
_LONGEST_EVER = 12.0  # of the few sizes that a straight line needs
_LEAST_SIZES = 3
_QUICK_STEP = 0.3  # seconds; such sizes are timed twice
_GOOD_ENOUGH = 0.95  # of the best speed


@dataclass(frozen=True, slots=True)
class BatchTried:
    """Steps of one size; a size that turns out to be faster than it seemed comes again.

    Attributes:
        batch_size: images per step.
        images_per_second: of training alone.
        memory: bytes that a step takes at its fullest, weights and what the optimizer keeps among them.
    """

    batch_size: int
    images_per_second: float
    memory: int


@dataclass(frozen=True, slots=True)
class LargestBatch:
    """The end of the search.

    Attributes:
        tried: the sizes that were timed, rising.
        largest: the largest that fits.
        suggested: the smallest of those timed that is about as fast as the fastest.
        bytes_per_image: what one image more takes.
        available: bytes that a step may take.
        is_limited_by_memory: whether a larger one, of those allowed, would not fit.
    """

    tried: tuple[BatchTried, ...]
    largest: int
    suggested: int
    bytes_per_image: int
    available: int
    is_limited_by_memory: bool


def find_largest_batch(
    module: nn.Module,
    shape: tuple[int, int, int],
    settings: TrainSettings,
    *,
    num_classes: int,
    num_images: int,
    plans: Iterable[LayerPlan] = (),
    tuning: Tuning | None = None,
    available: int | None = None,
    check: Callable[[], None] = lambda: None,
    give_back: Callable[[], None] = lambda: None,
) -> Iterator[BatchTried | LargestBatch]:
    """Try rising sizes on a copy of the network; the network itself stays as it is, bit for bit.

    Args:
        module: the network, on the CPU.
        shape: channels, height and width of an image.
        settings: optimizer, precision and all that shapes a step; their batch size plays no part.
        num_classes: what the network tells apart.
        num_images: of the training part; no batch is larger.
        plans: what is frozen.
        tuning: how a run computes, if that was measured; what the settings say if None.
        available: bytes that there are for a step; what is free on the device if None.
        check: called between steps; may raise to give up.
        give_back: returns freed memory to the system, so that what a step takes can be seen.

    Raises:
        RunError: not even the smallest batch fits, or the network cannot be trained at all.
    """
    device = pick_device(settings.device)
    size = 0
    # memory of the device ends with the inner generator
    with told_in_a_sentence(device, lambda error: describe_failure(error, epoch=1, step=1, batch_size=size)):
        for event in _searched(
            module, shape, settings, device, list(plans), tuning, num_classes, num_images, available,
            check, give_back,
        ):  # fmt: skip
            size = event.batch_size if isinstance(event, BatchTried) else size
            yield event


def _searched(
    module: nn.Module,
    shape: tuple[int, int, int],
    settings: TrainSettings,
    device: torch.device,
    plans: Sequence[LayerPlan],
    tuning: Tuning | None,
    num_classes: int,
    num_images: int,
    available: int | None,
    check: Callable[[], None],
    give_back: Callable[[], None],
) -> Iterator[BatchTried | LargestBatch]:
    meter = StepMeter(device, give_back)
    if available is None:
        available = available_memory(settings.device) or usable_memory(1.0)
    with exact_numerics(device, deterministic=settings.deterministic) as threads:
        twin = copy.deepcopy(module)
        if tuning is None:
            tuning = Tuning(settings.channels_last, settings.precision)
        # to compile anew for every size would take minutes
        computing = Computing(twin, device, replace(tuning, threads=threads, compiled=False))
        plan = apply_plan(twin, plans)
        twin.train()
        runner = StepRunner(computing, settings, plan.groups, num_classes=num_classes)

        def measure(size: int, timed: bool) -> StepCost:
            return meter.measure(
                runner, twin, shape, size,
                num_classes=num_classes, rate=settings.learning_rate, check=check, timed=timed,
            )  # fmt: skip

        yield from _Search(device, available, min(num_images, MOST), measure).run()


class _Search:
    """The order in which sizes are tried, and what follows from it."""

    def __init__(
        self, device: torch.device, available: int, most: int, measure: Callable[[int, bool], StepCost]
    ) -> None:
        self._raises = device.type == "cuda"
        self._available = available
        self._usable = int(available * (_SHARE_GPU if self._raises else _SHARE_CPU))
        self._sizes = sizes_up_to(most)
        self._measure = measure
        self._costs: list[StepCost] = []
        self._too_large = most + 1
        self._too_much: int | None = None  # bytes that the smallest size wanted, if they are known

    def run(self) -> Iterator[BatchTried | LargestBatch]:
        """Try, and sum up.

        Raises:
            RunError: not even the smallest batch fits.
        """
        tried: dict[int, BatchTried] = {}
        for size in self._sizes:
            if size & (size - 1) or (self._costs and not self._is_worth_a_try(size)):
                continue  # only powers of two are timed
            cost = self._tried(size, timed=True)
            if cost is not None and cost.seconds is not None:
                self._costs.append(cost)
                tried[size] = BatchTried(size, size / cost.seconds, cost.memory)
                yield tried[size]
            elif size >= self._too_large:
                break
        if not tried:
            raise RunError(self._nothing_fits())
        best = max(one.images_per_second for one in tried.values())
        for size, first in tried.items():
            if size / max(first.images_per_second, best / 2) < _QUICK_STEP:
                # as for the tuned speed: a machine that was busy for a moment decides nothing
                cost = self._measure(size, True)
                if cost.seconds is not None and size / cost.seconds > first.images_per_second:
                    tried[size] = BatchTried(size, size / cost.seconds, first.memory)
                    yield tried[size]
        largest = self._largest()
        yield LargestBatch(
            tuple(tried.values()),
            largest,
            suggested_batch(list(tried.values())),
            round(self._slope()),
            self._available,
            largest < self._sizes[-1],
        )

    def _is_worth_a_try(self, size: int) -> bool:
        last = self._costs[-1]
        # by the fastest size: a machine that was busy during the last one would end the search
        best = max(cost.batch_size / (cost.seconds or 1.0) for cost in self._costs)
        limit = _LONGEST_STEP if len(self._costs) >= _LEAST_SIZES else _LONGEST_EVER
        slowly = (last.seconds or 0.0) * size / last.batch_size
        return size / best <= limit and slowly <= _LONGEST_EVER and self._predicted(size) <= self._usable

    def _tried(self, size: int, *, timed: bool) -> StepCost | None:
        """Return what a size costs; None if it does not fit, or if it is too small to be trained on."""
        try:
            cost = self._measure(size, timed)
        except (StudioError, Cancelled):
            raise
        except Exception as error:
            if size == 1 and "Expected more than 1 value per channel" in str(error):
                return None  # batch normalisation after which there is one pixel
            if not is_out_of_memory(error):
                raise
            # the traceback holds the tensors of the step
            traceback.clear_frames(error.__traceback__)
            self._too_large = size
            return None
        if cost.memory > self._usable:
            self._too_large, self._too_much = size, cost.memory
            return None
        return cost

    def _slope(self) -> float:
        """Bytes for one image more, from the smallest to the largest size; never less than the maps that are kept.

        Between two neighbours it is a matter of chance: a few blocks that did not fit into what was freed before are as
        much as several images.
        """
        first, last = self._costs[0], self._costs[-1]
        if first is last:
            return last.kept / last.batch_size
        return max(last.memory - first.memory, last.kept - first.kept) / (last.batch_size - first.batch_size)

    def _predicted(self, size: int) -> float:
        last, slope = self._costs[-1], self._slope()
        # a line that starts below nothing is noise of small sizes, and would promise too much of large ones
        return max(last.memory + slope * (size - last.batch_size), slope * size)

    def _largest(self) -> int:
        sure = self._costs[-1].batch_size
        for size in reversed(self._sizes):
            if size <= sure:
                break
            fits = size < self._too_large and self._predicted(size) <= self._usable
            if fits and (not self._raises or self._tried(size, timed=False) is not None):
                return size
        return sure

    def _nothing_fits(self) -> str:
        size = min(self._too_large, self._sizes[-1])
        wanted = "more" if self._too_much is None else f"about {size_text(self._too_much)}"
        images = "one image" if size == 1 else f"{size} images"
        return (
            f"Not even a batch of {images} fits: a training step takes {wanted}, and {size_text(self._usable)} of the "
            f"{size_text(self._available)} that are free can be used for it. Take a smaller network or smaller images, or "
            "close other programs."
        )


def suggested_batch(tried: Sequence[BatchTried]) -> int:
    """Return the smallest size that is about as fast as the fastest."""
    best = max(one.images_per_second for one in tried)
    return min(one.batch_size for one in tried if one.images_per_second >= _GOOD_ENOUGH * best)


def sizes_up_to(most: int) -> list[int]:
    """Return the powers of two and what lies halfway between them: 1, 2, 3, 4, 6, 8, 12 and so on."""
    powers = [2**n for n in range(max(1, most).bit_length())]
    return sorted(size for size in {*powers, *(3 * power for power in powers)} if size <= max(1, most))
