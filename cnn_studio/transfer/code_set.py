"""CNN codes as a value; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Codes:
    """The codes of a data set's parts, float32 of shape [N, D] each, in the order of the images.

    Attributes:
        test: None where the data has no test part.
        how: in words how they were computed, such as ``bfloat16, channels-last``.
        images_per_second: as they were computed.
    """

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray | None
    how: str = "float32"
    images_per_second: float = 0.0

    @property
    def size(self) -> int:
        """Numbers per image."""
        return int(self.train.shape[1])
