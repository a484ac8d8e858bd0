"""How long a run will take, before it starts: from the operations of the network and the speed of this machine.

Needs neither torch nor numpy until the speed is measured.
"""

from __future__ import annotations

import time
from functools import cache

from cnn_studio.graph.analysis import Analysis
from cnn_studio.graph.freeze_tree import training_passes

_ALL_PASSES = 3.0
"""Forward passes that a step of a network without multiplications costs: one forward, two backward."""

_SECONDS_PER_VALUE = 1.5e-9
"""What each value of a feature map costs in a step beside the multiplications: reading, writing, normalising."""

_SECONDS_PER_LAYER = 60e-6
"""What each layer costs in a step, however small: calls, threads, memory."""


@cache
def macs_per_second() -> float:
    """Measure how many multiply-accumulate operations this processor does in a second of convolutions."""
    import torch
    from torch.nn import functional

    images, filters = torch.ones(16, 64, 28, 28), torch.ones(128, 64, 3, 3)
    macs = 16 * 128 * 64 * 9 * 28 * 28
    best = float("inf")
    with torch.inference_mode():
        for _ in range(4):
            start = time.perf_counter()
            functional.conv2d(images, filters, padding=1)
            best = min(best, time.perf_counter() - start)
    return macs / best


def macs_per_value(speed: float) -> float:
    """Return for how many multiplications a value of a feature map counts, at a speed in operations per second."""
    return _SECONDS_PER_VALUE * speed


def seconds_per_epoch(numbers: Analysis, num_images: int, batch_size: int, speed: float) -> float | None:
    """Estimate the training time of one epoch on a CPU, to a factor of about two; None while the network has errors.

    What is frozen makes it shorter, see `cnn_studio.graph.freeze_tree.training_passes`.

    Args:
        numbers: of the network.
        num_images: in the training part.
        batch_size: images per step.
        speed: what `macs_per_second` measured.
    """
    if not numbers.report.ok:
        return None
    total, passes = numbers.total, training_passes(numbers.report) or _ALL_PASSES
    steps = -(-num_images // batch_size)
    per_image = passes * total.macs / speed + _SECONDS_PER_VALUE * passes * total.activations
    return num_images * per_image + steps * total.layers * passes * _SECONDS_PER_LAYER
