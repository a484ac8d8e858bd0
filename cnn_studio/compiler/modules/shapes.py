"""Layers that choose, rearrange or join values without computing with them."""

from __future__ import annotations

from torch import Tensor, nn


class SpatialMean(nn.Module):
    """The mean over height and width."""

    def __init__(self, keepdim: bool) -> None:
        super().__init__()
        self.keepdim = keepdim

    def forward(self, x: Tensor) -> Tensor:
        """Reduce [B, C, H, W] to [B, C], or to [B, C, 1, 1]."""
        return x.mean((2, 3), keepdim=self.keepdim)

    def extra_repr(self) -> str:
        """Name the mode."""
        return f"keepdim={self.keepdim}"


class ChannelSlice(nn.Module):
    """The channels from `start` up to, but without, `stop`."""

    def __init__(self, start: int, stop: int) -> None:
        super().__init__()
        self.start, self.stop = start, stop

    def forward(self, x: Tensor) -> Tensor:
        """Take some of the channels of [B, C, ...]."""
        return x[:, self.start : self.stop]

    def extra_repr(self) -> str:
        """Name the range."""
        return f"{self.start}, {self.stop}"


class Chunk(nn.Module):
    """One of `parts` equal shares of the channels, rounded as `torch.chunk` does."""

    def __init__(self, parts: int, index: int) -> None:
        super().__init__()
        self.parts, self.index = parts, index

    def forward(self, x: Tensor) -> Tensor:
        """Take a share of the channels of [B, C, ...]."""
        return x.chunk(self.parts, dim=1)[self.index]

    def extra_repr(self) -> str:
        """Name the share."""
        return f"parts={self.parts}, index={self.index}"


class ChannelShuffle(nn.Module):
    """The channels of all groups in turn.

    Source: X. Zhang et al., ShuffleNet: an extremely efficient convolutional neural network (2018), section 3.1.
    """

    def __init__(self, groups: int) -> None:
        super().__init__()
        self.groups = groups

    def forward(self, x: Tensor) -> Tensor:
        """Shuffle maps of shape [B, C, H, W]."""
        batch, channels, *size = x.shape
        groups = x.reshape(batch, self.groups, channels // self.groups, *size)
        return groups.transpose(1, 2).reshape(batch, channels, *size)

    def extra_repr(self) -> str:
        """Name the groups."""
        return f"groups={self.groups}"


class Crop2d(nn.Module):
    """Maps without some of their outer rows and columns; `sides` is (top, bottom, left, right)."""

    def __init__(self, sides: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.sides = sides

    def forward(self, x: Tensor) -> Tensor:
        """Cut maps of shape [B, C, H, W]."""
        top, bottom, left, right = self.sides
        return x[:, :, top : x.shape[2] - bottom, left : x.shape[3] - right]

    def extra_repr(self) -> str:
        """Name the sides."""
        return f"sides={self.sides}"


class Reshape(nn.Module):
    """The same values in another shape; one size may be -1."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        """Lay each image out anew, [B, ...] to [B, *shape]."""
        return x.reshape(x.shape[0], *self.shape)

    def extra_repr(self) -> str:
        """Name the shape."""
        return f"{self.shape}"


class Permute(nn.Module):
    """The axes of one image in another order, counted from 0."""

    def __init__(self, order: tuple[int, ...]) -> None:
        super().__init__()
        self.order = order

    def forward(self, x: Tensor) -> Tensor:
        """Reorder the axes of [B, ...] behind the first."""
        return x.permute(0, *(axis + 1 for axis in self.order))

    def extra_repr(self) -> str:
        """Name the order."""
        return f"{self.order}"
