"""SGD, Adam and AdamW over parameter groups.

The arithmetic is PyTorch's, called through its functional forms: its optimizer *classes* import `torch._dynamo` when
the first one is made, which takes 2 seconds and 150 MB at the moment somebody presses Train.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.optim.adam import adam
from torch.optim.adamw import adamw
from torch.optim.sgd import sgd

from cnn_studio.engine.plan import ParameterGroup
from cnn_studio.engine.settings import TrainSettings


class StepRule(ABC):
    """Turns the gradients of parameter groups into a step."""

    def __init__(self, groups: Sequence[ParameterGroup], device: torch.device) -> None:
        self._groups = groups
        self._params = [param for group in groups for param in group.params]
        # foreach agrees bit for bit with the plain loop over tensors and is never slower than it; fused kernels
        # round differently on a CPU, and on a GPU save launches. Elsewhere the library chooses.
        self._foreach: bool | None = True if device.type == "cpu" else None
        self._fused: bool | None = True if device.type == "cuda" else None
        if self._fused:
            self._foreach = False

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


class Sgd(StepRule):
    """Stochastic gradient descent with momentum and weight decay.

    The learning rate stays outside the momentum buffer, as in `torch.optim.SGD`.
    """

    def __init__(
        self, groups: Sequence[ParameterGroup], device: torch.device, momentum: float, weight_decay: float
    ) -> None:
        super().__init__(groups, device)
        self._momentum = momentum
        self._weight_decay = weight_decay
        self._buffers: dict[Tensor, Tensor] = {}

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        buffers = [self._buffers.get(param) for param in params] if self._momentum else []
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
            nesterov=False,
            maximize=False,
        )
        for param, buffer in zip(params, buffers, strict=False):  # no buffers without momentum
            if buffer is not None:
                self._buffers[param] = buffer


class Adam(StepRule):
    """Adam, or AdamW if `decoupled`: weight decay then acts on the weights, not through the gradient."""

    _BETAS = (0.9, 0.999)
    _EPSILON = 1e-8

    def __init__(
        self, groups: Sequence[ParameterGroup], device: torch.device, weight_decay: float, *, decoupled: bool
    ) -> None:
        super().__init__(groups, device)
        self._weight_decay = weight_decay
        self._function = adamw if decoupled else adam
        self._state: dict[Tensor, tuple[Tensor, Tensor, Tensor]] = {}

    def _state_of(self, param: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        if param not in self._state:
            # fused kernels read the step counter on the device, the others on the CPU
            where = param.device if self._fused else torch.device("cpu")
            steps = torch.zeros((), dtype=torch.float32, device=where)
            self._state[param] = (torch.zeros_like(param), torch.zeros_like(param), steps)
        return self._state[param]

    def _move(self, params: list[Tensor], grads: list[Tensor], rate: float) -> None:
        states = [self._state_of(param) for param in params]
        self._function(
            params,
            grads,
            [state[0] for state in states],
            [state[1] for state in states],
            [],
            [state[2] for state in states],
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


def build_optimizer(
    settings: TrainSettings, groups: Sequence[ParameterGroup], device: torch.device
) -> StepRule:
    """Return the optimizer that the settings ask for, over parameters that are already on `device`."""
    if settings.optimizer == "sgd":
        return Sgd(groups, device, settings.momentum, settings.weight_decay)
    return Adam(groups, device, settings.weight_decay, decoupled=settings.optimizer == "adamw")
