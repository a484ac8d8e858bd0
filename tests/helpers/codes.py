"""Codes of made-up images in groups, for tests of maps and neighbours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cnn_studio.app.exploring import Exploration
from cnn_studio.datasets.records import ImagePart


def exploration_of(
    codes: np.ndarray, labels: np.ndarray, classes: Sequence[str], *, num_val: int = 0, side: int = 8
) -> Exploration:
    """Return codes [N, D] with images of one colour per class; the last `num_val` are validation images."""
    count = len(labels)
    generator = np.random.default_rng(1)
    shades = generator.integers(40, 216, (len(classes), 3, 1, 1))
    noise = generator.integers(-40, 40, (count, 3, side, side))
    images = np.clip(shades[labels] + noise, 0, 255).astype(np.uint8)
    cut = count - num_val
    labels = labels.astype(np.int64)
    size = codes.shape[1]
    return Exploration(
        title="tiny network",
        cut="pool",
        classes=tuple(classes),
        train=ImagePart(images[:cut], labels[:cut]),
        val=ImagePart(images[cut:], labels[cut:]),
        codes=codes.astype(np.float32),
        labels=labels,
        mean=np.zeros(size, dtype=np.float32),
        deviation=np.ones(size, dtype=np.float32),
    )


def grouped(
    count: int,
    size: int,
    num_classes: int,
    *,
    spread: float = 0.6,
    seed: int = 0,
    num_val: int = 0,
    classes: Sequence[str] = (),
) -> Exploration:
    """Return codes [count, size] that lie around one centre per class; `spread` is how far."""
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(num_classes, size))
    labels = np.arange(count) % num_classes
    codes = centres[labels] + spread * generator.normal(size=(count, size))
    names = classes or [f"class {at}" for at in range(num_classes)]
    return exploration_of(codes, labels, names, num_val=num_val)
