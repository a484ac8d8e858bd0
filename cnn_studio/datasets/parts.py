"""What a reader hands to `load`: decoded and resized parts, before the split and the measurements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import Cancelled, DataError
from cnn_studio.datasets.memory import require_memory
from cnn_studio.datasets.records import ImagePart, SkippedFile
from cnn_studio.graph.preprocessing import Preprocessing

Progress = Callable[[int, int], None]
"""Called with the number of images done and the number of all images, in the thread that loads."""


@dataclass(frozen=True, slots=True)
class Target:
    """What the images are read for: the network's input, and who watches.

    Attributes:
        height, width: of the input, in pixels.
        channels: 1 for grey, 3 for RGB.
    """

    height: int
    width: int
    channels: int
    preprocessing: Preprocessing
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None

    def check(self) -> None:
        """Raise `Cancelled` if somebody asked to stop."""
        if self.cancelled is not None and self.cancelled():
            raise Cancelled

    def report(self, done: int, total: int) -> None:
        """Tell how far the work is."""
        if self.progress is not None:
            self.progress(done, total)

    def allocate(self, count: int) -> NDArray[np.uint8]:
        """Return zeroed memory for `count` images, uint8 [count, C, H, W]."""
        return np.zeros((count, self.channels, self.height, self.width), np.uint8)

    def require_memory(self, count: int) -> None:
        """Check that `count` images fit into memory; raises `DataError`."""
        require_memory(count, self.channels, self.height, self.width)


@dataclass(frozen=True, slots=True)
class Parts:
    """A data set as its source divides it; `val` is None where it must be cut from `train`."""

    name: str
    classes: tuple[str, ...]
    train: ImagePart
    val: ImagePart | None = None
    test: ImagePart | None = None
    skipped: tuple[SkippedFile, ...] = ()


def check_input(height: int, width: int, channels: int) -> None:
    """Check that images can be made for an input of this size.

    Raises:
        DataError: the channels are neither grey nor RGB, or a side is no positive number.
    """
    if channels not in {1, 3}:
        raise DataError(
            f"Images can be read as grey (1 channel) or RGB (3 channels), but the input layer has {channels}. "
            "Set its channels to 1 or 3."
        )
    if height < 1 or width < 1:
        raise DataError(
            f"Images cannot be resized to {height} × {width} pixels. Set the size of the input layer."
        )


def keep_rows(part: ImagePart, keep: NDArray[np.bool_]) -> ImagePart:
    """Return the part with the rows where `keep` holds, moved up within the same memory.

    A copy would need the memory twice. The rows of the part that was passed in are no longer valid.
    """
    if keep.all():
        return part
    rows = np.flatnonzero(keep)
    images, labels = part.images, part.labels
    if not isinstance(images, np.ndarray):  # on disk, where only the list of rows is cut
        return ImagePart(images[rows], labels[rows])
    for begin in range(0, len(rows), 256):
        # A row only moves up, so later blocks never read what an earlier one has written.
        block = rows[begin : begin + 256]
        images[begin : begin + len(block)] = images[block]
    labels[: len(rows)] = labels[rows]
    return ImagePart(images[: len(rows)], labels[: len(rows)])
