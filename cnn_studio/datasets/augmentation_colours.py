"""Brightness, contrast, saturation and hue of a whole batch, by the definitions of torchvision.

Always in this order, in place and in float: torchvision rounds uint8 values after each of them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from cnn_studio.datasets.augmentation_draws import Draws

_GREY = (0.2989, 0.587, 0.114)


def change_colours(images: Tensor, draws: Draws, top: float) -> Tensor:
    """Change float images [B, C, H, W] with values from 0 to `top` in place, and return them.

    Images of one channel have neither saturation nor hue.
    """
    if draws.brightness is not None:
        images.mul_(_column(draws.brightness, images)).clamp_(0, top)
    if draws.contrast is not None:
        factor = _column(draws.contrast, images)
        base = (1 - factor) * _mean_grey(images)
        images.mul_(factor).add_(base).clamp_(0, top)
    if images.shape[1] != 3:
        return images
    if draws.saturation is not None:
        factor = _column(draws.saturation, images)
        grey = torch.mul(images[:, :1], _GREY[0])
        grey.add_(images[:, 1:2], alpha=_GREY[1]).add_(images[:, 2:], alpha=_GREY[2])
        images.mul_(factor).add_(grey.mul_(1 - factor)).clamp_(0, top)
    if draws.hue is not None:
        _turn_hue(images, _column(draws.hue, images).squeeze(1))
    return images


def _column(values: Tensor, images: Tensor) -> Tensor:
    return values.to(images).view(-1, 1, 1, 1)


def _mean_grey(images: Tensor) -> Tensor:
    """Mean grey of each image, [B, 1, 1, 1]."""
    means = images.mean((2, 3), keepdim=True)
    if images.shape[1] == 3:
        weights = images.new_tensor(_GREY).view(1, 3, 1, 1)
        means = (means * weights).sum(1, keepdim=True)
    return means


def _turn_hue(images: Tensor, turn: Tensor) -> None:
    """Turn the hue of RGB images in place; `turn` is [B, 1, 1], from -0.5 to 0.5 turns.

    The way to HSV and back without the divisions and the six cases of its definition. Largest and smallest channel
    stay. Times their span, the hue in sixths of a turn, from -3 to 3, is q = g + b - r - smallest + span, negative
    where g < b; and a channel whose colour stands at c is smallest + span · clamp(2 - d, 0, 1), where d is the way
    around the wheel from the hue to c: 2 - d = ||hue - c| - 3| - 1 as long as |hue - c| <= 7.
    """
    red, green, blue = images.unbind(1)
    largest = torch.maximum(red, green)
    torch.maximum(largest, blue, out=largest)
    smallest = torch.minimum(red, green)
    torch.minimum(smallest, blue, out=smallest)
    span = largest - smallest
    base = smallest - span
    hue = (green + blue).sub_(red).sub_(base)
    hue.copysign_(green - blue)
    sixths = turn * 6
    # Green stands at 2 and at -4, blue at 4 and at -2: the one on the side that the hue is turned to is in reach.
    forward = turn >= 0
    to_green = torch.where(forward, sixths - 2, sixths + 4)
    to_blue = torch.where(forward, sixths - 4, sixths + 2)
    for channel, way in ((red, sixths), (green, to_green), (blue, to_blue)):
        torch.addcmul(hue, span, way, out=channel)
        channel.abs_().sub_(span, alpha=3).abs_().add_(base)
        torch.clamp(channel, smallest, largest, out=channel)
