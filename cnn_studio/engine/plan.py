"""Which layers of a network learn, and how fast: freeze plans and what they do to a module.

No module is swapped and no key of the state dict changes; a plan acts through `requires_grad`, parameter groups
and hooks that hold layers in evaluation mode.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.modules.batchnorm import _NormBase
from torch.utils.hooks import RemovableHandle

from cnn_studio.core.errors import RunError


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """What a run does with one layer.

    Attributes:
        path: dotted path of a layer or block, or the state-dict key of one parameter. Of several plans that
            cover a parameter the longest path counts.
        trainable: False keeps parameters and buffers bit for bit.
        lr_factor: multiplies the run's learning rate; above 0.
        keeps_statistics: a batch normalisation that learns, but normalises with the running statistics it came
            with and leaves them as they are. A frozen one always does.
    """

    path: str
    trainable: bool = True
    lr_factor: float = 1.0
    keeps_statistics: bool = False


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """Parameters that share a learning rate, each once.

    Attributes:
        lr_factor: multiplies the run's learning rate.
        params: in the order of the network.
    """

    lr_factor: float
    params: tuple[nn.Parameter, ...]


class AppliedPlan:
    """A plan in force: the groups that learn, and the hooks that hold frozen layers in evaluation mode.

    Attributes:
        groups: what learns.
        held: the modules that stay in evaluation mode, whatever `train()` says.
    """

    def __init__(self, groups: tuple[ParameterGroup, ...], held: Iterable[nn.Module]) -> None:
        self.groups = groups
        self.held = frozenset(held)
        self._hooks: Sequence[RemovableHandle] = [
            part.register_forward_pre_hook(_to_evaluation) for part in self.held
        ]

    def release(self) -> None:
        """Take the hooks off; `requires_grad` stays as the plan set it."""
        for hook in self._hooks:
            hook.remove()
        self._hooks = ()


def apply_plan(module: nn.Module, plans: Iterable[LayerPlan] = ()) -> AppliedPlan:
    """Put plans in force: freeze, group parameters by rate, and hold normalisations.

    Layers without a plan keep their `requires_grad` and learn with factor 1. A parameter that two layers share
    is frozen if either layer is, and otherwise takes the factor of the first. Every `.grad` is cleared, so that
    nothing left from an earlier run moves a weight.

    Raises:
        RunError: a path that is not in the network, a factor that is not above 0, or nothing left to train.
    """
    by_path = {plan.path: plan for plan in plans}
    _check(module, by_path)
    names: dict[nn.Parameter, list[str]] = {}
    for name, param in module.named_parameters(remove_duplicate=False):
        names.setdefault(param, []).append(name)
    groups: dict[float, list[nn.Parameter]] = {}
    for param, own_names in names.items():
        found = [plan for name in own_names if (plan := _plan_of(name, by_path)) is not None]
        if found:
            param.requires_grad_(all(plan.trainable for plan in found))
        param.grad = None
        if param.requires_grad:
            groups.setdefault(found[0].lr_factor if found else 1.0, []).append(param)
    if not groups:
        why = "every layer with weights is frozen" if names else "it has no layer with weights"
        raise RunError(f"There is nothing to train in this network: {why}. Unfreeze or add a layer.")
    return AppliedPlan(
        tuple(ParameterGroup(factor, tuple(params)) for factor, params in groups.items()),
        _held(module, by_path),
    )


def _check(module: nn.Module, by_path: dict[str, LayerPlan]) -> None:
    known = {name for name, _ in module.named_modules(remove_duplicate=False)}
    known.update(name for name, _ in module.named_parameters(remove_duplicate=False))
    for plan in by_path.values():
        if plan.path not in known:
            raise RunError(
                f"The training plan names the layer {plan.path!r}, which this network does not have. "
                "Make the plan again from the network as it is now."
            )
        if not plan.lr_factor > 0:
            raise RunError(
                f"Layer {plan.path!r} has the learning rate factor {plan.lr_factor:g}, which must be above 0. "
                "Freeze the layer if it should stay as it is."
            )


def _plan_of(name: str, by_path: dict[str, LayerPlan]) -> LayerPlan | None:
    """Return the plan with the longest path that is `name` or one of its owners."""
    while True:
        if name in by_path:
            return by_path[name]
        if not name:
            return None
        name = name.rpartition(".")[0]


def _held(module: nn.Module, by_path: dict[str, LayerPlan]) -> list[nn.Module]:
    """Return what would move buffers in training and must not; it is in evaluation mode from now on."""
    held: dict[nn.Module, None] = {}
    for name, part in module.named_modules(remove_duplicate=False):
        plan = _plan_of(name, by_path)
        # Any owner of buffers may move them in training, not batch normalisation alone.
        if (
            plan is not None
            and next(part.buffers(recurse=False), None) is not None
            and (not plan.trainable or (plan.keeps_statistics and isinstance(part, _NormBase)))
        ):
            held[part] = None
    for part in held:
        part.training = False
    return list(held)


def _to_evaluation(part: nn.Module, _: tuple[torch.Tensor, ...]) -> None:
    part.training = False
