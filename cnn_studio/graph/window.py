"""The arithmetic of a window that slides over a map: O = (I − f + 2p)/s + 1, and what the floor leaves out.

Pure functions on exact integers, shared by convolution, pooling and subsampling, by the messages and by the
drawings that show where a filter goes. Source of the formulas: V. Dumoulin and F. Visin, A guide to
convolution arithmetic for deep learning (2016), section 2; the rounding rules are PyTorch's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

SAME = "same"


class Axis(NamedTuple):
    """One axis of a sliding window, in cells.

    Attributes:
        size: input cells I.
        filter: window cells f, without the gaps of dilation.
        stride: step s.
        before, after: padding at the top or left and at the bottom or right.
        dilation: distance between two window cells.
        ceil: round the output up: the last window may hang over the end.
    """

    size: int
    filter: int
    stride: int
    before: int = 0
    after: int = 0
    dilation: int = 1
    ceil: bool = False

    @property
    def span(self) -> int:
        """Cells from the first to the last of one window."""
        return self.dilation * (self.filter - 1) + 1

    @property
    def padded(self) -> int:
        """Input cells with padding."""
        return self.size + self.before + self.after

    @property
    def exact(self) -> Fraction:
        """The value of (I − f + 2p)/s + 1 before rounding."""
        return Fraction(self.padded - self.span, self.stride) + 1

    @property
    def output(self) -> int:
        """Number of window positions; 0 or less if the window does not fit."""
        size, filter_, stride, before, after, dilation, ceil = self
        room = size + before + after - dilation * (filter_ - 1) - 1
        if room < 0:
            return 0
        if not ceil:
            return room // stride + 1
        output = -(-room // stride) + 1
        # the last window must start inside the input or its first padding
        return output - 1 if (output - 1) * stride >= size + before else output

    @property
    def left_out(self) -> int:
        """Cells at the end of the padded input that no window reaches; 0 if the window does not fit."""
        output = self.output
        if output < 1:
            return 0
        return max(0, self.padded - (output - 1) * self.stride - self.span)

    def reaches_end(self, output: int) -> bool:
        """Return whether the last of `output` windows reaches the end of the padded input."""
        size, filter_, stride, before, after, dilation, _ = self
        return (output - 1) * stride + dilation * (filter_ - 1) + 1 >= size + before + after

    @property
    def left_out_image(self) -> int:
        """How many of the cells left out hold image rather than padding."""
        return max(0, self.left_out - self.after)

    def sees_input(self) -> bool:
        """Whether every window holds at least one cell of the input; dilation may step over all of them."""
        for start in range(0, self.output * self.stride, self.stride):
            skipped = max(0, -(-(self.before - start) // self.dilation))
            if skipped >= self.filter or start + skipped * self.dilation >= self.before + self.size:
                return False
        return True

    def tiles(self) -> bool:
        """Whether the windows fit and reach the end of the padded input."""
        return self.output >= 1 and self.left_out == 0


class Window(NamedTuple):
    """A two-dimensional sliding window: its rows (height) and its columns (width)."""

    rows: Axis
    columns: Axis


def same_padding(size: int, filter_: int, stride: int, dilation: int) -> tuple[int, int]:
    """Return the padding before and after that gives ceil(I / s) outputs.

    At stride 1 that keeps the size, p = (f − 1)/2 for odd f; an odd total puts the extra cell at the end.
    """
    output = -(-size // stride)
    total = max(0, (output - 1) * stride + dilation * (filter_ - 1) + 1 - size)
    return total // 2, total - total // 2


def window(
    height: int,
    width: int,
    kernel: tuple[int, int],
    stride: tuple[int, int],
    padding: str | tuple[int, ...],
    dilation: tuple[int, int] = (1, 1),
    ceil: bool = False,
) -> Window:
    """Return the window of a layer on a map of ``height`` × ``width`` cells.

    Args:
        height, width: size of the input map.
        kernel, stride, dilation: (height, width) each.
        padding: ``same`` or (top, bottom, left, right).
        ceil: round the output up.
    """
    if isinstance(padding, str):
        top, bottom = same_padding(height, kernel[0], stride[0], dilation[0])
        left, right = same_padding(width, kernel[1], stride[1], dilation[1])
    else:
        top, bottom, left, right = padding
    return Window(
        Axis(height, kernel[0], stride[0], top, bottom, dilation[0], ceil),
        Axis(width, kernel[1], stride[1], left, right, dilation[1], ceil),
    )
