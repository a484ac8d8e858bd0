"""Loads a data source for one network: read, resize, split and measure. The one entry point of the data side."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.arrays import RawSet, fit_arrays
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.folder import read_files
from cnn_studio.datasets.folder_scan import FolderFiles, leave_out
from cnn_studio.datasets.measure import mean_and_std
from cnn_studio.datasets.parts import Parts, Progress, Target, check_input, keep_rows
from cnn_studio.datasets.records import Check, DataSource, ImageData, ImagePart
from cnn_studio.datasets.split import split_rows
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
    cache: ImageCache | None = None,
) -> ImageData:
    """Read a data set, resized for an input of `channels` × `height` × `width`.

    It is in memory afterwards; image files that do not fit there are decoded into a file in the cache.

    `ImageData.mean` and `std` are always measured; a network that brings its own has them in `preprocessing`.

    Args:
        progress: called with the images done and all images, in the thread of the caller.
        cancelled: asked often, in the thread of the caller.
        cache: where decoded image files are kept for the next time; the usual place if None.

    Raises:
        DataError: the data cannot be read or used; the message says what to do.
        Cancelled: `cancelled` said yes.
    """
    check_input(height, width, channels)
    target = Target(height, width, channels, preprocessing, progress, cancelled)
    target.check()
    parts = _read(source, target, cache)
    train, val, test = parts.train, parts.val, parts.test
    given = tuple(name for name, part in (("val", val), ("test", test)) if part is not None)
    if val is None:
        train, val, test = _split(parts, source)
    mean, std = mean_and_std(train.images, target.check)
    return ImageData(parts.name, parts.classes, train, val, test, mean, std, parts.skipped, given)


def read_source(source: DataSource, check: Check = lambda: None) -> RawSet | FolderFiles:
    """Read what a source is made of: arrays in their own size, or the list of its files without those left out.

    Raises:
        DataError: the source names no folder, or the reader refuses what is there.
    """
    info = SOURCES[source.kind]
    if info.place and not source.folder:
        what = "file" if info.place == "FILE" else "folder"
        raise DataError(f"The data source {source.kind} names no {what}. Choose one.")
    found = info.read(Path(source.folder).expanduser(), source.variant, check)
    return found if isinstance(found, RawSet) else leave_out(found, source.excluded)


def _read(source: DataSource, target: Target, cache: ImageCache | None) -> Parts:
    found = read_source(source, target.check)
    if isinstance(found, RawSet):
        return fit_arrays(found, target)
    return read_files(Path(source.folder).expanduser(), found, target, cache)


def _split(parts: Parts, source: DataSource) -> tuple[ImagePart, ImagePart, ImagePart | None]:
    """Cut validation, and test where no part is given, out of the training part; only what is cut is copied."""
    train = parts.train
    test_fraction = 0.0 if parts.test is not None else source.test_fraction
    rows = split_rows(train.labels, source.val_fraction, test_fraction, source.split_seed)
    if not len(rows.val):
        raise DataError(
            "Every class has one image only, so none can be held out for validation. Add images, or a val folder."
        )
    val = ImagePart(train.images[rows.val], train.labels[rows.val])
    test = ImagePart(train.images[rows.test], train.labels[rows.test]) if len(rows.test) else parts.test
    keep = np.zeros(len(train), dtype=bool)
    keep[rows.train] = True
    return keep_rows(train, keep), val, test
