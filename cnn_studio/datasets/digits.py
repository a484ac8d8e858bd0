"""The handwritten digits that come with the program, so that the first run needs no download."""

from __future__ import annotations

import numpy as np

from cnn_studio.datasets.arrays import RawPart, RawSet
from cnn_studio.datasets.class_names import DIGIT_CLASSES
from cnn_studio.resources import resource_path


def read_digits() -> RawSet:
    """Read the 1,797 embedded digits of 8 × 8 pixels; source and licence lie beside the file.

    Raises:
        StudioError: the file is missing from the installation.
    """
    with np.load(resource_path("digits.npz"), allow_pickle=False) as archive:
        images, labels = archive["images"], archive["labels"]
    return RawSet("Digits", DIGIT_CLASSES, RawPart(images, labels))
