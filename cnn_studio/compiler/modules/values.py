"""Layers that work on values: fully connected with its activation, scaled tanh, fixed scaling, and the merges."""

from __future__ import annotations

import torch
from torch import Tensor, nn

ACTIVATIONS = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}


class Dense(nn.Linear):
    """A fully connected layer that carries its activation with it."""

    def __init__(self, in_features: int, out_features: int, bias: bool, activation: str) -> None:
        super().__init__(in_features, out_features, bias)
        self.activation = activation
        self._act = ACTIVATIONS[activation]

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        """Map vectors of shape [B, N]."""
        return self._act(super().forward(input))

    def extra_repr(self) -> str:
        """Name the activation."""
        return f"{super().extra_repr()}, activation={self.activation}"


class ScaledTanh(nn.Module):
    """A · tanh(S · x).

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), appendix A.
    """

    def __init__(self, amplitude: float, slope: float) -> None:
        super().__init__()
        self.amplitude, self.slope = amplitude, slope

    def forward(self, x: Tensor) -> Tensor:
        """Squash values of any shape."""
        return self.amplitude * torch.tanh(self.slope * x)

    def extra_repr(self) -> str:
        """Name both numbers."""
        return f"amplitude={self.amplitude}, slope={self.slope}"


class ScaleShift(nn.Module):
    """y = a·x + b with fixed numbers."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, x: Tensor) -> Tensor:
        """Scale values of any shape."""
        return x * self.scale + self.shift

    def extra_repr(self) -> str:
        """Name both numbers."""
        return f"scale={self.scale}, shift={self.shift}"


class Add(nn.Module):
    """The sum of all inputs."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Add tensors whose shapes agree, sizes of 1 being repeated."""
        for other in others:
            first = first + other
        return first


class Concat(nn.Module):
    """All inputs stacked along the channels."""

    def forward(self, *parts: Tensor) -> Tensor:
        """Join tensors [B, C_i, ...] to [B, sum of C_i, ...]."""
        return torch.cat(parts, dim=1)


class Multiply(nn.Module):
    """The product of all inputs."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Multiply tensors whose shapes agree, sizes of 1 being repeated."""
        for other in others:
            first = first * other
        return first


class Subtract(nn.Module):
    """The first input without the second."""

    def forward(self, first: Tensor, second: Tensor) -> Tensor:
        """Subtract tensors whose shapes agree, sizes of 1 being repeated."""
        return first - second


class Maximum(nn.Module):
    """The largest input, value by value."""

    def forward(self, first: Tensor, *others: Tensor) -> Tensor:
        """Compare tensors whose shapes agree, sizes of 1 being repeated."""
        for other in others:
            first = torch.maximum(first, other)
        return first
