"""Frozen layers keep their bits; the others learn at their own rates."""

import copy

import pytest
import torch
from torch import nn

from cnn_studio.core.errors import RunError
from cnn_studio.engine.plan import LayerPlan, apply_plan
from cnn_studio.engine.settings import TrainSettings
from tests.helpers.tiny_training import bits, epochs, finished, run, tiny_network

SETTINGS = TrainSettings(batch_size=24, epochs=2, weight_decay=0.01)


def with_stale_gradients(module):
    for param in module.parameters():
        param.grad = torch.ones_like(param)
    return module


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
def test_frozen_layers_are_the_same_bit_for_bit(optimizer):
    module = with_stale_gradients(tiny_network())
    before, keys = bits(module), list(module.state_dict())
    plans = [LayerPlan("0", trainable=False), LayerPlan("1", trainable=False)]
    events = run(module, SETTINGS.model_copy(update={"optimizer": optimizer}), plans=plans)
    assert finished(events).status == "done"
    assert events[0].trainable_params == 435
    after = bits(module)
    assert list(module.state_dict()) == keys
    assert {key for key in before if before[key] != after[key]} == {"4.weight", "4.bias"}
    assert {path for e in events if hasattr(e, "norms") for path, _ in e.norms} == {"4"}


def test_stale_gradients_are_dropped():
    module = with_stale_gradients(tiny_network())
    apply_plan(module, [LayerPlan("0", trainable=False)])
    assert all(param.grad is None for param in module.parameters())


def test_unfrozen_batch_normalisation_moves():
    module = tiny_network()
    before = bits(module)
    run(module, SETTINGS)
    after = bits(module)
    assert all(before[key] != after[key] for key in before)


def test_kept_statistics_stay_while_the_layer_learns():
    module = tiny_network()
    before = bits(module)
    run(module, SETTINGS, plans=[LayerPlan("1", keeps_statistics=True)])
    after = bits(module)
    same = {key for key in before if before[key] == after[key]}
    assert same == {"1.running_mean", "1.running_var", "1.num_batches_tracked"}


def test_a_frozen_normalisation_normalises_with_its_statistics_in_training():
    module = tiny_network()
    module[1].running_mean += 3
    plan = apply_plan(module, [LayerPlan("1", trainable=False)])
    images = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        expected = copy.deepcopy(module).eval()(images)
        module.train()
        assert module.training
        assert torch.equal(module(images), expected)
        plan.release()
        module.train()
        assert not torch.equal(module(images), expected)


def test_the_longest_path_counts():
    module = nn.Sequential(tiny_network(), nn.Linear(3, 3))
    plans = [
        LayerPlan("0.4", lr_factor=0.5),
        LayerPlan("0", trainable=False),
        LayerPlan("1.bias", trainable=False),
    ]
    groups = apply_plan(module, plans).groups
    assert [(g.lr_factor, len(g.params)) for g in groups] == [(0.5, 2), (1.0, 1)]
    assert groups[1].params == (module[1].weight,)


def test_a_shared_parameter_is_in_one_group_once():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    module = nn.Sequential(first, second, first)
    groups = apply_plan(module, [LayerPlan("1", lr_factor=0.1)]).groups
    params = [param for group in groups for param in group.params]
    assert len(params) == len(set(params)) == 3
    assert next(g.lr_factor for g in groups if any(p is first.weight for p in g.params)) == 0.1


def test_a_shared_parameter_is_frozen_if_either_layer_is():
    first, second = nn.Linear(4, 4), nn.Linear(4, 4)
    second.weight = first.weight
    module = nn.Sequential(first, second)
    groups = apply_plan(module, [LayerPlan("0"), LayerPlan("1", trainable=False)]).groups
    assert groups[0].params == (first.bias,)
    assert not first.weight.requires_grad


def test_equal_values_are_not_taken_for_one_parameter():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    module[1].load_state_dict(module[0].state_dict())
    (group,) = apply_plan(module).groups
    assert len(group.params) == 4


def test_a_plan_can_unfreeze_what_came_frozen():
    module = tiny_network().requires_grad_(False)
    with pytest.raises(RunError, match="nothing to train"):
        apply_plan(module)
    (group,) = apply_plan(module, [LayerPlan("4")]).groups
    assert group.params == (module[4].weight, module[4].bias)


def test_a_factor_that_is_not_above_zero_is_refused():
    for factor in (0.0, -1.0, float("nan")):
        with pytest.raises(RunError, match=r"layer|Layer '4'"):
            apply_plan(tiny_network(), [LayerPlan("4", lr_factor=factor)])


def test_a_frozen_body_lets_the_head_learn():
    events = run(
        tiny_network(),
        TrainSettings(batch_size=24, epochs=12),
        plans=[LayerPlan(path, trainable=False) for path in ("0", "1", "2", "3")],
    )
    assert epochs(events)[-1].train_loss < 0.5 * epochs(events)[0].train_loss
