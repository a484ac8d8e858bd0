"""What can go wrong in a run ends it with a sentence, and the next run in the same program works."""

import gc
import weakref
from collections import OrderedDict

import pytest
import torch
from torch import nn

from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import RunFinished
from cnn_studio.engine.failures import describe_failure
from cnn_studio.engine.loop import train
from cnn_studio.engine.resources import LowMemoryError, MemoryGuard, held_memory
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import epochs, finished, run, tiny_data, tiny_network

SETTINGS = TrainSettings(batch_size=32, epochs=3)
CPU = torch.device("cpu")


class Breaks(nn.Module):
    """A layer that spoils its output, or its own weights, at a step."""

    def __init__(self, step, what):
        super().__init__()
        self.left, self.what = step, what
        self.weight = nn.Parameter(torch.ones(()))

    def forward(self, x):
        self.left -= self.training and torch.is_grad_enabled()
        if self.left > 0:
            return x * self.weight
        if self.what == "weights":
            self.weight.data.fill_(float("nan"))
        return x * self.weight if self.what == "weights" else x / 0.0


def with_break(step, what):
    body = tiny_network()
    parts = {"conv": body[0], "norm": body[1], "odd": Breaks(step, what), "relu": body[2], "flatten": body[3]}
    return nn.Sequential(OrderedDict(parts, head=body[4]))


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("weights", "arose in layer odd, whose weights are no numbers any more"),
        ("output", "arose in layer odd: its input and weights are numbers, its output is not"),
    ],
)
def test_the_layer_in_which_a_loss_became_nan_is_named(what, words):
    events = run(with_break(5, what), SETTINGS)
    last = finished(events)
    assert last.status == "failed"
    assert "in epoch 2, step 5" in last.message
    assert words in last.message
    assert last.epoch == 1
    assert last.weights is not None
    assert len(epochs(events)) == 1
    assert finished(run(tiny_network(), SETTINGS)).status == "done"


def test_a_forbidden_step_is_not_taken():
    module = with_break(5, "output")
    run(module, SETTINGS)
    assert all(bool(param.isfinite().all()) for param in module.parameters())


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            torch.OutOfMemoryError(
                "CUDA out of memory. Tried to allocate 2.50 GiB. GPU 0 has a total capacity of 7.79 GiB"
            ),
            "memory of the GPU ran out in epoch 1, step 2, with batches of 32: 2.50 GiB more were needed, and the card "
            "has 7.79 GiB in all. Take a smaller batch, such as 16,",
        ),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:75] DefaultCPUAllocator: can't allocate memory: you tried to "
            "allocate 81920000000 bytes. Error code 12"),
            "memory of this machine ran out in epoch 1, step 2, with batches of 32: 81.9 GB more were needed at once.",
        ),
        (MemoryError(), "memory of this machine ran out in epoch 1, step 2, with batches of 32."),
    ],
)  # fmt: skip
def test_memory_that_runs_out_is_told_with_sizes_and_a_smaller_batch(error, words):
    class Fails(nn.Sequential):
        steps = 0

        def forward(self, x):
            self.steps += 1
            if self.steps == 2:
                self.held = torch.ones(1000, 1000)
                raise error
            return super().forward(x)

    last = finished(run(Fails(*tiny_network()), SETTINGS))
    assert last.status == "failed"
    assert words in last.message
    assert last.smaller_batch == 16
    assert finished(run(tiny_network(), SETTINGS.model_copy(update={"batch_size": 16}))).status == "done"


def test_memory_of_a_failed_run_is_given_back():
    held = []

    class Fails(nn.Sequential):
        def forward(self, x):
            local = super().forward(x)
            held.append(weakref.ref(local))
            raise torch.OutOfMemoryError("CUDA out of memory")

    last = finished(run(Fails(*tiny_network()), SETTINGS))
    gc.collect()
    assert last.smaller_batch == 16
    assert [ref() for ref in held] == [None], "the traceback kept the tensors of the step"


def test_too_large_an_allocation_really_fails_and_is_told():
    class Greedy(nn.Sequential):
        def forward(self, x):
            torch.empty(2**44)
            return super().forward(x)

    last = finished(run(Greedy(*tiny_network()), SETTINGS))
    assert "memory of this machine ran out in epoch 1, step 1" in last.message
    assert "GB more were needed at once" in last.message
    assert last.smaller_batch == 16


def test_the_guard_stops_a_run_before_the_memory_is_gone(monkeypatch):
    free = iter([10_000_000_000] * 4 + [100_000_000] * 10_000)
    monkeypatch.setattr("cnn_studio.engine.resources._GUARD_SECONDS", 0.0)
    monkeypatch.setattr(
        "cnn_studio.engine.run.MemoryGuard", lambda *a: MemoryGuard(*a, free=lambda: next(free))
    )
    events = run(tiny_network(), SETTINGS)
    last = finished(events)
    assert (last.status, last.epoch, last.smaller_batch) == ("failed", 1, 16)
    assert "Only 100 MB of memory are left" in last.message
    assert "such as 16" in last.message
    assert last.weights is not None
    monkeypatch.undo()
    assert finished(run(tiny_network(), SETTINGS)).status == "done"


def test_the_guard_is_silent_while_there_is_memory_or_nobody_says():
    for answer in (10**10, None):
        guard = MemoryGuard(CPU, 8, free=lambda answer=answer: answer)
        for _ in range(3):
            guard.check()
    guard = MemoryGuard(CPU, 1, free=iter([10**9, 10**6]).__next__)
    guard.check()
    guard._due = 0.0
    with pytest.raises(LowMemoryError, match="Take a smaller network or smaller images"):
        guard.check()


def test_the_memory_that_is_held_is_counted():
    before = held_memory(CPU)
    block = torch.ones(30_000_000)
    assert held_memory(CPU) - before > 0.8 * block.nbytes


def test_a_failed_run_tells_its_sentence_once_and_only_at_the_end():
    class Fails(nn.Sequential):
        def forward(self, x):
            raise KeyError("conv9")

    events = list(train(Fails(*tiny_network()), tiny_data(), SETTINGS, RunControl()))
    assert [type(event).__name__ for event in events] == ["RunStarted", "RunFinished"]
    assert isinstance(events[-1], RunFinished)
    assert events[-1].details.count("Traceback") == 1


def test_a_batch_of_one_gets_no_smaller_one():
    text = describe_failure(torch.OutOfMemoryError("CUDA out of memory"), epoch=1, step=1, batch_size=1)
    assert "Take a smaller network or smaller images." in text
