"""One seed gives one run, whatever else the process does; and the pieces that this rests on."""

import subprocess
import sys
import threading

import pytest
import torch
from torch import nn

from cnn_studio.core.randomness import derive_seed
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.device import describe_device, exact_numerics, pick_device
from cnn_studio.engine.events import BatchDone
from cnn_studio.engine.loop import train
from cnn_studio.engine.metrics import evaluate
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import SeededDropout, bits, losses, run, tiny_data, tiny_network

SETTINGS = TrainSettings(optimizer="adam", learning_rate=0.002, batch_size=16, epochs=4, seed=3)


def network_with_dropout():
    body = tiny_network()
    return nn.Sequential(*body[:4], SeededDropout(), body[4], SeededDropout())


def test_the_same_seed_gives_the_same_bits():
    first, second = network_with_dropout(), network_with_dropout()
    assert losses(run(first, SETTINGS)) == losses(run(second, SETTINGS))
    assert bits(first) == bits(second)


def test_another_seed_gives_another_run():
    other = SETTINGS.model_copy(update={"seed": 4})
    assert losses(run(network_with_dropout(), SETTINGS)) != losses(run(network_with_dropout(), other))


def test_other_threads_that_draw_from_the_shared_generator_change_nothing():
    expected_module = network_with_dropout()
    expected = losses(run(expected_module, SETTINGS))
    ended = threading.Event()
    rounds = []

    def disturb():
        while not ended.is_set():
            nn.Linear(50, 50)
            torch.rand(3)
            rounds.append(1)

    module = network_with_dropout()
    events, noisy = [], threading.Thread(target=disturb)
    noisy.start()
    try:
        for event in train(module, tiny_data(), SETTINGS, RunControl()):
            events.append(event)
            if isinstance(event, BatchDone):
                seen = len(rounds)
                while len(rounds) == seen:  # the other thread draws between any two steps
                    ended.wait(0.001)
    finally:
        ended.set()
        noisy.join(10)
    assert losses(events) == expected
    assert bits(module) == bits(expected_module)


def test_a_run_leaves_the_shared_generator_where_it_was():
    module = network_with_dropout()
    before = torch.random.get_rng_state()
    run(module, SETTINGS)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_every_step_and_module_gets_a_seed_of_its_own():
    module = network_with_dropout()
    run(module, SETTINGS)
    seeds = [*module[4].seeds, *module[6].seeds]
    assert len(seeds) == len(set(seeds)) == 2 * 4 * 6
    assert module[4].seeds[0] == derive_seed(3, 1, 1, 0)
    assert module[6].seeds[-1] == derive_seed(3, 4, 24, 1)


def test_derived_seeds_are_fixed_numbers():
    # half of what `printf 0,1,1,0 | b2sum -l 64` prints, read as a little-endian number
    assert derive_seed(0) == 4246866556266386882
    assert derive_seed(0, 1, 1, 0) == 447565303717199470
    assert derive_seed(1, 23) != derive_seed(12, 3)
    assert all(0 <= derive_seed(n, -n) < 2**63 for n in range(1000))


def test_the_cpu_is_always_there():
    device = pick_device("cpu")
    assert describe_device(device) == "CPU"
    assert pick_device("auto").type in {"cpu", "cuda", "mps"}


def test_exact_numerics_fixes_the_threads_of_a_thread_that_had_none_set():
    found = []

    def work():
        with exact_numerics(torch.device("cpu")) as threads:
            found.append((threads, torch.get_num_threads(), torch.get_deterministic_debug_mode()))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join(10)
    assert found == [(torch.get_num_threads(), torch.get_num_threads(), 1)]


@pytest.mark.parametrize("training", [True, False])
def test_an_evaluation_leaves_the_mode_as_it_was(training):
    module = tiny_network().train(training)
    before = bits(module)
    data = torch.randn(5, 1, 8, 8), torch.tensor([0, 1, 2, 0, 1])
    result = evaluate(module, [data])
    assert module.training is training
    assert all(part.training is training for part in module)
    assert bits(module) == before
    assert result.predictions.shape == result.confidences.shape == (5,)
    with pytest.raises(ValueError, match="no image"):
        evaluate(module, [])


@pytest.mark.slow
def test_a_run_does_not_load_the_compiler_stack():
    code = (
        "import sys; from tests.helpers.tiny_training import *\n"
        "assert finished(run(tiny_network(), TrainSettings(epochs=1))).status == 'done'\n"
        "assert not {'torch._dynamo', 'torch._inductor'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
