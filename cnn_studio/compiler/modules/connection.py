"""Convolution with a connection table."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

Table = tuple[tuple[int, ...], ...]


class ConnectionConv2d(nn.Module):
    """A convolution in which filter n sees the input maps ``table[n]`` alone, as in C3 of LeNet-5.

    The weight holds one kernel per connection, [connections, kh, kw], in the order of the table; at each use it
    is laid out in a full weight whose other kernels are zero.

    Args:
        channels: number of input maps.
        table: per filter the input maps that it sees.
        kernel: (height, width).
        stride: (height, width).
        sides: padding (left, right, top, bottom).
        bias: whether each filter adds a trained number.

    Raises:
        ValueError: the table names a map that is not there.
    """

    def __init__(
        self,
        channels: int,
        table: Table,
        kernel: tuple[int, int],
        stride: tuple[int, int],
        sides: tuple[int, int, int, int],
        bias: bool,
    ) -> None:
        super().__init__()
        if any(not 0 <= n < channels for row in table for n in row):
            raise ValueError(f"the table names a map that is not among {channels}")
        self.channels, self.table, self.kernel, self.stride, self.sides = (
            channels,
            table,
            kernel,
            stride,
            sides,
        )
        places = [filter_ * channels + n for filter_, row in enumerate(table) for n in row]
        self.weight = nn.Parameter(torch.empty(len(places), *kernel))
        self.bias = nn.Parameter(torch.empty(len(table))) if bias else None
        # not a buffer: it follows from the table, and a module made without memory could not keep it
        self._places = places
        self._index: Tensor | None = None

    def full_weight(self) -> Tensor:
        """Return the weight as a convolution takes it: [filters, channels, kh, kw], zero where nothing is joined."""
        if self._index is None or self._index.device != self.weight.device:
            self._index = torch.tensor(self._places, device=self.weight.device)
        flat = self.weight.new_zeros((len(self.table) * self.channels, *self.kernel))
        return flat.index_copy(0, self._index, self.weight).view(len(self.table), self.channels, *self.kernel)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve maps of shape [B, C, H, W]."""
        return functional.conv2d(functional.pad(x, self.sides), self.full_weight(), self.bias, self.stride)

    def __getstate__(self) -> dict[str, object]:
        return {**self.__dict__, "_index": None}

    def extra_repr(self) -> str:
        """Name the sizes."""
        return (
            f"{self.channels}, {len(self.table)}, connections={len(self._places)}, kernel={self.kernel}, "
            f"stride={self.stride}, sides={self.sides}"
        )
