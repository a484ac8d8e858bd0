"""The loop gives the same numbers as plain PyTorch."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone
from cnn_studio.engine.loop import train
from cnn_studio.engine.plan import LayerPlan
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import (
    batches_of,
    bits,
    epochs,
    finished,
    losses,
    run,
    tiny_data,
    tiny_network,
)

EPOCHS = 10  # of 5 steps each


def plain_optimizer(settings, groups):
    if settings.optimizer == "sgd":
        return torch.optim.SGD(
            groups, lr=settings.learning_rate, momentum=settings.momentum, weight_decay=settings.weight_decay
        )
    kind = torch.optim.Adam if settings.optimizer == "adam" else torch.optim.AdamW
    return kind(groups, lr=settings.learning_rate, weight_decay=settings.weight_decay)


def plain_losses(module, data, settings, groups=None):
    optimizer = plain_optimizer(settings, groups or module.parameters())
    total = settings.epochs * math.ceil(len(data.train) / settings.batch_size)

    def factor(step):
        return (1 + math.cos(math.pi * step / total)) / 2 if settings.schedule == "cosine" else 1.0

    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
    found = []
    for epoch in range(1, settings.epochs + 1):
        module.train()
        for images, labels in batches_of(data, settings, epoch):
            optimizer.zero_grad()
            loss = functional.cross_entropy(module(images), labels)
            loss.backward()
            optimizer.step()
            schedule.step()
            found.append(loss.item())
    return found


def settings_of(optimizer, schedule, **other):
    rate = 0.05 if optimizer == "sgd" else 0.003
    return TrainSettings(
        optimizer=optimizer, schedule=schedule, learning_rate=rate, batch_size=20, epochs=EPOCHS, **other
    )


@pytest.mark.parametrize("schedule", ["constant", "cosine"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_losses_and_weights_equal_those_of_a_plain_loop(optimizer, schedule):
    settings = settings_of(optimizer, schedule)
    data = tiny_data(train=100)
    ours, plain = tiny_network(), tiny_network()
    events = []
    for event in train(ours, data, settings, RunControl()):
        events.append(event)
        if isinstance(event, EpochDone) and event.epoch == EPOCHS:
            last = bits(ours)  # before the kept weights are loaded
    expected = plain_losses(plain, data, settings)
    assert len(expected) == 50
    assert losses(events) == expected
    assert last == bits(plain)


def test_without_momentum_and_decay_the_losses_still_agree():
    settings = settings_of("sgd", "constant", momentum=0.0, weight_decay=0.0)
    data = tiny_data(train=100)
    assert losses(run(tiny_network(), settings, data)) == plain_losses(tiny_network(), data, settings)


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_rate_factors_agree_with_parameter_groups(optimizer):
    settings = settings_of(optimizer, "cosine")
    data = tiny_data(train=100)
    plain = tiny_network()
    groups = [
        {"params": [*plain[0].parameters(), *plain[1].parameters()], "lr": settings.learning_rate * 0.1},
        {"params": plain[4].parameters()},
    ]
    plans = [LayerPlan("0", lr_factor=0.1), LayerPlan("1", lr_factor=0.1)]
    # where a group's own rate is rounded differs between the two, so equality is up to float32's rounding
    expected = plain_losses(plain, data, settings, groups)
    assert losses(run(tiny_network(), settings, data, plans=plans)) == pytest.approx(expected, rel=1e-4)
    assert losses(run(tiny_network(), settings, data)) != pytest.approx(expected, rel=1e-4)


def test_a_parameter_used_in_no_output_stays_while_the_others_learn():
    class Spare(nn.Module):
        def __init__(self):
            super().__init__()
            self.used = tiny_network()
            self.spare = nn.Linear(2, 2)

        def forward(self, x):
            return self.used(x)

    settings = settings_of("adam", "constant")
    data = tiny_data(train=100)
    module = Spare()
    before = bits(module)
    plain = copy.deepcopy(module)
    events = run(module, settings, data)
    assert losses(events) == plain_losses(plain, data, settings)
    after = bits(module)
    assert before["spare.weight"] == after["spare.weight"]
    assert before["used.0.weight"] != after["used.0.weight"]


def test_epoch_numbers_are_those_of_a_plain_evaluation():
    settings = settings_of("sgd", "constant")
    data = tiny_data(train=100, val=33)
    module = tiny_network()
    seen = 0
    for event in train(module, data, settings, RunControl()):
        if not isinstance(event, EpochDone):
            continue
        seen += 1
        images = torch.from_numpy(data.val.images).float().div(255).sub(data.mean[0]).div(data.std[0])
        module.eval()
        with torch.no_grad():
            logits = module(images)
        module.train()
        labels = torch.from_numpy(data.val.labels)
        assert event.val_loss == pytest.approx(functional.cross_entropy(logits, labels).item(), rel=1e-4)
        assert event.val_accuracy == (logits.argmax(1) == labels).double().mean().item()
        assert event.predictions.tolist() == logits.argmax(1).tolist()
        own = logits.gather(1, labels[:, None])
        assert event.ranks.tolist() == (logits > own).sum(1).tolist()
        assert ((event.ranks == 0) == (event.predictions == data.val.labels)).all()
        assert event.predictions.dtype == "int64"
        assert event.confidences.dtype == "float32"
        assert event.confidences == pytest.approx(logits.softmax(1).amax(1).numpy(), abs=1e-5)
    assert seen == EPOCHS


def test_gradient_norms_are_those_of_the_first_step():
    settings = settings_of("sgd", "constant")
    data = tiny_data(train=100)
    module, plain = tiny_network(), tiny_network()
    measured = next(e for e in train(module, data, settings, RunControl()) if hasattr(e, "norms"))
    images, labels = next(iter(batches_of(data, settings, 1)))
    functional.cross_entropy(plain(images), labels).backward()
    expected = [
        (path, math.hypot(*(param.grad.norm().item() for param in plain[int(path)].parameters())))
        for path in ("0", "1", "4")
    ]
    assert [path for path, _ in measured.norms] == [path for path, _ in expected]
    assert [norm for _, norm in measured.norms] == pytest.approx([norm for _, norm in expected], rel=1e-5)


def test_measuring_gradients_at_every_step_changes_no_number(monkeypatch):
    settings = settings_of("adam", "cosine")
    rarely, often = tiny_network(), tiny_network()
    few = run(rarely, settings)
    monkeypatch.setattr("cnn_studio.engine.gradients.INTERVAL", 0.0)
    many = run(often, settings)
    assert len(many) > len(few)
    assert losses(many) == losses(few)
    assert bits(rarely) == bits(often)


def test_the_best_epoch_is_kept_and_measured_on_the_test_part():
    settings = TrainSettings(batch_size=20, epochs=6, learning_rate=0.02)
    data = tiny_data(train=40, test=64)
    module = tiny_network()
    events, states = [], {}
    for event in train(module, data, settings, RunControl()):
        events.append(event)
        if isinstance(event, EpochDone):
            states[event.epoch] = bits(module)
    done = epochs(events)
    assert sum(event.is_best for event in done) > 1
    best = max(done, key=lambda e: (e.val_accuracy, -e.val_loss, -e.epoch))
    last = finished(events)
    assert last.epoch == best.epoch
    assert last.val_accuracy == best.val_accuracy
    assert [e.epoch for e in done if e.is_best][-1] == best.epoch
    fresh = tiny_network(seed=5)
    fresh.load_state_dict(last.weights)
    fresh.eval()
    images = torch.from_numpy(data.test.images).float().div(255).sub(data.mean[0]).div(data.std[0])
    with torch.no_grad():
        right = (fresh(images).argmax(1).numpy() == data.test.labels).mean()
    assert last.test_accuracy == pytest.approx(right)
    assert (last.test.predictions == data.test.labels).mean() == pytest.approx(right)
    assert len(last.test.confidences) == len(last.test.ranks) == 64
    assert bits(fresh) == bits(module) == states[best.epoch]


def test_a_worse_last_epoch_does_not_replace_the_kept_weights():
    class Worsening(nn.Module):
        """Right in its first validation, wrong in the later ones."""

        def __init__(self):
            super().__init__()
            self.bias = nn.Parameter(torch.zeros(3))
            self.register_buffer("validations", torch.zeros(()))

        def forward(self, x):
            corners = torch.stack([x[:, 0, :4, :4], x[:, 0, :4, 4:], x[:, 0, 4:, :4]], 1).mean((2, 3))
            if not self.training:
                self.validations += 1
            return (corners if self.validations < 2 else -corners) * 10 + self.bias

    module = Worsening()
    data = tiny_data(train=40, val=20, test=None)
    events = run(module, TrainSettings(batch_size=20, epochs=3), data)
    assert [e.is_best for e in epochs(events)] == [True, False, False]
    last = finished(events)
    assert (last.epoch, last.val_accuracy, last.test_accuracy) == (1, 1.0, None)
    assert last.weights["validations"] == 1
    assert module.validations == 1
