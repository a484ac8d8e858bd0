"""Sizes of gradients and steps per layer, measured now and then during training, and the spread of the weights."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cnn_studio.engine.events import Histogram

INTERVAL = 0.25
"""Seconds between two measurements: enough for a plot, too rare to cost anything."""

_SAMPLE = 65_536
"""Weights of a parameter whose steps are looked at; evenly chosen, so that a large layer costs no copy of itself."""

_BINS = 48


class GradientMeter:
    """Measures gradient and step of each layer that owns parameters which learn.

    Nothing is drawn, changed or kept on the device, so the numbers of the run are the same without it.
    """

    def __init__(self, module: nn.Module) -> None:
        self._due = -math.inf
        self._params: list[nn.Parameter] = []
        self._owners: list[str] = []
        self._before: list[Tensor] = []
        seen: set[nn.Parameter] = set()
        for path, part in module.named_modules():
            for name, param in part.named_parameters(recurse=False):
                if param.requires_grad and param not in seen:
                    seen.add(param)
                    self._params.append(param)
                    self._owners.append(layer_of(path, name, part))

    @torch.no_grad()
    def before_step(self) -> list[Tensor]:
        """Return the norm of each parameter's gradient on the device, or nothing if the last are recent.

        After the step `after_step` tells how far the parameters went.
        """
        now = time.monotonic()
        if now < self._due:
            return []
        self._due = now + INTERVAL
        grads = [torch.zeros_like(p) if p.grad is None else p.grad for p in self._params]
        self._before = [_sample(param).clone() for param in self._params]
        return list(torch._foreach_norm(grads))

    @torch.no_grad()
    def after_step(self) -> list[Tensor]:
        """Return two norms of each parameter: of its last step, and of itself before, both over the same sample."""
        before, self._before = self._before, []
        if not before:
            return []
        weights = torch._foreach_norm(before)
        torch._foreach_sub_(before, [_sample(param) for param in self._params])
        return [*torch._foreach_norm(before), *weights]

    def by_layer(
        self, norms: Sequence[float]
    ) -> tuple[tuple[tuple[str, float], ...], tuple[tuple[str, float], ...]]:
        """Join the numbers of a layer's parameters, in the order of the network.

        Args:
            norms: those of `before_step` and `after_step`, one after the other.

        Returns:
            The gradient norm of each layer, and the length of its step divided by that of its weights. A layer whose
            weights are all zero has no ratio.
        """
        count = len(self._params)
        gradients, steps, weights = (self._joined(norms[n * count : (n + 1) * count]) for n in range(3))
        ratios = {path: steps[path] / length for path, length in weights.items() if length > 0}
        return tuple(gradients.items()), tuple(ratios.items())

    def _joined(self, norms: Sequence[float]) -> dict[str, float]:
        squares: dict[str, float] = {}
        for owner, norm in zip(self._owners, norms, strict=True):
            squares[owner] = squares.get(owner, 0.0) + norm * norm
        return {owner: math.sqrt(square) for owner, square in squares.items()}


def _sample(param: Tensor) -> Tensor:
    """A view of evenly chosen values of a parameter, in the order of its memory."""
    flat = param.detach().as_strided((param.numel(),), (1,)) if param.numel() else param.detach().view(0)
    return flat[:: max(1, param.numel() // _SAMPLE)]


@torch.no_grad()
def weight_histograms(module: nn.Module) -> tuple[Histogram, ...]:
    """Return how the weights of each layer are spread, biases left out; not finite ones are not counted."""
    found: list[Histogram] = []
    seen: set[nn.Parameter] = set()
    for path, part in module.named_modules():
        for name, param in part.named_parameters(recurse=False):
            if name.startswith("bias") or param in seen or not param.numel():
                continue
            seen.add(param)
            values = _sample(param).float().cpu()
            values = values[values.isfinite()]
            if not len(values):
                continue
            low, high = float(values.min()), float(values.max())
            if low == high:
                low, high = low - 0.5, high + 0.5
            counts = torch.histc(values, _BINS, low, high)
            found.append(Histogram(layer_of(path, name, part), low, high, tuple(map(int, counts.tolist()))))
    return tuple(found)


def layer_of(path: str, name: str, part: nn.Module) -> str:
    """Return the path of the layer that a parameter belongs to; one that stands in a mere block is a layer itself."""
    if type(part) is nn.Module:
        return f"{path}.{name}"
    return path or name
