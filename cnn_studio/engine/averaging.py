"""A running average of the weights, which validation and the kept network use in place of the weights themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class WeightAverage:
    """The exponential moving average of the parameters that learn.

    ``a = d a + (1 - d) w`` after each step, with ``d = min(decay, (1 + n) / (10 + n))`` at step n, so that the first
    weights are soon forgotten (the rule of TensorFlow's ExponentialMovingAverage).

    Args:
        module: the network; its parameters that learn are followed.
        decay: above 0 and below 1.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self._decay = decay
        self._named = [(name, param) for name, param in module.named_parameters() if param.requires_grad]
        self._params: list[Tensor] = [param for _, param in self._named]
        self._averages = [param.detach().clone() for param in self._params]

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the weights after step `step`, counted from 1."""
        decay = min(self._decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(self._averages, self._params, 1 - decay)

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let the network compute with the averages inside the block."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for number, param in enumerate(self._params):
            param.data, self._averages[number] = self._averages[number], param.data

    def state(self) -> dict[str, Tensor]:
        """Return the averages by parameter name; the tensors themselves."""
        return {name: average for (name, _), average in zip(self._named, self._averages, strict=True)}

    @torch.no_grad()
    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Take over averages that `state` gave."""
        for (name, _), average in zip(self._named, self._averages, strict=True):
            average.copy_(state[name])
