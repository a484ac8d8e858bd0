"""Finds the fastest way to compute forward passes on this machine, for what is computed once for every image."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from cnn_studio.engine.computing import Computing
from cnn_studio.engine.events import SpeedTuned, Tuning, describe_tuning
from cnn_studio.engine.tuning import has_bfloat16

_IMAGES = 8  # of a measurement: enough to tell ways apart that differ by tens of percent
_LEAST_IMAGES = 64
"""Below so many, measuring takes longer than it saves."""

_HOPELESS = 2.0  # how much slower than the fastest a first pass may be to get a second one
_WORTH = 1.03  # how much faster a way must be than a simpler one


def find_forward_tuning(
    module: nn.Module,
    images: Tensor,
    device: torch.device,
    num_images: int,
    check: Callable[[], None] = lambda: None,
) -> SpeedTuned:
    """Time a forward pass of each way and return the fastest.

    Args:
        module: on the device, in the mode in which it will compute; its weights' order in memory may change.
        images: a batch on the device, float32 [B, C, H, W].
        device: where to compute.
        num_images: that will be computed; few of them are computed exactly, in float32.
        check: called between passes; may raise to give up.
    """
    plain = Tuning(threads=torch.get_num_threads())
    if num_images < _LEAST_IMAGES:
        return SpeedTuned(plain)
    images = images[:_IMAGES]
    ways = [replace(plain, channels_last=True), plain]
    if has_bfloat16(device):
        ways.insert(0, replace(plain, channels_last=True, precision="bfloat16"))
    speeds: dict[Tuning, float] = {}
    for is_second in (False, True):
        for way in ways:
            check()
            if is_second and speeds[way] * _HOPELESS < max(speeds.values()):
                continue
            computing = Computing(module, device, way)
            start = time.perf_counter()
            with torch.inference_mode():
                computing.run(images)
            speeds[way] = max(speeds.get(way, 0.0), len(images) / (time.perf_counter() - start))
    best = plain
    for way in reversed(ways):
        if speeds[way] > speeds[best] * _WORTH:
            best = way
    measured = tuple((describe_tuning(way), speed) for way, speed in speeds.items())
    return SpeedTuned(replace(best, images_per_second=speeds[best], baseline=speeds[plain]), measured)
