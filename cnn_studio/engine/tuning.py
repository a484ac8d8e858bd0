"""Finds the fastest way to compute a network on this machine by timing a few steps of each.

Nothing is guessed from the kind of network or processor: what helps one network slows another down (channels-last alone
made ResNet-18 slower on a processor where it made a small network faster).
"""

from __future__ import annotations

import copy
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnn_studio.core.frozen import is_frozen
from cnn_studio.engine.computing import Computing
from cnn_studio.engine.events import SpeedTuned, Tuning, describe_tuning
from cnn_studio.engine.optimizers import FUSABLE
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.step import StepRunner
from cnn_studio.engine.used_kernel import any_is_cut

_log = logging.getLogger(__name__)

_SECONDS_LOOK = 0.02  # of timed steps of a first look: most short runs are known as such by then
_SECONDS_EACH = 0.15  # of timed steps of one candidate in one round
_ROUNDS = 3
_LEAST_STEPS = 2
_WORTH = 0.06  # of the run that measuring may take
_MARGIN = 1.03  # how much faster a candidate must be than a simpler one: below, it is noise
_COMPILE_SECONDS = 60.0
"""What compiling a network takes, roughly; only runs of more than `_COMPILE_SHARE` times that try it."""

_COMPILE_SHARE = 10


def find_tuning(
    module: nn.Module,
    images: Tensor,
    labels: Tensor,
    settings: TrainSettings,
    device: torch.device,
    *,
    plans: Iterable[LayerPlan],
    num_classes: int,
    num_steps: int,
    check: Callable[[], None],
) -> SpeedTuned:
    """Time the candidates on a copy of the network and return the fastest.

    A run that is over before measuring would pay keeps plain float32, and where steps are slow, what is known when the
    time for measuring is over decides.

    Args:
        module: on any device; it stays as it is.
        images, labels: one batch on the device, float32 [B, C, H, W] and int64 [B].
        num_steps: of the run.
        check: called between steps; may raise to give up.
    """
    plans = tuple(plans)

    def speed(tuning: Tuning, seconds: float = _SECONDS_EACH) -> float:
        check()
        twin = copy.deepcopy(module)
        with _threads(tuning.threads):
            computing = Computing(twin, device, tuning)
            plan = apply_plan(twin, plans)
            try:
                twin.train()
                runner = StepRunner(computing, settings, plan.groups, num_classes=num_classes)
                steps = _steps_per_second(
                    runner, images, labels, settings.learning_rate, device, check, seconds
                )
                return steps * len(images)
            finally:
                plan.release()

    threads = torch.get_num_threads()
    plain = Tuning(threads=threads)
    if num_steps * _WORTH < _LEAST_STEPS:
        return SpeedTuned(plain)
    for seconds, margin in ((_SECONDS_LOOK, 2.0), (_SECONDS_EACH, 1.0)):
        baseline = speed(plain, seconds)
        run_seconds = num_steps * len(images) / baseline
        if run_seconds * _WORTH * margin < _SECONDS_EACH * 8:
            chosen = replace(plain, images_per_second=baseline, baseline=baseline)
            return SpeedTuned(chosen, ((describe_tuning(plain), baseline),))
    best, speeds, is_cut_short = plain, {plain: baseline}, False
    began = time.perf_counter()
    can_cut = any_is_cut(module, images)
    for make, rounds in _stages(settings, device, threads, run_seconds, can_cut=can_cut):
        candidates = [best, *make(best)]
        # of this stage alone: the machine may have been faster in an earlier one
        now: dict[Tuning, float] = {}
        # in turns and more than once, each by its best: a machine that was busy for a moment decides nothing
        for _ in range(rounds):
            for candidate in tuple(candidates):
                # as the run will be by now: on a busy machine the first speed may be far too low
                share = _WORTH * num_steps * len(images) / max(speeds.values())
                if time.perf_counter() - began > share:
                    is_cut_short = True
                    break
                found = _speed_or_none(speed, candidate, check)
                if found is None:
                    candidates.remove(candidate)
                else:
                    now[candidate] = max(found, now.get(candidate, 0.0))
                    speeds[candidate] = max(found, speeds.get(candidate, 0.0))
        for candidate in candidates:
            if candidate in now and now[candidate] > now.get(best, speeds[best]) * _MARGIN:
                best = candidate
    measured = tuple((_describe(tuning, threads), found) for tuning, found in speeds.items())
    chosen = replace(best, images_per_second=speeds[best], baseline=speeds[plain])
    return SpeedTuned(chosen, measured, is_cut_short=is_cut_short)


