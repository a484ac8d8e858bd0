"""The finder of learning rates, the time estimate, predictions, and the tuned speed."""

import math
import time
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from cnn_studio.compiler import lower
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.estimate import macs_per_second, seconds_per_epoch
from cnn_studio.engine.events import (
    RunFinished,
    RunStarted,
    SpeedTuned,
    Tuning,
    TuningStarted,
    describe_tuning,
)
from cnn_studio.engine.loop import train
from cnn_studio.engine.predict import predict
from cnn_studio.engine.rate_finder import HIGHEST, LOWEST, RateFound, RateTried, find_rate, suggested_rate
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.engine.tuning import find_tuning
from cnn_studio.graph.analysis import analyse
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import find_starter
from tests.helpers.tiny_training import bits, epochs, finished, run, tiny_data, tiny_network

SETTINGS = TrainSettings(batch_size=16, optimizer="sgd", momentum=0.9)


def found(events):
    assert isinstance(events[-1], RateFound)
    return events[-1].rate


def test_the_suggestion_trains_and_the_network_is_as_before():
    module, data = tiny_network(), tiny_data(train=300)
    before, draws = bits(module), torch.random.get_rng_state()
    events = list(find_rate(module, data, SETTINGS))
    assert bits(module) == before
    assert torch.equal(torch.random.get_rng_state(), draws)
    assert not any(part._forward_pre_hooks for part in module.modules())
    tried = [event for event in events if isinstance(event, RateTried)]
    rates = [event.rate for event in tried]
    assert rates[0] == LOWEST
    assert rates == sorted(rates)
    assert rates[-1] <= HIGHEST * 1.001
    assert min(event.smooth for event in tried) < 0.5 * tried[0].smooth
    rate = found(events)
    assert 1e-4 < rate < 1
    ends = {
        factor: epochs(
            run(
                tiny_network(),
                SETTINGS.model_copy(update={"learning_rate": rate * factor, "epochs": 3}),
                data,
            )
        )
        for factor in (0.001, 1.0)
    }
    assert ends[1.0][-1].val_loss < 0.5 * ends[0.001][-1].val_loss


def test_the_same_test_twice_gives_the_same_points():
    settings = SETTINGS.model_copy(update={"augmentation": Augmentation(crop_padding=2), "optimizer": "adam"})
    first = list(find_rate(tiny_network(), tiny_data(), settings))
    assert first == list(find_rate(tiny_network(), tiny_data(), settings))


def test_it_ends_when_asked_and_without_numbers():
    looks = iter([False] * 5 + [True] * 100)
    events = list(find_rate(tiny_network(), tiny_data(), SETTINGS, cancelled=lambda: next(looks)))
    assert [type(event) for event in events] == [RateTried] * 5 + [RateFound]
    assert found(events) is None, "too few points"

    class Explodes(nn.Sequential):
        def forward(self, x):
            return super().forward(x) * 1e38

    events = list(find_rate(Explodes(*tiny_network()), tiny_data(), SETTINGS))
    assert found(events) is None


def test_the_suggestion_is_where_the_loss_falls_fastest():
    rates = [10 ** (-6 + 0.06 * n) for n in range(100)]
    falling = [RateTried(rate, 0.0, 2 - 1.5 / (1 + math.exp(-(n - 60) / 4))) for n, rate in enumerate(rates)]
    assert suggested_rate(falling) == pytest.approx(rates[60], rel=0.5)
    flat = [RateTried(rate, 1.0, 1.0) for rate in rates]
    assert suggested_rate(flat) is None
    rising = [RateTried(rate, 1.0, 1.0 + n) for n, rate in enumerate(rates)]
    assert suggested_rate(rising) is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "batch"), [("lenet5", 128), ("small-cnn", 128), ("resnet18", 8)])
def test_the_time_estimate_is_within_a_factor_of_four(name, batch):
    import time

    torch.set_num_threads(1)
    document = find_starter(name).build()
    entry = next(layer.params for layer in document.layers.values() if layer.type == "input")
    module = lower(document)
    images = torch.randn(batch, entry["channels"], entry["height"], entry["width"])
    seconds = []
    for _ in range(3):
        start = time.perf_counter()
        module(images).sum().backward()
        seconds.append(time.perf_counter() - start)
    guess = seconds_per_epoch(analyse(infer_shapes(document)), batch, batch, macs_per_second())
    print(f"{name}: estimated {guess:.3f} s, took {min(seconds):.3f} s")
    assert min(seconds) / 4 < guess < min(seconds) * 4


def test_a_network_with_errors_has_no_time():
    document = find_starter("lenet5").build()
    document.change_layer(
        document.paths["C1"], params={**document.layer_at("C1").params, "kernel_size": (50, 50)}
    )
    assert seconds_per_epoch(analyse(infer_shapes(document)), 100, 10, 1e10) is None


def test_predictions_are_those_of_the_network():
    module = tiny_network()
    images = tiny_data().val.images[:7]
    guesses = predict(module, images, (0.3,), (0.25,), ("a", "b"), top=2)
    with torch.no_grad():
        plain = module.eval()((torch.from_numpy(images).float() / 255 - 0.3) / 0.25).softmax(1)
    for own, row in zip(guesses, plain, strict=True):
        order = row.argsort(descending=True)[:2].tolist()
        assert [guess.index for guess in own] == order
        assert [guess.score for guess in own] == pytest.approx(row[order].tolist(), abs=1e-5)
        assert [guess.label for guess in own] == [("a", "b", "2")[n] for n in order]
    module.train()
    predict(module, images, (0.3,), (0.25,), ())
    assert module.training


