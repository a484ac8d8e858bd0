"""What one layer gave for one image: its maps or its vector, with numbers, order of strength and small pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from cnn_studio.insight.layouts import Layout

SIDE = 64
"""Longest side of a thumbnail in pixels, unless told otherwise."""

_PIECE = 1 << 16

Scale = Literal["layer", "map"]
"""Whether black and white are the smallest and largest value of the whole layer, or of each map by itself."""


class Thumbnails(NamedTuple):
    """Small grey pictures of maps.

    Attributes:
        pictures: uint8 [N, h, w]; maps no larger than the thumbnails' side keep a pixel per cell, larger ones are averaged.
        low, high: the values that are 0 and 255, float32 [N].
        maps: which map each picture shows, int64 [N].
    """

    pictures: np.ndarray
    low: np.ndarray
    high: np.ndarray
    maps: np.ndarray


class MapNumbers(NamedTuple):
    """Numbers of each map of a layer (of each element of a vector), each of shape [N].

    Attributes:
        minimum, maximum, mean: over the map's cells.
        strength: mean of the absolute values.
        is_dead: whether every cell is 0 for this image.
    """

    minimum: np.ndarray
    maximum: np.ndarray
    mean: np.ndarray
    strength: np.ndarray
    is_dead: np.ndarray


@dataclass(frozen=True)
class LayerLook:
    """The values of one layer for one image; numbers and pictures are worked out when they are asked for.

    Attributes:
        layer_id, path, type: of the layer.
        layout: how the values lie.
        raw: the values as the network has them, without the batch, float32.
    """

    layer_id: int
    path: str
    type: str
    layout: Layout
    raw: Tensor = field(repr=False)

    @property
    def has_maps(self) -> bool:
        """Whether there are maps to show."""
        return self.layout in ("maps", "maps_last")

    @cached_property
    def values(self) -> np.ndarray:
        """The values, float32 [C, H, W] or [N], not to be written into."""
        found = self.raw.numpy()
        if self.layout == "maps_last":
            found = np.ascontiguousarray(found.transpose(2, 0, 1))
        found = found.view()
        found.flags.writeable = False
        return found

    @cached_property
    def _rows(self) -> np.ndarray:
        """The values of each map in a row, [N, cells]."""
        return self.values.reshape(len(self), -1)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of `values`."""
        return tuple(self.values.shape)

    def __len__(self) -> int:
        return int(self.values.shape[0])

    @cached_property
    def _finite(self) -> np.ndarray:
        """The values that are numbers, in a row."""
        flat = self.values.reshape(-1)
        good = np.isfinite(flat)
        return flat if good.all() else flat[good]

    @cached_property
    def _range(self) -> tuple[float, float]:
        low, high = float(self.values.min()), float(self.values.max())
        if np.isfinite(low) and np.isfinite(high):
            return low, high
        finite = self._finite
        return (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)

    @cached_property
    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.values.min()) and np.isfinite(self.values.max()))

    @property
    def minimum(self) -> float:
        """Smallest value that is a number."""
        return self._range[0]

    @property
    def maximum(self) -> float:
        """Largest value that is a number."""
        return self._range[1]

    @cached_property
    def mean(self) -> float:
        """Mean of the values that are numbers."""
        return float(self._finite.mean(dtype=np.float64)) if len(self._finite) else 0.0

    @property
    def num_not_finite(self) -> int:
        """How many values are NaN or infinite."""
        return int(self.values.size - len(self._finite))

    @cached_property
    def numbers(self) -> MapNumbers:
        """Numbers of each map; what is not finite makes them so."""
        rows = self._rows
        low, high = rows.min(axis=1), rows.max(axis=1)
        cells = np.float32(rows.shape[1])
        mean = rows.sum(axis=1) / cells
        # where nothing is negative, as behind a ReLU, both means are one
        strength = np.abs(rows).sum(axis=1) / cells if (low < 0).any() else mean
        return MapNumbers(low, high, mean, strength, (low == 0) & (high == 0))

    @cached_property
    def order(self) -> np.ndarray:
        """Numbers of the maps, the strongest first, int64 [N]; equally strong ones as they lie."""
        strength = np.nan_to_num(self.numbers.strength, nan=np.inf)
        return np.argsort(-strength, kind="stable")

    @property
    def dead(self) -> np.ndarray:
        """Numbers of the maps that are 0 all over for this image, int64."""
        return np.flatnonzero(self.numbers.is_dead)

    def histogram(self, bins: int = 64) -> tuple[np.ndarray, np.ndarray]:
        """Return how many values lie in each of `bins` equal steps from the smallest to the largest, and the edges.

        Returns:
            Counts int64 [bins], and edges float64 [bins + 1]. Where all values are one, it lies in the middle.
        """
        low, high = self._range
        if low == high:
            low, high = low - 0.5, high + 0.5
        return np.histogram(self._finite, bins, (low, high))

    def thumbnails(
        self, side: int = SIDE, *, scale: Scale = "layer", maps: np.ndarray | None = None
    ) -> Thumbnails:
        """Return small pictures of the maps; none where the layer has no maps.

        Args:
            side: longest side in pixels, at most; maps that are no larger are not scaled.
            scale: what is black and what is white.
            maps: numbers of the maps wanted; all, in order, if None.
        """
        chosen = np.arange(len(self)) if maps is None else np.asarray(maps, np.int64)
        if not self.has_maps or not len(chosen):
            nothing = np.zeros(0, np.float32)
            return Thumbnails(np.zeros((0, 0, 0), np.uint8), nothing, nothing, np.zeros(0, np.int64))
        values = self.values if maps is None else self.values[chosen]
        step = -(-max(values.shape[1:]) // side)
        small = values
        if step > 1:
            source = self.raw if maps is None and self.layout == "maps" else torch.tensor(values)
            small = functional.avg_pool2d(source, step, ceil_mode=True).numpy()
        if scale == "layer":
            low, high = self._range
            lows, highs = np.full(len(chosen), low, np.float32), np.full(len(chosen), high, np.float32)
            pictures = _grey(small, low, high, self._is_finite)
        else:
            # of the map itself, not of its picture: averaging cuts peaks off
            rows = values.reshape(len(chosen), -1)
            rows = rows if self._is_finite else np.nan_to_num(rows, nan=0.0, posinf=0.0, neginf=0.0)
            lows, highs = rows.min(axis=1), rows.max(axis=1)
            pictures = np.empty(small.shape, np.uint8)
            for at, one in enumerate(small):
                pictures[at] = _grey(one, float(lows[at]), float(highs[at]), self._is_finite)
        return Thumbnails(pictures, lows, highs, chosen)


def _grey(values: np.ndarray, low: float, high: float, is_finite: bool) -> np.ndarray:
    """Return values as uint8, `low` as 0 and `high` as 255; where both are one, and for NaN, 0.

    In pieces that stay in a processor's cache, and without torch: its threads cost more here than they bring.
    """
    flat = np.ascontiguousarray(values).reshape(-1)
    found = np.zeros(len(flat), np.uint8)
    if high > low:
        factor = np.float32(255 / (high - low))
        piece = np.empty(min(_PIECE, len(flat)), np.float32)
        for start in range(0, len(flat), _PIECE):
            part = flat[start : start + _PIECE]
            scaled = np.subtract(part, np.float32(low), out=piece[: len(part)])
            scaled *= factor
            if not is_finite:
                np.nan_to_num(scaled, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
            found[start : start + _PIECE] = np.minimum(scaled, 255, out=scaled)
    return found.reshape(values.shape)
