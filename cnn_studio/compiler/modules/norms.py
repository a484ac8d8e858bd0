"""Layer norm over channels that stand first, and layer scale, which is a parameter of its block."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional


class ChannelLayerNorm(nn.LayerNorm):
    """Layer norm over the channels at each place of maps [B, C, H, W]; weight and bias of shape [C]."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        """Normalise maps of shape [B, C, H, W], or vectors [B, C]."""
        last = input.movedim(1, -1)
        return functional.layer_norm(last, self.normalized_shape, self.weight, self.bias, self.eps).movedim(
            -1, 1
        )


def scale_values(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply by factors that PyTorch repeats as they are: [C, 1, 1] for maps, [C] along the last axis."""
    return x * weight


def scale_channels(x: Tensor, weight: Tensor) -> Tensor:
    """Multiply the channels of [B, C, H, W] by factors of shape [C]."""
    return x * weight.view(-1, 1, 1)


class BlockParameter(nn.Module):
    """A layer that is no module but a parameter of its block, and the function that applies it.

    In a built network the parameter stands in the block under the layer's own name, so that its state-dict key
    is the layer's path; `combine` is called with the input and the parameter. Alone, it is an ordinary module.

    Args:
        size: shape of the parameter.
        init: its first value.
        combine: (input, parameter) -> result.
    """

    def __init__(
        self, size: tuple[int, ...], init: float, combine: Callable[[Tensor, Tensor], Tensor]
    ) -> None:
        super().__init__()
        self.init, self.combine = init, combine
        self.weight = nn.Parameter(torch.full(size, init))

    def forward(self, x: Tensor) -> Tensor:
        """Apply the parameter."""
        return self.combine(x, self.weight)

    def extra_repr(self) -> str:
        """Name the shape and the first value."""
        return f"{tuple(self.weight.shape)}, init={self.init}"
