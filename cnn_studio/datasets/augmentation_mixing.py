"""Blanks rectangles and mixes pairs of images, with the labels that belong to mixed images."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from cnn_studio.datasets.augmentation_draws import Mix


@dataclass(frozen=True, slots=True)
class MixedLabels:
    """Two labels for each image of a batch; the loss is weight · CE(first) + (1 - weight) · CE(second), averaged.

    Attributes:
        first, second: int64 [B].
        weight: float32 [B], the share of `first`, from 0 to 1.
    """

    first: Tensor
    second: Tensor
    weight: Tensor


def erase(images: Tensor, boxes: Tensor, value: Tensor | float = 0.0) -> Tensor:
    """Blank a rectangle of each image [B, C, H, W] in place, and return the images.

    Args:
        images: of any type.
        boxes: int64 [B, 4], top, left, bottom and right; empty ones blank nothing.
        value: what is written; one number, or one per channel as [C, 1, 1].
    """
    rows = torch.nonzero((boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])).squeeze(1)
    if len(rows):
        place = rows.to(images.device)
        inside = _inside(boxes[rows].to(images.device), images)
        filled = torch.as_tensor(value, dtype=images.dtype, device=images.device)
        images[place] = torch.where(inside, filled, images[place])
    return images


def mix(images: Tensor, labels: Tensor, drawn: Mix) -> tuple[Tensor, MixedLabels]:
    """Return images [B, C, H, W] blended with or patched from their partners, and their labels."""
    partner = drawn.partner.to(images.device)
    weight = drawn.weight.to(labels.device)
    return joined(images, images[partner], drawn), MixedLabels(labels, labels[partner], weight)


def joined(images: Tensor, others: Tensor, drawn: Mix) -> Tensor:
    """Return float images [B, C, H, W], each blended with or patched from the other of its place."""
    if drawn.boxes is not None:
        return torch.where(_inside(drawn.boxes.to(images.device), images), others, images)
    weight = drawn.weight.to(images.device, images.dtype).view(-1, 1, 1, 1)
    return torch.lerp(others, images, weight)


def _inside(boxes: Tensor, images: Tensor) -> Tensor:
    """Bool [B, 1, H, W], true within the boxes."""
    height, width = images.shape[2:]
    down = torch.arange(height, device=images.device).view(1, height, 1)
    across = torch.arange(width, device=images.device).view(1, 1, width)
    top, left, bottom, right = boxes.view(-1, 4, 1, 1).unbind(1)
    return ((down >= top) & (down < bottom) & (across >= left) & (across < right)).unsqueeze(1)
