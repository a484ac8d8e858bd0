"""A few images of a data source, to look at before anything is loaded."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawSet
from cnn_studio.datasets.decode import read_image
from cnn_studio.datasets.load import read_source
from cnn_studio.datasets.order import class_turns
from cnn_studio.datasets.records import Check, DataSource
from cnn_studio.graph.preprocessing import Preprocessing

_VIEW = Preprocessing(resize="crop")


@dataclass(frozen=True, slots=True)
class ImageSample:
    """Some images of the training part, the classes in turn.

    Attributes:
        images: uint8 of shape [N, C, H, W], C 1 or 3.
        labels: class per image, shape [N].
    """

    images: NDArray[np.uint8] = field(repr=False)
    labels: NDArray[np.int64] = field(repr=False)
    classes: tuple[str, ...]


def sample_images(source: DataSource, count: int, side: int, check: Check = lambda: None) -> ImageSample:
    """Read the first images of each class, `count` of all classes together at most.

    Args:
        source: where the images are.
        count: how many to return at most.
        side: height and width of images that come from files, in pixels; arrays keep their own size.
        check: called between images; raises `Cancelled` to end.

    Raises:
        DataError: the source cannot be read. Files that are no images are passed over.
        Cancelled: `check` said so.
    """
    found = read_source(source, check)
    if isinstance(found, RawSet):
        rows = class_turns(found.train.labels)[:count]
        images = found.train.images[rows]
        planes = images[:, None] if images.ndim == 3 else images
        return ImageSample(planes, found.train.labels[rows].astype(np.int64), found.classes)
    labels = np.array([label for _, label in found.train], np.int64)
    kept: list[tuple[NDArray[np.uint8], int]] = []
    for row in class_turns(labels):
        if len(kept) == count:
            break
        check()
        path, label = found.train[row]
        try:
            kept.append((read_image(path, side, side, 3, _VIEW), label))
        except DataError:
            continue  # the report names it
    pictures = np.stack([image for image, _ in kept]) if kept else np.zeros((0, 3, side, side), np.uint8)
    return ImageSample(pictures, np.array([label for _, label in kept], np.int64), found.classes)
