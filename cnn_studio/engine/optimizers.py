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

    def _for_kernel(self, params: Sequence[Tensor], tensors: Sequence[Tensor]) -> list[Tensor]:
        """Return tensors that belong to `params`, one each, as the kernel should see them.

        The fused kernels of a CPU go through memory in its order, whatever the strides say: where a gradient has another
        order than its weight they move the wrong weights (torch 2.14), and of a channels-last gradient they make a copy
        first, which took a seventh of a step of ResNet-18. Views whose dimensions run as memory does have neither
        trouble.
        """
        if not self._fused:
            return list(tensors)
        return [
            tensor.permute(0, 2, 3, 1) if _is_channels_last(param) else tensor
            for param, tensor in zip(params, tensors, strict=True)
        ]

    def _grads_for_kernel(self, params: Sequence[Tensor], grads: Sequence[Tensor]) -> list[Tensor]:
        found = self._for_kernel(params, grads)
        return [grad.contiguous() for grad in found] if self._fused else found

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
        known = [self._slots.get(param, {}).get("momentum") for param in params]
        is_new = [buffer is None for buffer in known]
        if self._fused and any(is_new) and not all(is_new):  # its kernel takes first steps alone
            for news in (True, False):
                chosen = [at for at, new in enumerate(is_new) if new == news]
                self._move([params[at] for at in chosen], [grads[at] for at in chosen], rate)
            return
        held = [buffer for buffer in known if buffer is not None]
        buffers: list[Tensor | None] = []
        if self._momentum:
            buffers = [*self._for_kernel(params, held)] if len(held) == len(known) else known
        decay = self._weight_decay
        if decay and self._foreach:
            # the same sum as torch's, but in the gradient's own memory, which nothing reads after this
            torch._foreach_add_(grads, params, alpha=decay)
            decay = 0.0
        sgd(
            self._for_kernel(params, params),
            self._grads_for_kernel(params, grads),
            buffers,
            foreach=self._foreach,
            fused=self._fused,
            weight_decay=decay,
            momentum=self._momentum,
            lr=rate,
            dampening=0.0,
            nesterov=self._nesterov,
            maximize=False,
        )
        for param, buffer in zip(params, buffers, strict=False):  # no buffers without momentum
            if buffer is not None:
                # shaped as its weight again
                is_view = self._fused and _is_channels_last(param)
                slot = buffer.permute(0, 3, 1, 2) if is_view else buffer
                self._slots.setdefault(param, {})["momentum"] = slot


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
            self._for_kernel(params, params),
            self._grads_for_kernel(params, grads),
            self._for_kernel(params, self._slot(params, "mean")),
            self._for_kernel(params, self._slot(params, "square")),
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


def _is_channels_last(param: Tensor) -> bool:
    last = param.ndim == 4 and param.is_contiguous(memory_format=torch.channels_last)
    return last and not param.is_contiguous()


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
