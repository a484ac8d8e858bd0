"""Schedules give the rates of torch's own, and the run uses and reports them."""

import itertools

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone, RateChanged
from cnn_studio.engine.loop import train
from cnn_studio.engine.schedules import Plateau, SchedulePoint, planned_rates, rate_factor
from cnn_studio.engine.settings import Schedule, TrainSettings
from tests.helpers.tiny_training import run, tiny_data, tiny_network

RATE, EPOCHS, PER_EPOCH = 0.3, 20, 10
TOTAL = EPOCHS * PER_EPOCH


def torch_rates(make, each="step"):
    """The rates of 200 steps under one of torch's schedulers, which moves after each step or each epoch."""
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = make(optimizer)
    rates = []
    for step in range(TOTAL):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        if (each == "step" and step + 1 < TOTAL) or (each == "epoch" and (step + 1) % PER_EPOCH == 0):
            scheduler.step()
    return rates


def our_rates(**settings):
    chosen = TrainSettings(learning_rate=RATE, epochs=EPOCHS, **settings)
    return [RATE * rate_factor(chosen, SchedulePoint(step, TOTAL, PER_EPOCH)) for step in range(TOTAL)]


@pytest.mark.parametrize(
    ("settings", "make", "each"),
    [
        ({"schedule": "constant"}, lambda o: lr_scheduler.ConstantLR(o, 1.0), "step"),
        ({"schedule": "cosine"}, lambda o: lr_scheduler.CosineAnnealingLR(o, T_max=TOTAL), "step"),
        (
            {"schedule": "step", "step_epochs": 6, "rate_factor": 0.3},
            lambda o: lr_scheduler.StepLR(o, 6, 0.3),
            "epoch",
        ),
        (
            {"schedule": "one-cycle"},
            lambda o: lr_scheduler.OneCycleLR(o, max_lr=RATE, total_steps=TOTAL, cycle_momentum=False),
            "step",
        ),
        (
            {"schedule": "cosine", "warmup_epochs": 3},
            lambda o: lr_scheduler.SequentialLR(
                o,
                [
                    lr_scheduler.LinearLR(o, 1 / 30, 1.0, total_iters=29),
                    lr_scheduler.CosineAnnealingLR(o, TOTAL - 30),
                ],
                milestones=[30],
            ),
            "step",
        ),
    ],
    ids=["constant", "cosine", "step", "one-cycle", "warm-up and cosine"],
)
@pytest.mark.filterwarnings("ignore:.*epoch parameter.*")
def test_rates_of_200_steps_are_those_of_torch(settings, make, each):
    assert our_rates(**settings) == pytest.approx(torch_rates(make, each), rel=1e-9, abs=1e-12)


def test_the_plateau_drops_when_torch_does():
    losses = [
        1.0,
        0.9,
        0.9,
        0.90001,
        0.8999,
        0.95,
        0.91,
        0.5,
        0.51,
        0.52,
        0.53,
        0.54,
        0.4,
        0.41,
        0.42,
        0.43,
        0.44,
    ]
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=RATE)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.1, patience=2)
    ours, settings = Plateau(2), TrainSettings(schedule="plateau", rate_factor=0.1)
    for loss in losses:
        scheduler.step(loss)
        ours.take(loss)
        again = Plateau(2)
        again.restore(ours.record())
        factor = rate_factor(settings, SchedulePoint(1, TOTAL, PER_EPOCH, again.drops))
        assert RATE * factor == pytest.approx(optimizer.param_groups[0]["lr"])
    assert ours.drops >= 2


def test_every_schedule_starts_no_higher_than_the_rate_and_stays_above_zero():
    for schedule, warmup in itertools.product(Schedule.__args__, (0.0, 1.5, 100.0)):
        rates = our_rates(schedule=schedule, warmup_epochs=warmup)
        assert all(0 < rate <= RATE * (1 + 1e-12) for rate in rates), schedule
        if warmup and schedule != "one-cycle":
            assert rates[0] < RATE / 10


@pytest.mark.parametrize("schedule", Schedule.__args__)
def test_the_reported_rate_follows_the_schedule(schedule):
    settings = TrainSettings(
        learning_rate=0.002, batch_size=16, epochs=4, schedule=schedule, plateau_patience=100
    )
    rates = [e.learning_rate for e in run(tiny_network(), settings) if isinstance(e, BatchDone)]
    assert rates == [0.002 * rate_factor(settings, SchedulePoint(step, 24, 6)) for step in range(24)]


def test_a_run_lowers_its_rate_on_a_plateau():
    settings = TrainSettings(
        learning_rate=1e-9, batch_size=48, epochs=6, schedule="plateau", plateau_patience=1, rate_factor=0.5
    )
    events = run(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), settings)
    watch, expected = Plateau(1), []
    for event in events:
        if isinstance(event, BatchDone):
            expected.append(1e-9 * 0.5**watch.drops)
        elif isinstance(event, EpochDone):
            watch.take(event.val_loss)
    assert [e.learning_rate for e in events if isinstance(e, BatchDone)] == expected
    assert watch.drops > 0


def test_a_changed_rate_is_the_new_start_of_the_schedule():
    settings = TrainSettings(learning_rate=0.01, batch_size=16, epochs=4, schedule="cosine")
    control, rates, changes = RunControl(), [], []
    for event in train(tiny_network(), tiny_data(), settings, control):
        if isinstance(event, BatchDone):
            rates.append(event.learning_rate)
            if event.step == 9:
                control.set_learning_rate(0.5)
        elif isinstance(event, RateChanged):
            changes.append(event)
    factors = [rate_factor(settings, SchedulePoint(step, 24, 6)) for step in range(24)]
    assert rates == [(0.01 if step < 9 else 0.5) * factor for step, factor in enumerate(factors)]
    assert changes == [RateChanged(10, 0.5)]
    with pytest.raises(ValueError, match="above 0"):
        control.set_learning_rate(0.0)


def test_planned_rates_cover_the_run():
    settings = TrainSettings(learning_rate=0.1, epochs=7, schedule="cosine")
    plan = planned_rates(settings, 1000, most=50)
    assert len(plan) == 50
    assert plan[0] == (0.0, pytest.approx(0.1))
    assert plan[-1][0] == pytest.approx(7, abs=0.01)
    assert plan[-1][1] < 1e-6
    assert planned_rates(settings.model_copy(update={"epochs": 1}), 1) == [(0.0, 0.1)]
