"""Varies whole batches of images as an `Augmentation` says, with a draw per image, on the device they are on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.datasets.augmentation_colours import change_colours
from cnn_studio.datasets.augmentation_draws import Draws, draw
from cnn_studio.datasets.augmentation_geometry import move_exactly, sample
from cnn_studio.datasets.augmentation_mixing import erase, joined

_CHUNK_VALUES = 1 << 20  # float32 values worked on at a time on a CPU: 4 MB, what its caches hold
_BLEND_OF = 8  # images that the preview offers as partners for mixing


def moved(images: Tensor, draws: Draws, augmentation: Augmentation) -> Iterator[tuple[int, int, Tensor]]:
    """Move pixels and change colours; yield start, stop and images [stop - start, C, H, W], piece by piece.

    What neither warps nor changes colours stays of the images' type; everything else comes as float32, with values
    from 0 to 255 for uint8 images and from 0 to 1 for float ones. A piece may share memory with `images` and must
    not be written to, unless it is float32 and `images` are uint8.
    """
    top = 1.0 if images.is_floating_point() else 255.0
    if not augmentation.warps:
        images = move_exactly(images, draws)
        if not augmentation.changes_colours:
            yield 0, len(images), images
            return
    # Opened corners are black, as are the images' borders where they are moved; an enlarged piece alone has neither.
    only_enlarges = not (
        augmentation.rotation
        or augmentation.shift
        or augmentation.scale
        or augmentation.shear
        or augmentation.crop_padding
    )
    for start, stop in chunks(images):
        some = draws.rows(start, stop)
        piece = images[start:stop].to(torch.float32, copy=some.matrix is None)
        if some.matrix is not None:
            piece = sample(piece, some.matrix, repeat_border=only_enlarges)
        yield start, stop, change_colours(piece, some, top)


def chunks(images: Tensor) -> Iterator[tuple[int, int]]:
    """Yield start and stop of pieces of a batch: what a CPU's caches hold; the whole batch on a GPU."""
    count = len(images)
    size = count
    if images.device.type == "cpu":
        size = max(1, _CHUNK_VALUES // max(1, images[0].numel()))
    for start in range(0, count, size):
        yield start, min(start + size, count)


def augment(images: Tensor, augmentation: Augmentation, *key: int, blank: Tensor | float = 0.0) -> Tensor:
    """Return varied copies of a batch of images, without mixing them.

    Args:
        images: uint8 with values from 0 to 255 or float32 with values from 0 to 1, [B, C, H, W].
        augmentation: what may happen.
        key: seed, epoch and step; the same key gives the same result.
        blank: what erased rectangles show, one value or [C, 1, 1].
    """
    draws = draw(augmentation, len(images), images.shape[2], images.shape[3], *key)
    return _vary(images, draws, augmentation, blank)


def _vary(images: Tensor, draws: Draws, augmentation: Augmentation, blank: Tensor | float) -> Tensor:
    varied: Tensor | None = None
    for start, stop, piece in moved(images, draws, augmentation):
        if len(piece) == len(images):
            varied = piece.clone() if piece is images else piece
            break
        if varied is None:
            varied = images.new_empty(images.shape, dtype=piece.dtype)
        varied[start:stop] = piece  # gathering all pieces and joining them in the end takes far longer
    if varied is None:
        return images.clone()
    return varied if draws.erased is None else erase(varied, draws.erased, blank)


def augmented_preview(
    images: NDArray[np.uint8], augmentation: Augmentation, seed: int, count: int
) -> NDArray[np.uint8]:
    """Return `count` versions of the first image, as training could show it: uint8 [count, C, H, W].

    Args:
        images: uint8 [N, C, H, W] of one size; the others are what the first is mixed with.
        augmentation: what may happen.
        seed: another one gives other versions; with the same one, a changed setting changes only what it is about.
        count: how many versions.
    """
    some = torch.from_numpy(np.ascontiguousarray(images[:_BLEND_OF])).clone()
    height, width = some.shape[2:]
    repeated = some[:1].expand(count, -1, -1, -1).contiguous()
    blank = some.float().mean((0, 2, 3)).round().to(torch.uint8).view(-1, 1, 1)
    draws = draw(augmentation, count, height, width, seed)
    varied = _vary(repeated, draws, augmentation, blank)
    if draws.mix is not None and len(some) > 1:
        others = some[1:][torch.arange(count) % (len(some) - 1)]
        varied = joined(varied.float(), others.float(), draws.mix)
    if varied.is_floating_point():
        varied = varied.add(0.5).clamp_(0, 255).to(torch.uint8)
    return np.asarray(varied.numpy())
