"""What happens to each image of one batch: drawn here, from a seed and a position and nothing else.

All draws are made on the CPU, so that a GPU shows the same images. Each setting reads numbers of its own: turning
one on or off leaves what the others draw.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, fields
from typing import Any

import torch
from torch import Tensor

from cnn_studio.core.randomness import derive_seed
from cnn_studio.datasets.augmentation import Augmentation

_LEAST_ERASED = 0.02  # smallest share of an image that erasing covers, as in the paper and in torchvision
_ERASED_RATIO = 3.3  # such a rectangle is at most this much longer than wide
_PURPOSE = 0x617567  # tells these draws from others with the same seed and position

_COLUMNS = (
    "mirror",
    "upend",
    "crop_top",
    "crop_left",
    "area",
    "ratio",
    "piece_top",
    "piece_left",
    "rotation",
    "shift_x",
    "shift_y",
    "scale",
    "shear",
    "brightness",
    "contrast",
    "saturation",
    "hue",
    "erase",
    "erase_area",
    "erase_ratio",
    "erase_top",
    "erase_left",
    "partner",
    "box_y",
    "box_x",
    "choice",
)


@dataclass(frozen=True, slots=True)
class Mix:
    """How images of a batch are mixed in pairs.

    Attributes:
        partner: int64 [B], the place of each image's second half in the batch.
        weight: float32 [B], the first image's share of the labels.
        boxes: int64 [B, 4], top, left, bottom and right of what the partner covers; None where the images blend.
    """

    partner: Tensor
    weight: Tensor
    boxes: Tensor | None


@dataclass(frozen=True, slots=True)
class Draws:
    """What is done to each image of one batch. None where the setting is off.

    Attributes:
        mirror, upend: bool [B], mirrored left and right, top and bottom.
        offset: int64 [B, 2], down and right, where the crop with padding begins.
        matrix: float32 [B, 2, 3], from a place in the result to the place in the image that is shown there; x and
            y in pixels from the centre. Holds all that moves pixels, also the three above.
        brightness, contrast, saturation: float32 [B], factors as torchvision has them.
        hue: float32 [B], in full turns.
        erased: int64 [B, 4], top, left, bottom and right of a rectangle; all 0 where nothing is erased.
        mix: how images are mixed.
    """

    mirror: Tensor | None = None
    upend: Tensor | None = None
    offset: Tensor | None = None
    matrix: Tensor | None = None
    brightness: Tensor | None = None
    contrast: Tensor | None = None
    saturation: Tensor | None = None
    hue: Tensor | None = None
    erased: Tensor | None = None
    mix: Mix | None = None

    def rows(self, start: int, stop: int) -> Draws:
        """Return what is done to some of the images; mixing, which needs all of them, is left out."""
        some: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Tensor):
                some[field.name] = value[start:stop]
        return Draws(**some)


class _Chances:
    """Numbers from 0 to 1 by what they decide, one per image; taken from the table as they are asked for."""

    def __init__(self, table: Tensor) -> None:
        self._table = table

    def __getitem__(self, name: str) -> Tensor:
        return self._table[:, _COLUMNS.index(name)]


def draw(augmentation: Augmentation, count: int, height: int, width: int, *key: int) -> Draws:
    """Return what happens to `count` images of `height` × `width`; `key` is seed, epoch and step."""
    generator = torch.Generator().manual_seed(derive_seed(_PURPOSE, *key))
    table = torch.rand(count, len(_COLUMNS), dtype=torch.float64, generator=generator)
    chance = _Chances(table)
    mirror = chance["mirror"] < 0.5 if augmentation.horizontal_flip else None
    upend = chance["upend"] < 0.5 if augmentation.vertical_flip else None
    offset = None
    if padding := augmentation.crop_padding:
        places = torch.stack([chance["crop_top"], chance["crop_left"]], 1)
        offset = (places * (2 * padding + 1)).long() - padding
    matrix = None
    if augmentation.warps:
        matrix = _matrix(augmentation, chance, mirror, upend, offset, height, width)
    return Draws(
        mirror,
        upend,
        offset,
        matrix,
        _factor(augmentation.brightness, chance["brightness"]),
        _factor(augmentation.contrast, chance["contrast"]),
        _factor(augmentation.saturation, chance["saturation"]),
        _around(augmentation.hue, chance["hue"]).float() if augmentation.hue else None,
        _erased(augmentation, chance, height, width) if augmentation.erasing else None,
        _mix(augmentation, chance, height, width, key) if augmentation.mixes_labels else None,
    )


def _around(most: float, chance: Tensor) -> Tensor:
    """Between -most and most."""
    return (chance * 2 - 1) * most


def _factor(most: float, chance: Tensor) -> Tensor | None:
    return (1 + _around(most, chance)).float() if most else None


def _matrix(
    augmentation: Augmentation,
    chance: _Chances,
    mirror: Tensor | None,
    upend: Tensor | None,
    offset: Tensor | None,
    height: int,
    width: int,
) -> Tensor:
    """All that moves pixels as one matrix, the wide way round: enlarged piece, crop, mirrors, then the rest.

    The last part is the inverse of torchvision's affine transform, with angles counted the other way round.
    """
    angle = -torch.deg2rad(_around(augmentation.rotation, chance["rotation"]))
    slant = torch.tan(torch.deg2rad(_around(augmentation.shear, chance["shear"])))
    size = 1 + _around(augmentation.scale, chance["scale"])
    sin, cos = torch.sin(angle), torch.cos(angle)
    linear = torch.stack([cos - sin * slant, cos * slant + sin, -sin, cos], 1).view(-1, 2, 2)
    linear = linear / size.view(-1, 1, 1)
    moved = torch.stack(
        [
            _around(augmentation.shift, chance["shift_x"]) * width,
            _around(augmentation.shift, chance["shift_y"]) * height,
        ],
        1,
    )
    place = -(linear @ moved.unsqueeze(2)).squeeze(2)
    turns = torch.ones_like(place)
    if mirror is not None:
        turns[:, 0] = torch.where(mirror, -1.0, 1.0)
    if upend is not None:
        turns[:, 1] = torch.where(upend, -1.0, 1.0)
    linear, place = linear * turns.unsqueeze(2), place * turns
    if offset is not None:
        place = place + offset.flip(1)
    if augmentation.resized_crop < 1:
        share, centre = _piece(augmentation, chance)
        extent = torch.tensor([width, height], dtype=torch.float64)
        linear, place = linear * share.unsqueeze(2), place * share + centre * extent
    return torch.cat([linear, place.unsqueeze(2)], 2).float()


def _piece(augmentation: Augmentation, chance: _Chances) -> tuple[Tensor, Tensor]:
    """Size and centre of the piece that is enlarged, [B, 2] in shares of width and height from the middle."""
    least = augmentation.resized_crop
    area = least + (1 - least) * chance["area"]
    # A piece longer than the image would lose area; both sides may reach 1, not pass it.
    most = torch.clamp(-torch.log(area), max=math.log(augmentation.crop_ratio))
    ratio = torch.exp((chance["ratio"] * 2 - 1) * most)
    share = torch.stack([torch.sqrt(area * ratio), torch.sqrt(area / ratio)], 1).clamp(max=1)
    begin = torch.stack([chance["piece_left"], chance["piece_top"]], 1) * (1 - share)
    return share, begin + share / 2 - 0.5


def _erased(augmentation: Augmentation, chance: _Chances, height: int, width: int) -> Tensor:
    area = _LEAST_ERASED + (augmentation.erasing_share - _LEAST_ERASED) * chance["erase_area"]
    ratio = torch.exp((chance["erase_ratio"] * 2 - 1) * math.log(_ERASED_RATIO))
    tall = torch.round(height * torch.sqrt(area * ratio)).clamp(1, height)
    wide = torch.round(width * torch.sqrt(area / ratio)).clamp(1, width)
    top = torch.floor(chance["erase_top"] * (height - tall + 1))
    left = torch.floor(chance["erase_left"] * (width - wide + 1))
    boxes = torch.stack([top, left, top + tall, left + wide], 1).long()
    return boxes * (chance["erase"] < augmentation.erasing).unsqueeze(1)


def _mix(augmentation: Augmentation, chance: _Chances, height: int, width: int, key: tuple[int, ...]) -> Mix:
    count = len(chance["partner"])
    partner = torch.argsort(chance["partner"], stable=True)
    blends = bool(augmentation.mixup and (not augmentation.cutmix or float(chance["choice"][0]) < 0.5))
    alpha = augmentation.mixup if blends else augmentation.cutmix
    # torch draws from the beta distribution only by its process-wide state
    source = random.Random(derive_seed(_PURPOSE, 1, *key))
    weight = torch.tensor([source.betavariate(alpha, alpha) for _ in range(count)], dtype=torch.float64)
    if blends:
        return Mix(partner, weight.float(), None)
    reach = torch.sqrt(1 - weight) / 2
    row, column = chance["box_y"] * height, chance["box_x"] * width
    boxes = torch.stack(
        [
            (row - reach * height).clamp(0, height),
            (column - reach * width).clamp(0, width),
            (row + reach * height).clamp(0, height),
            (column + reach * width).clamp(0, width),
        ],
        1,
    ).long()
    covered = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    return Mix(partner, (1 - covered / (height * width)).float(), boxes)
