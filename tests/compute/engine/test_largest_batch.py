"""The largest batch that fits, and the speed of batches."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from torch import nn

from cnn_studio.app.threads import give_memory_back
from cnn_studio.core.errors import Cancelled, RunError
from cnn_studio.engine.largest_batch import (
    BatchTried,
    LargestBatch,
    find_largest_batch,
    sizes_up_to,
    suggested_batch,
)
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import NUM_CLASSES, bits, tiny_network

SETTINGS = TrainSettings(optimizer="adam", device="cpu")
SHAPE = (1, 8, 8)


def wide_network():
    """Two convolutions that keep 64 × 64 pixels: about 4 MB of feature maps per image."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(64, NUM_CLASSES),
    )


def search(module, shape=SHAPE, *, num_images=96, **given):
    given.setdefault("give_back", give_memory_back)
    events = list(
        find_largest_batch(module, shape, SETTINGS, num_classes=NUM_CLASSES, num_images=num_images, **given)
    )
    assert isinstance(events[-1], LargestBatch)
    return events[:-1], events[-1]


SEARCHES = """
import json, sys
from dataclasses import asdict
from cnn_studio.app.threads import prepare_process
prepare_process()
from cnn_studio.engine.plan import LayerPlan
from tests.compute.engine.test_largest_batch import search, wide_network
for given in json.loads(sys.argv[1]):
    given["plans"] = [LayerPlan(path, trainable=False) for path in given.pop("frozen", [])]
    tried, found = search(wide_network(), (1, 64, 64), **given)
    print(json.dumps(asdict(found) | {"told": max(one.batch_size for one in tried)}))
"""


