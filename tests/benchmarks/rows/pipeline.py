"""From image files to batches: augmentation, the epochs from what is decoded already, and the very first epoch.

The pipeline alone, without a network. The references are what PyTorch's tutorials write: torchvision's transforms for
one image at a time, `ImageFolder` and a `DataLoader` with 2 workers.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from measure import Budget, Row, alternate, row

from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.graph.preprocessing import Preprocessing

SIDE = 224
AUGMENT_BATCH = 64
BATCH = 32
EPOCHS = 5
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
PREPROCESSING = Preprocessing(resize="crop", crop_fraction=SIDE / 256)
AUGMENTATION = Augmentation(
    horizontal_flip=True,
    crop_padding=8,
    rotation=15,
    brightness=0.2,
    contrast=0.2,
    saturation=0.2,
    hue=0.05,
)


def augment_rows(budget: Budget) -> Iterator[Row]:
    import torch

    images = torch.from_numpy(_noise(AUGMENT_BATCH))
    ours, reference = _ours_at_once(images), _torchvision_per_image(images)
    ours(), reference()  # warm up: libraries, threads, memory
    found = alternate(budget.rounds(1.5, 15, least=5), ours, reference)
    yield row("augment", *found, "images/s", "higher", 3.0)


def folder_rows(budget: Budget) -> Iterator[Row]:
    with TemporaryDirectory() as scratch:
        root = photo_folder(Path(scratch))
        loaders = _tutorial_loaders(root)
        kept = ImageCache(Path(scratch) / "kept")
        data = _load(root, kept)  # reads every file once, so that both sides meet a warm disk
        rounds = budget.rounds(16.0, 5)
        first = alternate(
            rounds, lambda: _first_epoch(root, Path(scratch)), lambda: _pass(loaders["train"], loaders["val"])
        )
        later = alternate(rounds, lambda: _next_epochs(data), lambda: _pass(loaders["train"]))
    yield row("folder_first_epoch", *first, "images/s", "higher", 1.3)
    yield row("folder_next_epochs", *later, "images/s", "higher", 20.0)


def photo_folder(scratch: Path) -> Path:
    """Return a folder train and val with a few hundred photographs: real ones, or noise of their usual size."""
    given = os.environ.get("CNN_STUDIO_TEST_DATA")
    if given and (Path(given) / "hymenoptera").is_dir():
        return Path(given) / "hymenoptera"
    import numpy as np
    from PIL import Image

    root = scratch / "photos"
    random = np.random.default_rng(0)
    for part, count in (("train", 120), ("val", 75)):
        for name in ("ants", "bees"):
            folder = root / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                coarse = random.integers(0, 256, (47, 63, 3), dtype=np.uint8)
                picture = Image.fromarray(coarse).resize((500, 375), Image.Resampling.BICUBIC)
                picture.save(folder / f"{number:03}.jpg", quality=90)
    return root


def _noise(count: int) -> Any:
    import numpy as np

    coarse = np.random.default_rng(0).integers(0, 256, (count, 3, SIDE // 8, SIDE // 8), dtype=np.uint8)
    return coarse.repeat(8, axis=2).repeat(8, axis=3)


def _ours_at_once(images: Any) -> Callable[[], float]:
    from cnn_studio.datasets.augment import augment

    steps = iter(range(1 << 30))

    def measure() -> float:
        start = time.perf_counter()
        augment(images, AUGMENTATION, 0, 0, next(steps))
        return len(images) / (time.perf_counter() - start)

    return measure


def _torchvision_per_image(images: Any) -> Callable[[], float]:
    from torchvision.transforms import v2

    change = v2.Compose(
        [
            v2.RandomCrop(SIDE, padding=AUGMENTATION.crop_padding),
            v2.RandomHorizontalFlip(),
            v2.RandomRotation(AUGMENTATION.rotation, interpolation=v2.InterpolationMode.BILINEAR),
            v2.ColorJitter(
                AUGMENTATION.brightness, AUGMENTATION.contrast, AUGMENTATION.saturation, AUGMENTATION.hue
            ),
        ]
    )

    def measure() -> float:
        import torch

        start = time.perf_counter()
        torch.stack([change(image) for image in images])
        return len(images) / (time.perf_counter() - start)

    return measure


def _load(root: Path, cache: ImageCache) -> ImageData:
    from cnn_studio.datasets.load import load

    source = DataSource(kind="folder", folder=str(root))
    return load(source, height=SIDE, width=SIDE, channels=3, preprocessing=PREPROCESSING, cache=cache)


def _tutorial_loaders(root: Path) -> dict[str, Any]:
    from torch.utils.data import DataLoader
    from torchvision import datasets, transforms

    transform = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(SIDE),
            transforms.ToTensor(),
            transforms.Normalize(MEAN, STD),
        ]
    )
    return {
        part: DataLoader(
            datasets.ImageFolder(str(root / part), transform), batch_size=BATCH, shuffle=True, num_workers=2
        )
        for part in ("train", "val")
    }


def _pass(*loaders: Iterable[Any]) -> float:
    start = time.perf_counter()
    count = sum(len(labels) for loader in loaders for _, labels in loader)
    return count / (time.perf_counter() - start)


def _batches(part: Any) -> Any:
    from cnn_studio.datasets.batches import Batches

    return Batches(part, MEAN, STD, BATCH)


def _next_epochs(data: ImageData) -> float:
    batches = _batches(data.train)
    start = time.perf_counter()
    count = sum(len(labels) for epoch in range(EPOCHS) for _, labels in batches.epoch(0, epoch))
    return count / (time.perf_counter() - start)


def _first_epoch(root: Path, scratch: Path) -> float:
    """Everything from the files to the last batch of training and validation, with a cache that is empty."""
    with TemporaryDirectory(dir=scratch) as empty:
        start = time.perf_counter()
        data = _load(root, ImageCache(Path(empty)))
        count = sum(len(labels) for _, labels in _batches(data.train).epoch(0, 0))
        count += sum(len(labels) for _, labels in _batches(data.val).in_order())
        return count / (time.perf_counter() - start)
