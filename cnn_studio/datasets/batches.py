"""Batches of varied and normalised images: gathered from uint8 values in memory, a whole batch at a time.

Of the data side only this and what varies images needs torch.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from cnn_studio.datasets.ahead import one_ahead
from cnn_studio.datasets.augment import chunks, moved
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.datasets.augmentation_draws import draw
from cnn_studio.datasets.augmentation_mixing import MixedLabels, erase, mix
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.order import seeded_order
from cnn_studio.datasets.records import ImagePart

_DEVICE_SHARE = 0.5
"""Share of a GPU's free memory that images may take; activations and gradients need the rest."""


def normalise(images: Tensor, mean: Sequence[float], std: Sequence[float]) -> Tensor:
    """Return uint8 images [N, C, H, W] as float32: scaled to 0..1, minus mean, divided by deviation, per channel."""
    return _scale_and_shift(images, *_coefficients(mean, std, images.device))


def _coefficients(
    mean: Sequence[float], std: Sequence[float], device: torch.device | str
) -> tuple[Tensor, Tensor]:
    """Scale and shift [1, C, 1, 1], with (x / 255 - mean) / std = x · scale + shift."""
    wide_mean = torch.tensor(mean, dtype=torch.float64).view(1, -1, 1, 1)
    wide_std = torch.tensor(std, dtype=torch.float64).view(1, -1, 1, 1)
    scale, shift = 1 / (255 * wide_std), -wide_mean / wide_std
    return scale.float().to(device), shift.float().to(device)


