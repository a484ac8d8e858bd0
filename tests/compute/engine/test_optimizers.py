"""Every optimizer takes the steps of torch's own, and AlexNet's rule those of its formula."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from cnn_studio.engine.optimizers import build_optimizer
from cnn_studio.engine.plan import ParameterGroup, apply_plan
from cnn_studio.engine.settings import Optimizer, TrainSettings
from tests.helpers.tiny_training import batches_of, tiny_data, tiny_network

STEPS = 200
CPU = torch.device("cpu")


def theirs(settings, params):
    rate, momentum, decay = settings.learning_rate, settings.momentum, settings.weight_decay
    match settings.optimizer:
        case "sgd" | "sgd-2012":
            return torch.optim.SGD(params, rate, momentum, weight_decay=decay)
        case "nesterov":
            return torch.optim.SGD(params, rate, momentum, weight_decay=decay, nesterov=True)
        case "adam":
            return torch.optim.Adam(params, rate, weight_decay=decay)
        case "adamw":
            return torch.optim.AdamW(params, rate, weight_decay=decay)
        case "rmsprop":
            return torch.optim.RMSprop(params, rate, momentum=momentum, weight_decay=decay)


def gradients(module, count=STEPS, seed=0):
    """Gradients that do not depend on the weights, so that only the rule is compared."""
    draw = torch.Generator().manual_seed(seed)
    return [[torch.randn(p.shape, generator=draw) for p in module.parameters()] for _ in range(count)]


def walk(module, optimizer, grads, rates, step):
    found = []
    for own, rate in zip(grads, rates, strict=True):
        for param, grad in zip(module.parameters(), own, strict=True):
            param.grad = grad.clone().to(param.dtype)
        step(optimizer, rate)
        found.append([param.detach().clone() for param in module.parameters()])
    return found


def our_step(optimizer, rate):
    optimizer.step(rate)


def their_step(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate
    optimizer.step()


@pytest.mark.parametrize("rates", ["constant", "falling"])
@pytest.mark.parametrize("optimizer", [name for name in Optimizer.__args__ if name != "sgd-2012"])
def test_200_steps_are_those_of_torch(optimizer, rates):
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, momentum=0.8, weight_decay=0.01)
    ours, plain = tiny_network(), tiny_network()
    plan = [0.01 if rates == "constant" else 0.01 * 0.5 ** (n // 50) for n in range(STEPS)]
    grads = gradients(ours)
    rule = build_optimizer(settings, apply_plan(ours).groups, CPU)
    mine = walk(ours, rule, grads, plan, our_step)
    other = walk(plain, theirs(settings, plain.parameters()), grads, plan, their_step)
    for a, b in zip(mine, other, strict=True):
        assert all(torch.equal(x, y) for x, y in zip(a, b, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "rmsprop"])
def test_without_momentum_and_decay_too(optimizer):
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, momentum=0.0, weight_decay=0.0)
    ours, plain = tiny_network(), tiny_network()
    grads = gradients(ours, 20)
    rule = build_optimizer(settings, apply_plan(ours).groups, CPU)
    mine = walk(ours, rule, grads, [0.01] * 20, our_step)
    plainly = settings.model_copy(update={"optimizer": "sgd"}) if optimizer == "nesterov" else settings
    other = walk(plain, theirs(plainly, plain.parameters()), grads, [0.01] * 20, their_step)
    assert all(torch.equal(x, y) for x, y in zip(mine[-1], other[-1], strict=True))


def test_the_rule_of_alexnet_is_its_formula_in_float64():
    """v(n) = 0.9 v(n-1) - 0.0005 r w(n-1) - r g;  w(n) = w(n-1) + v(n): decay pulls towards zero, so its sign is minus."""
    settings = TrainSettings(optimizer="sgd-2012", learning_rate=0.05, momentum=0.9, weight_decay=0.0005)
    module = tiny_network().double()
    grads = gradients(module)
    rates = [0.05 if n < 120 else 0.005 for n in range(STEPS)]
    weights = [param.detach().clone().flatten().tolist() for param in module.parameters()]
    steps = [[0.0] * len(own) for own in weights]
    for own, rate in zip(grads, rates, strict=True):
        for w, v, g in zip(weights, steps, own, strict=True):
            flat = g.double().flatten().tolist()
            for i in range(len(w)):
                v[i] = 0.9 * v[i] - 0.0005 * rate * w[i] - rate * flat[i]
                w[i] += v[i]
    rule = build_optimizer(settings, apply_plan(module).groups, CPU)
    mine = walk(module, rule, grads, rates, our_step)[-1]
    for param, expected in zip(mine, weights, strict=True):
        assert param.flatten().tolist() == pytest.approx(expected, rel=1e-12, abs=1e-14)


def test_both_forms_of_sgd_agree_until_the_rate_changes():
    def path(optimizer, rates):
        module = tiny_network().double()
        settings = TrainSettings(optimizer=optimizer, learning_rate=0.05, momentum=0.9, weight_decay=0.0005)
        rule = build_optimizer(settings, apply_plan(module).groups, CPU)
        return walk(module, rule, gradients(module), rates, our_step)

    def distances(rates):
        pairs = zip(path("sgd", rates), path("sgd-2012", rates), strict=True)
        return [max((x - y).abs().max().item() for x, y in zip(a, b, strict=True)) for a, b in pairs]

    assert max(distances([0.05] * STEPS)) < 1e-12
    changed = distances([0.05] * 100 + [0.005] * 100)
    assert max(changed[:100]) < 1e-12
    assert min(changed[101:]) > 1e-4


@pytest.mark.parametrize("optimizer", Optimizer.__args__)
def test_a_state_goes_on_where_it_was(optimizer):
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, momentum=0.9, weight_decay=0.01)
    whole, cut = tiny_network(), tiny_network()
    grads = gradients(whole, 40)
    rule = build_optimizer(settings, apply_plan(whole).groups, CPU)
    expected = walk(whole, rule, grads, [0.01] * 40, our_step)[-1]
    first = build_optimizer(settings, apply_plan(cut).groups, CPU)
    walk(cut, first, grads[:17], [0.01] * 17, our_step)
    second = build_optimizer(settings, apply_plan(cut).groups, CPU)
    second.load_state({key: value.clone() for key, value in first.state().items()})
    mine = walk(cut, second, grads[17:], [0.01] * 23, our_step)[-1]
    assert all(torch.equal(x, y) for x, y in zip(mine, expected, strict=True))


@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", "adamw"])
def test_fused_kernels_round_differently_and_no_more(optimizer):
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, weight_decay=0.01)
    plain, fused = tiny_network(), tiny_network()
    grads = gradients(plain, 50)
    mine = walk(
        plain, build_optimizer(settings, apply_plan(plain).groups, CPU), grads, [0.01] * 50, our_step
    )[-1]
    other = walk(
        fused,
        build_optimizer(settings, apply_plan(fused).groups, CPU, fused=True),
        grads,
        [0.01] * 50,
        our_step,
    )[-1]
    for a, b in zip(mine, other, strict=True):
        assert torch.allclose(a, b, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("optimizer", ["sgd", "nesterov", "adam", "adamw"])
def test_fused_kernels_move_channels_last_weights_as_the_plain_ones_do(optimizer, order):
    settings = TrainSettings(optimizer=optimizer, learning_rate=0.01, weight_decay=0.01)
    draw = torch.Generator().manual_seed(3)
    shapes = [(8, 4, 3, 3), (64, 32, 3, 3), (8,), (6, 1, 5, 5)]
    grads = [[torch.randn(shape, generator=draw) for shape in shapes] for _ in range(5)]
    ended = []
    for fused in (False, True):
        params = [nn.Parameter(torch.linspace(-1, 1, math.prod(shape)).reshape(shape)) for shape in shapes]
        for param in params:
            if param.ndim == 4:
                param.data = param.data.to(memory_format=torch.channels_last)
        rule = build_optimizer(settings, [ParameterGroup(1.0, tuple(params))], CPU, fused=fused)
        for step, own in enumerate(grads):
            for param, grad in zip(params, own, strict=True):
                # a weight that learns later than the others begins its momentum later
                param.grad = None if step == 0 and param.ndim == 1 else grad.clone()
                if param.grad is not None and param.ndim == 4:
                    param.grad = param.grad.to(memory_format=order)
            rule.step(0.01)
        ended.append([param.detach() for param in params])
        assert all(slot.shape in {*shapes, ()} for slot in rule.state().values())
    for plain, other in zip(*ended, strict=True):
        torch.testing.assert_close(other, plain, rtol=1e-4, atol=1e-6)


def test_training_with_the_rule_of_alexnet_learns():
    data, module = tiny_data(), tiny_network()
    settings = TrainSettings(optimizer="sgd-2012", learning_rate=0.02, batch_size=16, epochs=6)
    rule = build_optimizer(settings, apply_plan(module).groups, CPU)
    losses = []
    for epoch in range(1, 7):
        for images, labels in batches_of(data, settings, epoch):
            rule.clear_gradients()
            loss = functional.cross_entropy(module(images), labels)
            loss.backward()
            rule.step(0.02)
            losses.append(loss.item())
    assert math.fsum(losses[-6:]) < math.fsum(losses[:6]) / 3


def test_a_parameter_without_gradient_stays():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    before = copy.deepcopy(module)
    rule = build_optimizer(TrainSettings(optimizer="sgd-2012"), apply_plan(module).groups, CPU)
    module[0](torch.ones(1, 2)).sum().backward()
    rule.step(0.1)
    assert torch.equal(module[1].weight, before[1].weight)
    assert not torch.equal(module[0].weight, before[0].weight)