def test_auto_measures_and_the_run_says_what_it_chose(monkeypatch):
    monkeypatch.setattr("cnn_studio.engine.tuning._SECONDS_EACH", 0.01)
    monkeypatch.setattr("cnn_studio.engine.tuning._WORTH", 1e9)
    settings = SETTINGS.model_copy(update={"speed": "auto", "epochs": 2})
    module = tiny_network()
    events = run(module, settings)
    began, tuned, started = events[:3]
    assert isinstance(began, TuningStarted)
    assert isinstance(tuned, SpeedTuned)
    assert isinstance(started, RunStarted)
    assert finished(events).status == "done"
    assert started.precision == describe_tuning(tuned.tuning)
    assert tuned.measured[0][0] == "float32"
    assert len(tuned.measured) >= 3
    assert tuned.tuning.images_per_second >= tuned.tuning.baseline > 0
    assert tuned.tuning.images_per_second == max(
        speed for _, speed in tuned.measured if speed <= tuned.tuning.images_per_second
    )
    again = tiny_network()
    repeated = list(train(again, tiny_data(), settings, RunControl(), tuning=tuned.tuning))
    assert not any(isinstance(event, SpeedTuned) for event in repeated)
    assert bits(again) == bits(module), "the same choice, the same bits"


@pytest.mark.parametrize(("epochs", "measured"), [(1, []), (40, ["float32"])])
def test_a_short_run_is_not_held_up_by_measuring(epochs, measured):
    events = run(tiny_network(), SETTINGS.model_copy(update={"speed": "auto", "epochs": epochs}))
    tuned = events[1]
    assert isinstance(tuned, SpeedTuned)
    assert [name for name, _ in tuned.measured] == measured
    assert (tuned.tuning.precision, tuned.tuning.channels_last) == ("float32", False)


def test_slow_steps_are_not_measured_beyond_their_share_of_the_run():
    taken = []

    class Slow(nn.Sequential):
        def forward(self, x):
            taken.append(time.perf_counter())
            time.sleep(0.1)
            return super().forward(x)

    def measure(num_steps):
        taken.clear()
        images, labels = torch.rand(16, 1, 8, 8), torch.arange(16) % 3
        find_tuning(
            Slow(*tiny_network()), images, labels, SETTINGS, torch.device("cpu"), plans=(), num_classes=3,
            num_steps=num_steps, check=lambda: None,
        )  # fmt: skip
        return len(taken)

    short, long = measure(210), measure(5_000)
    # 210 steps take 21 s: five steps of plain float32, 1.3 s of others, and what runs over that
    assert short <= 5 + 13 + 4 < long


def test_a_stop_while_measuring_ends_the_run():
    control = RunControl()
    control.stop()
    events = list(train(tiny_network(), tiny_data(), SETTINGS.model_copy(update={"speed": "auto"}), control))
    assert [type(event) for event in events] == [TuningStarted, RunFinished]
    assert events[-1].status == "stopped"


@pytest.mark.parametrize(
    "tuning",
    [
        Tuning(channels_last=True),
        Tuning(precision="bfloat16"),
        Tuning(cut_kernels=True),
        Tuning(channels_last=True, precision="bfloat16", fused=True, threads=1),
    ],
)
def test_every_way_to_compute_learns_alike(tuning):
    settings = SETTINGS.model_copy(update={"epochs": 6, "learning_rate": 0.02})
    events = list(train(tiny_network(), tiny_data(), settings, RunControl(), tuning=tuning))
    plain = run(tiny_network(), settings)
    assert finished(events).val_accuracy >= finished(plain).val_accuracy - 0.1
    weights = finished(events).weights
    assert all(value.is_contiguous() for value in weights.values())
    assert all(value.dtype in (torch.float32, torch.int64) for value in weights.values())
    assert np.isfinite(finished(events).images_per_second)


def test_a_way_that_cannot_be_computed_is_left_out(monkeypatch):
    monkeypatch.setattr("cnn_studio.engine.tuning._SECONDS_EACH", 0.01)
    monkeypatch.setattr("cnn_studio.engine.tuning._WORTH", 1e9)

    class NoChannelsLast(nn.Sequential):
        def forward(self, x):
            if x.is_contiguous(memory_format=torch.channels_last) and not x.is_contiguous():
                raise RuntimeError("no kernel")
            return super().forward(x)

    body = tiny_network()
    body[0] = nn.Conv2d(2, 4, 3)
    data = tiny_data()
    twice = [np.repeat(part.images, 2, axis=1) for part in (data.train, data.val)]
    parts = [
        type(data.train)(images, part.labels)
        for images, part in zip(twice, (data.train, data.val), strict=True)
    ]
    pairs = replace(data, train=parts[0], val=parts[1], test=None, mean=(0.3, 0.3), std=(0.25, 0.25))
    events = run(NoChannelsLast(*body), SETTINGS.model_copy(update={"speed": "auto", "epochs": 1}), pairs)
    assert finished(events).status == "done"
    tuned = next(event for event in events if isinstance(event, SpeedTuned))
    assert not tuned.tuning.channels_last
    assert "float32, channels-last" not in [name for name, _ in tuned.measured]
