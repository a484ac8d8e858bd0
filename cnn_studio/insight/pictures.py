"""Pictures for files: grids of maps, bars of vectors, filters, heat laid over an image; uint8 arrays [H, W, 3]."""

from __future__ import annotations

import math

import numpy as np

from cnn_studio.insight.filters import FilterPictures
from cnn_studio.insight.layer_look import LayerLook, Scale

_GAP = 2
_GROUND = (24, 26, 31)
_DEAD = (96, 34, 38)
_BAR, _BAR_BELOW = (96, 165, 250), (248, 144, 100)
_LEAST_TILE = 24  # pixels; smaller maps are enlarged by whole factors
_MOST_FILTERS = 4_096  # pictures in one grid
_BAR_HEIGHT = 96
_MOST_BARS = 2_048

_HEAT = np.array(
    [(0, 0, 4), (40, 11, 84), (101, 21, 110), (159, 42, 99), (212, 72, 66), (245, 125, 21), (250, 193, 39), (252, 255, 164)],
    np.float32,
)  # fmt: skip
"""Dark to bright, even in lightness; points along matplotlib's `inferno` (N. Smith and S. van der Walt, 2015, CC0)."""


def heat_colours(heat: np.ndarray) -> np.ndarray:
    """Return colours for values from 0 to 1, uint8 [..., 3]."""
    at = np.clip(np.nan_to_num(heat), 0, 1).astype(np.float32) * (len(_HEAT) - 1)
    low = np.minimum(at.astype(np.int64), len(_HEAT) - 2)
    part = (at - low)[..., None]
    found: np.ndarray = (_HEAT[low] * (1 - part) + _HEAT[low + 1] * part + 0.5).astype(np.uint8)
    return found


def as_rgb(image: np.ndarray) -> np.ndarray:
    """Return an image uint8 [C, H, W], grey or colour, as [H, W, 3]; further channels are left out."""
    planes = image if len(image) >= 3 else np.repeat(image[:1], 3, axis=0)
    return np.ascontiguousarray(planes[:3].transpose(1, 2, 0))


def overlay(image: np.ndarray, heat: np.ndarray, least_side: int = 224, opacity: float = 0.65) -> np.ndarray:
    """Return heat laid over an image: where there is none, the image is seen, in grey.

    Args:
        image: uint8 [C, H, W].
        heat: 0 to 1, [H, W].
        least_side: smaller images are enlarged by a whole factor, up to about this.
        opacity: of the heat where it is 1; where there is less, less is seen of it.
    """
    rgb = as_rgb(image).astype(np.float32)
    grey = np.repeat(rgb.mean(axis=2, keepdims=True), 3, axis=2)
    strength = (opacity * np.clip(np.nan_to_num(heat), 0, 1) ** 0.7)[..., None]
    mixed = grey * (1 - strength) + heat_colours(heat) * strength
    factor = max(1, least_side // max(heat.shape))
    return _enlarged((mixed + 0.5).astype(np.uint8), factor)


def map_grid(layer: LayerLook, side: int = 64, scale: Scale = "map") -> np.ndarray:
    """Return all maps of a layer in one picture, in the order of the channels; dead ones are dark red."""
    thumbs = layer.thumbnails(side, scale=scale).pictures
    tiles = np.repeat(thumbs[..., None], 3, axis=3)
    tiles[layer.numbers.is_dead] = _DEAD
    return grid(tiles)


def vector_bars(layer: LayerLook) -> np.ndarray:
    """Return a vector, or maps of one cell, as bars from zero, up and down.

    Of more than 2,048 elements, a bar is the largest of each few.
    """
    values = np.nan_to_num(layer.values.reshape(-1).astype(np.float64))
    if len(values) > _MOST_BARS:
        step = -(-len(values) // _MOST_BARS)
        rows = np.pad(values, (0, -len(values) % step)).reshape(-1, step)
        values = rows[np.arange(len(rows)), np.abs(rows).argmax(axis=1)]
    width = max(1, min(16, 1024 // len(values)))
    high, low = max(float(values.max()), 0.0), min(float(values.min()), 0.0)
    span = (high - low) or 1.0
    zero = round((_BAR_HEIGHT - 1) * high / span)
    picture = np.full((_BAR_HEIGHT, width * len(values), 3), _GROUND, np.uint8)
    for at, value in enumerate(values):
        end = round((_BAR_HEIGHT - 1) * (high - value) / span)
        top, bottom = min(zero, end), max(zero, end)
        right = (at + 1) * width - (1 if width > 2 else 0)
        picture[top : bottom + 1, at * width : right] = _BAR if value >= 0 else _BAR_BELOW
    return picture


def filter_grid(filters: FilterPictures) -> np.ndarray:
    """Return filters in one picture: in colour side by side, in grey one row per filter and a column per input channel.

    More than 4,096 pictures are cut off: first channels, then filters.
    """
    if filters.is_colour:
        return grid(filters.pictures[:_MOST_FILTERS])
    num, channels = filters.pictures.shape[:2]
    if channels == 1:
        return grid(np.repeat(filters.pictures[:_MOST_FILTERS, 0, :, :, None], 3, axis=3))
    rows = min(num, 64)
    columns = min(channels, _MOST_FILTERS // rows)
    shown = filters.pictures[:rows, :columns].reshape(-1, *filters.pictures.shape[2:])
    return grid(np.repeat(shown[..., None], 3, axis=3), columns)


def grid(tiles: np.ndarray, columns: int | None = None) -> np.ndarray:
    """Return tiles uint8 [N, h, w, 3] side by side, enlarged by a whole factor where they are tiny."""
    count, height, width, _ = tiles.shape
    columns = columns or max(1, math.ceil(math.sqrt(count)))
    factor = max(1, -(-_LEAST_TILE // max(height, width)))
    if count > 1_024:
        factor = max(1, factor // 2)
    rows = -(-count // columns)
    tall, wide = height * factor + _GAP, width * factor + _GAP
    picture = np.full((rows * tall + _GAP, columns * wide + _GAP, 3), _GROUND, np.uint8)
    for at, tile in enumerate(tiles):
        top, left = at // columns * tall + _GAP, at % columns * wide + _GAP
        picture[top : top + height * factor, left : left + width * factor] = _enlarged(tile, factor)
    return picture


def _enlarged(picture: np.ndarray, factor: int) -> np.ndarray:
    return picture.repeat(factor, axis=0).repeat(factor, axis=1) if factor > 1 else picture
