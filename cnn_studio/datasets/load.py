"""Loads a data source for one network: read, resize, split and measure. The one entry point of the data side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.digits import read_digits
from cnn_studio.datasets.folder import read_folder
from cnn_studio.datasets.measure import mean_and_std
from cnn_studio.datasets.mnist import read_mnist
from cnn_studio.datasets.parts import Parts, Progress, Target, check_input, keep_rows
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.datasets.split import stratified_split
from cnn_studio.graph.preprocessing import Preprocessing


def load(
    source: DataSource,
    *,
    height: int,
    width: int,
    channels: int,
    preprocessing: Preprocessing,
    progress: Progress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImageData:
    """Read a data set into memory, resized for an input of `channels` × `height` × `width`.

    `ImageData.mean` and `std` are always measured; a network that brings its own has them in `preprocessing`.

    Args:
        progress: called with the images done and all images, in the thread of the caller.
        cancelled: asked often, in the thread of the caller.

    Raises:
        DataError: the data cannot be read or used; the message says what to do.
        Cancelled: `cancelled` said yes.
    """
    check_input(height, width, channels)
    target = Target(height, width, channels, preprocessing, progress, cancelled)
    target.check()
    parts = _read(source, target)
    train, val = parts.train, parts.val
    if val is None:
        train, val = _split(parts, source)
    mean, std = mean_and_std(train.images, target.check)
    return ImageData(parts.name, parts.classes, train, val, parts.test, mean, std, parts.skipped)


def _read(source: DataSource, target: Target) -> Parts:
    if source.kind == "digits":
        return read_digits(target)
    if not source.folder:
        raise DataError(f"The data source {source.kind} names no folder. Choose one.")
    folder = Path(source.folder).expanduser()
    return read_mnist(folder, target) if source.kind == "mnist" else read_folder(folder, target)


def _split(parts: Parts, source: DataSource) -> tuple[ImagePart, ImagePart]:
    """Cut the validation part out of the training part, copying the validation images only."""
    train = parts.train
    _, val_rows = stratified_split(train.labels, source.val_fraction, source.split_seed)
    if not len(val_rows):
        raise DataError(
            "Every class has one image only, so none can be held out for validation. Add images, or a val folder."
        )
    val = ImagePart(train.images[val_rows], train.labels[val_rows])
    keep = np.ones(len(train), dtype=bool)
    keep[val_rows] = False
    return keep_rows(train, keep), val
