"""Layers that draw at random in training, each from a generator of its own."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class SeededDropout(nn.Module):
    """Dropout that draws from a generator of its own, so that other threads' draws do not change a run.

    `reseed` is called before each training step; without it the draws still form one reproducible stream.
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self._seed = 0
        self._generator: torch.Generator | None = None

    def reseed(self, seed: int) -> None:
        """Start the stream of draws anew."""
        self._seed = seed
        if self._generator is not None:
            self._generator.manual_seed(seed)

    def forward(self, x: Tensor) -> Tensor:
        """Drop values in training; pass them on otherwise."""
        if not self.training or self.p == 0:
            return x
        if self.p == 1:
            return x * 0
        if x.is_meta:
            return x.clone()
        if self._generator is None or self._generator.device != x.device:
            self._generator = torch.Generator(x.device).manual_seed(self._seed)
        kept = self._mask(x).bernoulli_(1 - self.p, generator=self._generator)
        return x * kept.mul_(1 / (1 - self.p))

    def _mask(self, x: Tensor) -> Tensor:
        """Return memory for the draws: one for each value."""
        return torch.empty_like(x)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_generator": None}  # generators cannot be copied

    def extra_repr(self) -> str:
        """Name the probability."""
        return f"p={self.p}"


class SeededDropout2d(SeededDropout):
    """Dropout of whole maps [B, C, H, W]: one draw for each map."""

    def _mask(self, x: Tensor) -> Tensor:
        return x.new_empty((*x.shape[:2], 1, 1))


class StochasticDepth(SeededDropout):
    """Dropout of whole results: one draw for each image (``row``) or one for the batch (``batch``).

    Source: G. Huang et al., Deep networks with stochastic depth (2016).
    """

    def __init__(self, p: float, mode: str) -> None:
        super().__init__(p)
        self.mode = mode

    def _mask(self, x: Tensor) -> Tensor:
        return x.new_empty((len(x) if self.mode == "row" else 1, *(1 for _ in x.shape[1:])))

    def extra_repr(self) -> str:
        """Name the probability and the mode."""
        return f"p={self.p}, mode={self.mode}"