def searches_apart(*given):
    """Search in a program of its own: what tests before left of their memory would be taken for free."""
    told = subprocess.run(
        [sys.executable, "-c", SEARCHES, json.dumps(given)], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_a_small_network_fits_as_a_whole_and_stays_as_it_is():
    module = tiny_network()
    before, draws = bits(module), torch.random.get_rng_state()
    tried, found = search(module)
    assert bits(module) == before
    assert torch.equal(torch.random.get_rng_state(), draws)
    assert [one.batch_size for one in tried[:7]] == [1, 2, 4, 8, 16, 32, 64]
    assert all(isinstance(one, BatchTried) and one.images_per_second > 0 for one in tried)
    assert [one.batch_size for one in found.tried] == [1, 2, 4, 8, 16, 32, 64]
    assert (found.largest, found.is_limited_by_memory) == (96, False)
    assert found.suggested == suggested_batch(found.tried)
    assert all(one.images_per_second > 0 for one in found.tried)


def test_the_memory_that_there_is_decides():
    few, many = searches_apart(
        *({"num_images": 100_000, "available": megabytes * 10**6} for megabytes in (200, 400))
    )
    for found in (few, many):
        assert found["is_limited_by_memory"]
        assert found["largest"] in sizes_up_to(8192)
        assert found["largest"] >= found["told"]
        assert all(one["memory"] <= 0.75 * found["available"] for one in found["tried"])
        # four maps of 64 × 64 × 64 float32 are made, two of which both ReLUs share; gradients and what the kernels work
        # in come on top
        assert 2 * 10**6 < found["bytes_per_image"] < 24 * 10**6
        assert found["largest"] * found["bytes_per_image"] <= 0.75 * found["available"]
    assert many["largest"] > few["largest"]


STEPS = """
import sys, torch
from pathlib import Path
from cnn_studio.app.threads import prepare_process
prepare_process()  # as the search and every run: what is freed is kept, which is part of what a step takes
from tests.compute.engine.test_largest_batch import wide_network
held = lambda: 1024 * int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
module = wide_network()
optimizer = torch.optim.Adam(module.parameters())
for size in (1, int(sys.argv[1]), int(sys.argv[1])):
    optimizer.zero_grad()
    module(torch.randn(size, 1, 64, 64)).sum().backward()
    optimizer.step()
    before = held() if size == 1 else before  # with the code that PyTorch loads for its first step
print(held() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the peak is read as Linux tells it")
def test_what_is_said_to_fit_does():
    """The straight line is held against steps of the size that it leads to, in a program of their own."""
    available = 400 * 10**6
    (found,) = searches_apart({"num_images": 100_000, "available": available})
    told = subprocess.run(
        [sys.executable, "-c", STEPS, str(found["largest"])], capture_output=True, text=True, check=True
    )
    assert 0.3 * available < int(told.stdout) < available


def test_not_even_one_image():
    with pytest.raises(RunError, match=r"Not even a batch of one image fits: .* 0\.8 MB of the 1\.0 MB"):
        search(wide_network(), (1, 64, 64), available=10**6)


def test_it_ends_when_asked():
    looks = iter(range(10))

    def check():
        if next(looks) == 5:
            raise Cancelled

    events = find_largest_batch(
        tiny_network(), SHAPE, SETTINGS, num_classes=NUM_CLASSES, num_images=96, check=check
    )
    with pytest.raises(Cancelled):
        list(events)
    assert next(looks) == 6, "nothing was done after that"


class Greedy(nn.Sequential):
    """A network for which there is no memory from some size on, as on a GPU that is full."""

    limit = 20

    def forward(self, x):
        if len(x) > self.limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")
        return super().forward(x)


def test_a_device_that_raises_sets_the_limit():
    tried, found = search(Greedy(*tiny_network()))
    assert [one.batch_size for one in found.tried] == [1, 2, 4, 8, 16]
    assert found.largest < 32
    assert found.is_limited_by_memory
    assert max(one.batch_size for one in tried) == 16


def test_a_size_that_raises_is_not_taken_for_the_answer(monkeypatch):
    # the way of a GPU: what the straight line says is tried before it is told
    from cnn_studio.engine import largest_batch

    class AsOnGpu(largest_batch._Search):
        def __init__(self, *given):
            super().__init__(*given)
            self._raises = True

    monkeypatch.setattr(largest_batch, "_Search", AsOnGpu)
    assert search(Greedy(*tiny_network()))[1].largest == 16
    monkeypatch.setattr(Greedy, "limit", 24)
    assert search(Greedy(*tiny_network()))[1].largest == 24


def test_a_layer_that_cannot_learn_from_one_image_begins_with_two():
    module = nn.Sequential(nn.Conv2d(1, 4, 8), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4, NUM_CLASSES))
    assert [one.batch_size for one in search(module, num_images=9)[1].tried] == [2, 4, 8]


def test_other_failures_are_told():
    class Broken(nn.Sequential):
        def forward(self, x):
            raise RuntimeError("no such kernel")

    with pytest.raises(RunError, match="no such kernel"):
        search(Broken(*tiny_network()))
    with pytest.raises(RunError, match="loss is"):
        search(nn.Sequential(nn.Flatten(), nn.Linear(64, 3), nn.Threshold(1e9, float("inf"))))


def test_frozen_layers_need_less():
    free, frozen = searches_apart({"num_images": 8}, {"num_images": 8, "frozen": ["0", "2"]})
    assert frozen["bytes_per_image"] < free["bytes_per_image"]


@pytest.mark.parametrize(
    ("most", "sizes"), [(0, [1]), (1, [1]), (9, [1, 2, 3, 4, 6, 8]), (12, [1, 2, 3, 4, 6, 8, 12])]
)
def test_sizes(most, sizes):
    assert sizes_up_to(most) == sizes


def test_the_suggestion_is_the_smallest_of_the_fast():
    speeds = {8: 50.0, 16: 80.0, 32: 96.0, 64: 100.0, 128: 70.0}
    assert suggested_batch([BatchTried(size, speed, 0) for size, speed in speeds.items()]) == 32