def _scale_and_shift(images: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    return images.to(torch.float32, copy=True).mul_(scale).add_(shift)


def batch_bounds(count: int, batch_size: int) -> list[tuple[int, int]]:
    """Return start and stop of each batch over `count` images; the last one may be smaller.

    A single image left over joins the batch before it: batch norm cannot train on one value per channel.
    """
    bounds = [(start, min(start + batch_size, count)) for start in range(0, count, batch_size)]
    if batch_size > 1 and len(bounds) > 1 and bounds[-1][1] - bounds[-1][0] == 1:
        bounds.pop()
        bounds[-1] = (bounds[-1][0], count)
    return bounds


class Batches:
    """Serves one part of a data set in normalised batches [B, C, H, W] with labels, on one device.

    The uint8 images move to the device once if they fit there; otherwise each batch is gathered on the CPU and
    sent over as uint8, a quarter of the bytes. Images that lie on disk are read batch by batch, one batch ahead.

    Args:
        mean, std: per channel, of values scaled to 0..1.
        batch_size: images per training step.
        augmentation: how the images of `epoch` are varied; those of `in_order` never are.
        channels_last: how the images lie in memory.
        dtype: of the images; labels are int64.
    """

    def __init__(
        self,
        part: ImagePart,
        mean: Sequence[float],
        std: Sequence[float],
        batch_size: int,
        device: torch.device | str = "cpu",
        *,
        augmentation: Augmentation | None = None,
        channels_last: bool = False,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        self._device = torch.device(device)
        self._batch_size = batch_size
        self._bounds = batch_bounds(len(part), batch_size)
        self._augmentation = None if augmentation is None or augmentation.is_off else augmentation
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        self._dtype = dtype
        self._scale, self._shift = _coefficients(mean, std, self._device)
        self._labels = torch.from_numpy(_shareable(part.labels)).to(self._device)
        self._images: Tensor
        self._rows: Tensor | None = None  # which images are the part's, where they lie on disk among others
        if isinstance(part.images, MappedImages):
            self._images = torch.from_numpy(part.images.base)
            self._rows = torch.from_numpy(part.images.rows)
        else:
            images = torch.from_numpy(_shareable(part.images))
            self._images = images.to(self._device) if _fits(images.nbytes, self._device) else images

    def __len__(self) -> int:
        return int(self._labels.shape[0])

    @property
    def batch_size(self) -> int:
        """Images per training step."""
        return self._batch_size

    @property
    def steps_per_epoch(self) -> int:
        """Number of batches that `epoch` yields from the first one on."""
        return len(self._bounds)

    def epoch(
        self, seed: int, epoch: int, first_batch: int = 0
    ) -> Iterator[tuple[Tensor, Tensor | MixedLabels]]:
        """Yield all images once, in the order that belongs to `seed` and `epoch` and to nothing else.

        From `first_batch` (counted from 0) on: exactly the batches that follow there in a whole epoch. Labels are
        `MixedLabels` where the augmentation mixes images. Closing the iterator ends all work.
        """
        batches = self._epoch(seed, epoch, first_batch)
        # On a CPU the step and the next batch share the same cores: with a thread LeNet fell from 11,100 to 8,800
        # images/s. On the way to a GPU the CPU has nothing else to do, and a disk is waited for.
        waits = self._rows is not None or self._images.device.type != self._device.type
        return one_ahead(batches) if waits else batches

    def _epoch(
        self, seed: int, epoch: int, first_batch: int
    ) -> Generator[tuple[Tensor, Tensor | MixedLabels], None, None]:
        order = torch.from_numpy(seeded_order(len(self), seed, epoch))
        place = order.to(self._images.device) if self._rows is None else self._rows[order]
        labels = self._labels[order.to(self._device)]
        for at in range(first_batch, len(self._bounds)):
            start, stop = self._bounds[at]
            images = self._images.index_select(0, place[start:stop])
            if self._augmentation is None:
                yield self._finish(images), labels[start:stop]
            else:
                yield self._varied(self._augmentation, images, labels[start:stop], (seed, epoch, at))

    def in_order(self, batch_size: int | None = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield all images once in their order, for validation; batches of `batch_size` or the training's size."""
        size = batch_size or self._batch_size
        for start in range(0, len(self), size):
            stop = min(start + size, len(self))
            rows = self._rows
            images = (
                self._images[start:stop] if rows is None else self._images.index_select(0, rows[start:stop])
            )
            yield self._finish(images), self._labels[start:stop]

    def _finish(self, images: Tensor) -> Tensor:
        images = images.to(self._device)
        out = self._room_for(images)
        self._normalise_into(out, images)
        return out

    def _varied(
        self, augmentation: Augmentation, images: Tensor, labels: Tensor, key: tuple[int, int, int]
    ) -> tuple[Tensor, Tensor | MixedLabels]:
        images = images.to(self._device)
        draws = draw(augmentation, len(images), images.shape[2], images.shape[3], *key)
        out = self._room_for(images)
        for start, stop, piece in moved(images, draws, augmentation):
            self._normalise_into(out[start:stop], piece)
        if draws.erased is not None:
            erase(out, draws.erased)  # to 0, which is the mean
        if draws.mix is None:
            return out, labels
        return mix(out, labels, draws.mix)

    def _room_for(self, images: Tensor) -> Tensor:
        return torch.empty(images.shape, dtype=self._dtype, device=self._device, memory_format=self._layout)

    def _normalise_into(self, out: Tensor, images: Tensor) -> None:
        """Write normalised values; in pieces on a CPU, whose caches then hold what is read again."""
        in_place = self._dtype == torch.float32 and self._layout == torch.contiguous_format
        for start, stop in chunks(images):
            piece, values = out[start:stop], images[start:stop]
            if in_place:
                piece.copy_(values).mul_(self._scale).add_(self._shift)
            else:
                # Each step changes one thing: type and layout in one copy take three times as long.
                piece.copy_(_scale_and_shift(values, self._scale, self._shift).to(self._dtype))


def _shareable(array: np.ndarray) -> np.ndarray:
    """The array itself where torch can use its memory; torch warns about arrays that must not be written."""
    return array if array.flags.writeable and array.flags.c_contiguous else array.copy()


def _fits(num_bytes: int, device: torch.device) -> bool:
    if device.type != "cuda":
        return True  # the CPU holds the images already, and Apple's GPUs share its memory
    free, _ = torch.cuda.mem_get_info(device)
    return num_bytes < free * _DEVICE_SHARE
