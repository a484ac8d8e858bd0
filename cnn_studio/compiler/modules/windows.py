"""Convolution and pooling that PyTorch does not have: four-sided padding, sums, powers, LeNet's subsampling."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from cnn_studio.compiler.modules.values import ACTIVATIONS
from cnn_studio.graph.window import Window

Sides = tuple[int, int, int, int]
"""Padding as torch's `pad` takes it: left, right, top, bottom."""


class PaddedConv2d(nn.Conv2d):
    """A convolution whose padding may differ on each side; `sides` is (left, right, top, bottom)."""

    def __init__(self, *args: object, sides: Sides, fill: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # the caller passes Conv2d's own arguments
        self.sides = sides
        self.fill = "constant" if fill == "zeros" else fill

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - the base class calls it so
        """Pad [B, C, H, W], then convolve."""
        padded = functional.pad(input, self.sides, self.fill)
        return functional.conv2d(
            padded, self.weight, self.bias, self.stride, dilation=self.dilation, groups=self.groups
        )

    def extra_repr(self) -> str:
        """Name the padding."""
        return f"{self.in_channels}, {self.out_channels}, sides={self.sides}, fill={self.fill}"


class WindowPool2d(nn.Module):
    """Max, average or sum pooling with four-sided padding and either rounding.

    All cases of padding and rounding are brought to one: pad explicitly up to the end of the last window, pool
    without padding, rounding down. An average divides by the cells that count: those of the input, or of the
    input and its padding, but never those that only rounding up added.

    Args:
        kind: ``max``, ``avg`` or ``sum``.
        window: geometry on the map that the module will see.
        count_include_pad: whether an average counts padding cells.
    """

    def __init__(self, kind: str, window: Window, *, count_include_pad: bool = True) -> None:
        super().__init__()
        rows, columns = window
        self.kind = kind
        self.kernel = (rows.filter, columns.filter)
        self.stride = (rows.stride, columns.stride)
        self.dilation = (rows.dilation, columns.dilation)
        self.sides = (columns.before, columns.after, rows.before, rows.after)
        extra_rows = max(0, (rows.output - 1) * rows.stride + rows.span - rows.padded)
        extra_columns = max(0, (columns.output - 1) * columns.stride + columns.span - columns.padded)
        self.extra = (0, extra_columns, 0, extra_rows)
        self.count_include_pad = count_include_pad

    def forward(self, x: Tensor) -> Tensor:
        """Pool maps of shape [B, C, H, W]."""
        fill = float("-inf") if self.kind == "max" else 0.0
        padded = functional.pad(functional.pad(x, self.sides, value=fill), self.extra, value=fill)
        if self.kind == "max":
            return functional.max_pool2d(padded, self.kernel, self.stride, dilation=self.dilation)
        total = functional.avg_pool2d(padded, self.kernel, self.stride, divisor_override=1)
        return total if self.kind == "sum" else total / self._counts(x)

    def _counts(self, x: Tensor) -> Tensor:
        ones = functional.pad(
            x.new_ones((1, 1, *x.shape[2:])), self.sides, value=1.0 if self.count_include_pad else 0.0
        )
        return functional.avg_pool2d(
            functional.pad(ones, self.extra), self.kernel, self.stride, divisor_override=1
        )

    def extra_repr(self) -> str:
        """Name the kind and the window."""
        return f"{self.kind}, kernel={self.kernel}, stride={self.stride}, sides={self.sides}"


class SumPool2d(nn.Module):
    """The sum of each window, with padding that is equal on opposite sides and rounding down."""

    def __init__(self, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int]) -> None:
        super().__init__()
        self.kernel, self.stride, self.padding = kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        """Pool maps of shape [B, C, H, W]."""
        return functional.avg_pool2d(x, self.kernel, self.stride, self.padding, divisor_override=1)

    def extra_repr(self) -> str:
        """Name the window."""
        return f"kernel={self.kernel}, stride={self.stride}, padding={self.padding}"


class LpPool2d(nn.Module):
    """The power mean without the mean: (sum of |x|^p)^(1/p) over each window.

    PyTorch's own gives NaN for odd powers of negative values, and NaN gradients for windows of zeros.
    """

    def __init__(
        self, power: float, kernel: tuple[int, int], stride: tuple[int, int], ceil_mode: bool
    ) -> None:
        super().__init__()
        self.power, self.kernel, self.stride, self.ceil_mode = power, kernel, stride, ceil_mode

    def forward(self, x: Tensor) -> Tensor:
        """Pool maps of shape [B, C, H, W]."""
        sums = functional.avg_pool2d(
            x.abs().pow(self.power), self.kernel, self.stride, ceil_mode=self.ceil_mode, divisor_override=1
        )
        # the root has no gradient at zero; there the result is zero and the gradient is taken as zero
        root = sums.clamp(min=torch.finfo(sums.dtype).tiny).pow(1 / self.power)
        return torch.where(sums > 0, root, torch.zeros_like(root))

    def extra_repr(self) -> str:
        """Name the power and the window."""
        return f"power={self.power}, kernel={self.kernel}, stride={self.stride}, ceil_mode={self.ceil_mode}"


class Subsampling(nn.Module):
    """LeNet's subsampling: the sum of each window times a coefficient per map, plus a bias, then an activation.

    Source: Y. LeCun et al., Gradient-based learning applied to document recognition (1998), section II.B.
    """

    def __init__(
        self, channels: int, kernel: tuple[int, int], stride: tuple[int, int], activation: str
    ) -> None:
        super().__init__()
        self.kernel, self.stride, self.activation = kernel, stride, activation
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))
        self._act = ACTIVATIONS.get(activation)

    def forward(self, x: Tensor) -> Tensor:
        """Subsample maps of shape [B, C, H, W]."""
        total = functional.avg_pool2d(x, self.kernel, self.stride, divisor_override=1)
        scaled = torch.addcmul(self.bias.view(-1, 1, 1), total, self.weight.view(-1, 1, 1))
        return scaled if self._act is None else self._act(scaled)

    def extra_repr(self) -> str:
        """Name the window and the activation."""
        return f"kernel={self.kernel}, stride={self.stride}, activation={self.activation}"
