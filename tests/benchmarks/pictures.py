"""Small colour pictures for benchmarks, and a data set of them as the tutorials have it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np


def cifar_images(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return uint8 [count, 3, 32, 32] and labels of 10 classes; the real ones where they are, else noise."""
    given = os.environ.get("CNN_STUDIO_TEST_DATA")
    folder = Path(given) / "cifar10-small" / "train" if given else None
    if folder is None or not folder.is_dir():
        draw = np.random.default_rng(0)
        return draw.integers(0, 256, (count, 3, 32, 32), np.uint8), draw.integers(0, 10, count)
    from PIL import Image

    files = [
        (file, label) for label, own in enumerate(sorted(folder.iterdir())) for file in sorted(own.iterdir())
    ]
    order = np.random.default_rng(0).permutation(len(files))
    picked = [files[order[n % len(files)]] for n in range(count)]
    images = np.stack([np.asarray(Image.open(file).convert("RGB")) for file, _ in picked])
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2)), np.array([label for _, label in picked])


class PictureSet:
    """Pictures in memory, each made a PIL image and transformed when it is asked for, as `torchvision.datasets.CIFAR10` does."""

    def __init__(self, images: np.ndarray, labels: np.ndarray, transform: Any) -> None:
        self._images = np.ascontiguousarray(images.transpose(0, 2, 3, 1))
        self._labels = labels.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: int) -> tuple[Any, int]:
        from PIL import Image

        return self._transform(Image.fromarray(self._images[index])), self._labels[index]
