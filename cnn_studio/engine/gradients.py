"""Gradient sizes per layer, measured now and then during training."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

INTERVAL = 0.25
"""Seconds between two measurements: enough for a plot, too rare to cost anything."""


class GradientMeter:
    """Measures the norm of the gradient of each layer that owns parameters which learn.

    Nothing is drawn, changed or kept on the device, so the numbers of the run are the same without it.
    """

    def __init__(self, module: nn.Module) -> None:
        self._due = -math.inf
        self._params: list[nn.Parameter] = []
        self._owners: list[str] = []
        seen: set[nn.Parameter] = set()
        for path, part in module.named_modules():
            for name, param in part.named_parameters(recurse=False):
                if param.requires_grad and param not in seen:
                    seen.add(param)
                    self._params.append(param)
                    self._owners.append(_layer_of(path, name, part))

    def norms_if_due(self) -> list[Tensor]:
        """Return the norm of each parameter's gradient on the device, or nothing if the last are recent."""
        now = time.monotonic()
        if now < self._due:
            return []
        self._due = now + INTERVAL
        with torch.no_grad():
            grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._params]
            return list(torch._foreach_norm(grads))

    def by_layer(self, norms: Sequence[float]) -> tuple[tuple[str, float], ...]:
        """Join the norms of a layer's parameters to one per layer, in the order of the network."""
        squares: dict[str, float] = {}
        for owner, norm in zip(self._owners, norms, strict=True):
            squares[owner] = squares.get(owner, 0.0) + norm * norm
        return tuple((owner, math.sqrt(square)) for owner, square in squares.items())


def _layer_of(path: str, name: str, part: nn.Module) -> str:
    """Return the path of the layer that a parameter belongs to; one that stands in a mere block is a layer itself."""
    if type(part) is nn.Module:
        return f"{path}.{name}"
    return path or name
