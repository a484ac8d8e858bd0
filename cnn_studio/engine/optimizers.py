"""SGD in two forms, Nesterov, Adam, AdamW and RMSprop over parameter groups.

The arithmetic is PyTorch's, called through its functional forms: its optimizer *classes* import `torch._dynamo` when
the first one is made, which takes 2 seconds and 150 MB at the moment somebody presses Train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.rmsprop import rmsprop
from torch.optim.sgd import sgd

from cnn_studio.engine.plan import ParameterGroup
from cnn_studio.engine.settings import TrainSettings

Slots = dict[str, Tensor]
"""What an optimizer remembers of one parameter, by name."""


class StepRule(ABC):
    """Turns the gradients of parameter groups into a step.

    Args:
        groups: the parameters that learn, on `device`.
        device: decides which kernels are used.
        fused: one kernel for a whole group, where the rule has one. Always on CUDA; on a CPU it rounds differently
            from the plain loop, so it is a choice.
    """

    def __init__(self, groups: Sequence[ParameterGroup], device: torch.device, fused: bool = False) -> None:
        self._groups = groups
        self._params = [param for group in groups for param in group.params]
        self._fused: bool | None = True if device.type == "cuda" or fused else None
        # foreach agrees bit for bit with the plain loop over tensors and is never slower than it. Elsewhere the
        # library chooses.
        self._foreach: bool | None = None if device.type not in {"cpu", "cuda"} else not self._fused
        self._slots: dict[Tensor, Slots] = {}

    def clear_gradients(self) -> None:
        """Drop all gradients, memory included."""
        for param in self._params:
            param.grad = None

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Move every parameter that has a gradient; a group's rate is `learning_rate` times its factor."""
        for group in self._groups:
            params: list[Tensor] = []
            grads: list[Tensor] = []
            for param in group.params:
                if param.grad is not None:
                    params.append(param)
                    grads.append(param.grad)
            if params:
                self._move(params, grads, learning_rate * group.lr_factor)

    @abstractmethod
    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        """Move `params` against `grads` in place."""

    def _slot(self, params: Sequence[Tensor], name: str) -> list[Tensor]:
        """Return what is remembered under a name of each parameter, zeros of its shape at first."""
        found = []
        for param in params:
            slots = self._slots.setdefault(param, {})
            if name not in slots:
                slots[name] = torch.zeros_like(param)
            found.append(slots[name])
        return found

    def _counters(self, params: Sequence[Tensor]) -> list[Tensor]:
        """Return the numbers of steps of each parameter, as the kernels count them."""
        found = []
        for param in params:
            slots = self._slots.setdefault(param, {})
            if "steps" not in slots:
                # fused kernels read the counter on the device, the others on the CPU
                where = param.device if self._fused else torch.device("cpu")
                slots["steps"] = torch.zeros((), dtype=torch.float32, device=where)
            found.append(slots["steps"])
        return found

    def state(self) -> Slots:
        """Return all that is remembered, by ``<number of the parameter>.<name>``; the tensors themselves."""
        return {
            f"{number}.{name}": value
            for number, param in enumerate(self._params)
            for name, value in self._slots.get(param, {}).items()
        }

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over what `state` returned in another run of the same parameters and rule."""
        self._slots.clear()
        for key, value in state.items():
            number, _, name = key.partition(".")
            param = self._params[int(number)]
            where = param.device if name != "steps" or self._fused else torch.device("cpu")
            slot = value.to(where, copy=True)
            if slot.ndim == 4 and param.is_contiguous(memory_format=torch.channels_last):
                slot = slot.to(memory_format=torch.channels_last)
            self._slots.setdefault(param, {})[name] = slot


class Sgd(StepRule):
    """Stochastic gradient descent with momentum and weight decay.

    The learning rate stays outside the momentum buffer, as in `torch.optim.SGD`. With `nesterov` the gradient counts
    once more on top of the momentum, which is where the next step would look (Sutskever et al. 2013).
    """

    def __init__(
        self,
        groups: Sequence[ParameterGroup],
        device: torch.device,
        momentum: float,
        weight_decay: float,
        *,
        nesterov: bool = False,
        fused: bool = False,
    ) -> None:
        super().__init__(groups, device, fused)
        self._momentum = momentum
        self._weight_decay = weight_decay
        self._nesterov = nesterov and momentum > 0

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        # The first buffer is the gradient itself, not a zero that it is added to: that is how torch begins.
        buffers = [self._slots.get(param, {}).get("momentum") for param in params] if self._momentum else []
        sgd(
            params,
            grads,
            buffers,
            foreach=self._foreach,
            fused=self._fused,
            weight_decay=self._weight_decay,
            momentum=self._momentum,
            lr=rate,
            dampening=0.0,
            nesterov=self._nesterov,
            maximize=False,
        )
        for param, buffer in zip(params, buffers, strict=False):  # no buffers without momentum
            if buffer is not None:
                self._slots.setdefault(param, {})["momentum"] = buffer


class Sgd2012(StepRule):
    """Stochastic gradient descent as AlexNet used it (Krizhevsky, Sutskever and Hinton 2012, section 5).

    ``v = m v - d r w - r g`` and ``w = w + v`` with momentum m, weight decay d, rate r and gradient g. The rate is
    inside the momentum buffer: after a change of the rate the old steps go on at the old one. With a constant rate
    this is `Sgd`.
    """

    def __init__(
        self, groups: Sequence[ParameterGroup], device: torch.device, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(groups, device)
        self._momentum = momentum
        self._weight_decay = weight_decay

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        steps = self._slot(params, "momentum")
        torch._foreach_mul_(steps, self._momentum)
        if self._weight_decay:
            torch._foreach_add_(steps, params, alpha=-self._weight_decay * rate)
        torch._foreach_add_(steps, grads, alpha=-rate)
        torch._foreach_add_(params, steps)


class Adam(StepRule):
    """Adam, or AdamW if `decoupled`: weight decay then acts on the weights, not through the gradient."""

    _BETAS = (0.9, 0.999)
    _EPSILON = 1e-8

    def __init__(
        self,
        groups: Sequence[ParameterGroup],
        device: torch.device,
        weight_decay: float,
        *,
        decoupled: bool,
        fused: bool = False,
    ) -> None:
        super().__init__(groups, device, fused)
        self._weight_decay = weight_decay
        self._function = adamw if decoupled else adam

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        self._function(
            params,
            grads,
            self._slot(params, "mean"),
            self._slot(params, "square"),
            [],
            self._counters(params),
            foreach=self._foreach,
            fused=self._fused,
            amsgrad=False,
            beta1=self._BETAS[0],
            beta2=self._BETAS[1],
            lr=rate,
            weight_decay=self._weight_decay,
            eps=self._EPSILON,
            maximize=False,
        )


class RmsProp(StepRule):
    """RMSprop with momentum, as `torch.optim.RMSprop` has it: each weight's step is divided by its usual gradient."""

    _ALPHA = 0.99
    _EPSILON = 1e-8

    def __init__(
        self, groups: Sequence[ParameterGroup], device: torch.device, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(groups, device)
        if self._foreach is False:  # there is no fused kernel to take its place
            self._foreach = True
        self._momentum = momentum
        self._weight_decay = weight_decay

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        rmsprop(
            params,
            grads,
            self._slot(params, "square"),
            [],
            self._slot(params, "momentum") if self._momentum else [],
            self._counters(params),
            foreach=self._foreach,
            lr=rate,
            alpha=self._ALPHA,
            eps=self._EPSILON,
            weight_decay=self._weight_decay,
            momentum=self._momentum,
            centered=False,
        )


FUSABLE = frozenset({"sgd", "nesterov", "adam", "adamw"})
"""Optimizers that have a fused kernel on a CPU."""


def build_optimizer(
    settings: TrainSettings, groups: Sequence[ParameterGroup], device: torch.device, *, fused: bool = False
) -> StepRule:
    """Return the optimizer that the settings ask for, over parameters that are already on `device`."""
    momentum, decay = settings.momentum, settings.weight_decay
    match settings.optimizer:
        case "sgd" | "nesterov":
            is_nesterov = settings.optimizer == "nesterov"
            return Sgd(groups, device, momentum, decay, nesterov=is_nesterov, fused=fused)
        case "sgd-2012":
            return Sgd2012(groups, device, momentum, decay)
        case "rmsprop":
            return RmsProp(groups, device, momentum, decay)
        case _:
            return Adam(groups, device, decay, decoupled=settings.optimizer == "adamw", fused=fused)
