"""The estimate of a run's memory, against arithmetic and against a real run."""

import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.engine.memory import available_memory, estimate_training_memory

NETWORK = {"total_params": 1_000_000, "activations_per_image": 200_000, "input_size": 3072}


def test_the_parts_are_what_they_say():
    found = estimate_training_memory(**NETWORK, batch_size=10, optimizer="adam", trainable_params=250_000)
    assert (found.weights, found.gradients, found.optimizer_state) == (4_000_000, 2_000_000, 2_000_000)
    assert (found.best_weights, found.batch) == (4_000_000, 122_880)
    assert found.activations >= 8_000_000
    assert found.total == 12_122_880 + found.activations + found.overhead


def test_optimizers_differ_by_what_they_keep():
    def state(optimizer, **other):
        return estimate_training_memory(**NETWORK, batch_size=1, optimizer=optimizer, **other).optimizer_state

    assert [state("sgd"), state("adam"), state("adamw")] == [4_000_000, 8_000_000, 8_000_000]
    assert state("sgd", momentum=0.0) == 0


def test_activations_grow_with_the_batch_and_weights_do_not():
    small = estimate_training_memory(**NETWORK, batch_size=1, optimizer="sgd")
    large = estimate_training_memory(**NETWORK, batch_size=100, optimizer="sgd")
    assert large.activations == 100 * small.activations
    assert large.weights == small.weights


def test_estimating_loads_no_torch():
    code = (
        "import sys, cnn_studio.engine.memory as m\n"
        "m.available_memory()\n"
        "assert not {'torch', 'numpy'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.skipif(sys.platform != "linux", reason="compares with /proc/meminfo, which Linux alone has")
def test_available_memory_is_positive_and_below_the_total():
    lines = Path("/proc/meminfo").read_text().splitlines()
    total = int(next(line for line in lines if line.startswith("MemTotal")).split()[1]) * 1024
    assert 0 < available_memory() < total


MEASURE = """
import re, sys
from pathlib import Path
import numpy as np
from torch import nn
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.loop import train
from cnn_studio.engine.settings import TrainSettings

def resident(name):
    return int(re.search(name + r":\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024

parts = []
for inputs, outputs in ((3, 32), (32, 64), (64, 128)):
    parts += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
module = nn.Sequential(*parts, nn.Flatten(), nn.Linear(8192, 512), nn.ReLU(), nn.Linear(512, 10))
rng = np.random.default_rng(0)
part = ImagePart(rng.integers(0, 255, (128, 3, 64, 64), np.uint8), rng.integers(0, 10, 128))
data = ImageData("noise", tuple("0123456789"), part, part, None, (0.5,) * 3, (0.5,) * 3)
Path("/proc/self/clear_refs").write_text("5")  # forget earlier peaks
before = resident("VmRSS")
settings = TrainSettings(optimizer="adam", learning_rate=0.001, epochs=2, batch_size=64)
*_, last = train(module, data, settings, RunControl())
assert last.status == "done", last.message
weights = 4 * sum(p.numel() for p in module.parameters())
print(resident("VmHWM") - before + weights, weights // 4)
"""


@pytest.mark.slow
@pytest.mark.skipif(
    sys.platform != "linux", reason="reads the peak of a process from /proc, which Linux alone has"
)
def test_the_estimate_is_within_a_factor_of_two_of_a_real_run():
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], check=True, timeout=240, capture_output=True, text=True
    )
    peak, num_params = map(int, done.stdout.split())
    per_image = 64 * 64 * 32 * 2.25 + 32 * 32 * 64 * 2.25 + 16 * 16 * 128 * 2.25 + 8192 + 512 * 2 + 10
    estimate = estimate_training_memory(
        total_params=num_params,
        activations_per_image=int(per_image),
        input_size=3 * 64 * 64,
        batch_size=64,
        optimizer="adam",
    ).total
    assert peak / 2 < estimate < peak * 2