def _describe(tuning: Tuning, threads: int) -> str:
    name = describe_tuning(tuning)
    return name if tuning.threads == threads else f"{name}, 1 thread"


def _speed_or_none(
    speed: Callable[[Tuning], float], candidate: Tuning, check: Callable[[], None]
) -> float | None:
    """Return the speed of a candidate; None where it cannot be computed here, without a working compiler for instance."""
    check()  # raises where the run is to end, which is no fault of the candidate
    try:
        return speed(candidate)
    except Exception as error:  # noqa: BLE001 - whatever a kernel or compiler raises, the plain way is left
        check()
        _log.info("%s cannot be computed here: %s", describe_tuning(candidate), error)
        return None


def _stages(
    settings: TrainSettings, device: torch.device, threads: int, run_seconds: float, *, can_cut: bool
) -> Iterator[tuple[Callable[[Tuning], list[Tuning]], int]]:
    """Yield makers of candidates, each beginning with the best so far, and how often to measure each."""
    precisions = ["float32", "bfloat16"] if has_bfloat16(device) else ["float32"]

    def formats(best: Tuning) -> list[Tuning]:
        every = [
            replace(best, channels_last=last, precision=precision)  # type: ignore[arg-type]  # the two literals
            for precision in precisions
            for last in (False, True)
        ]
        return every[
            :0:-1
        ]  # what is fastest most often comes first: in a short run there may be time for one only

    if can_cut:
        yield lambda best: [replace(best, cut_kernels=True)], _ROUNDS
    yield formats, _ROUNDS
    if device.type == "cpu" and settings.optimizer in FUSABLE:
        yield lambda best: [replace(best, fused=True)], _ROUNDS
    if device.type == "cpu" and threads > 1:
        yield lambda best: [replace(best, threads=1)], _ROUNDS
    if run_seconds > _COMPILE_SHARE * _COMPILE_SECONDS and _has_compiler(device):
        yield lambda best: [replace(best, compiled=True)], 1


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device computes in bfloat16, and does not only imitate it."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type != "cpu":
        return False
    # without the instructions every value is converted there and back: slower, and no use measuring
    return bool(torch.cpu._is_avx512_bf16_supported()) or torch.backends.cpu.get_cpu_capability() == "SVE256"


def _has_compiler(device: torch.device) -> bool:
    if is_frozen():  # the packaged program brings neither headers nor Triton
        return False
    compiler = os.environ.get("CXX") or ("cl" if os.name == "nt" else "g++")
    return device.type == "cuda" or shutil.which(compiler) is not None


def _steps_per_second(
    runner: StepRunner,
    images: Tensor,
    labels: Tensor,
    rate: float,
    device: torch.device,
    check: Callable[[], None],
    at_least: float,
) -> float:
    """Take a step to warm up, then time some for so many seconds; the loss may do what it wants."""
    tiny = rate * 1e-6  # the same work without running away
    _ = list(runner.take(images, labels, 1, 1, tiny))
    _wait(device)
    start = time.perf_counter()
    steps = 0
    while True:
        _ = list(runner.take(images, labels, 1, steps + 2, tiny))
        steps += 1
        if device.type == "cuda" and steps % 8 == 0:
            _wait(device)
        seconds = time.perf_counter() - start
        if steps >= _LEAST_STEPS and seconds > at_least:
            break
        if seconds > 4 * at_least:  # one long step is exact enough
            break
        check()
    _wait(device)
    return steps / (time.perf_counter() - start)


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Compute with a number of CPU threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
