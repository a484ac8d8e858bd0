"""Pictures to decode, where they are kept, and a count of what is decoded, for tests of the cache of images."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from cnn_studio.datasets.cache import ImageCache
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.parts import Target
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_picture

HOW = Preprocessing()
SIDE = 10
ROW = 3 * SIDE * SIDE  # bytes of a decoded image


def target(**watchers) -> Target:
    """Return colour images of SIDE × SIDE, with what watches their decoding."""
    return Target(SIDE, SIDE, 3, HOW, **watchers)


def pictures(folder: Path, count: int = 30, size: tuple[int, int] = (12, 16)) -> list[Path]:
    """Write that many different PNG files; `size` is height and width in pixels."""
    return [write_picture(folder / f"{number:03}.png", number, size) for number in range(count)]


def plain(paths: list[Path]) -> np.ndarray:
    """Decode without any cache; uint8 [N, 3, SIDE, SIDE]."""
    return np.asarray(decode_all(paths, target(), ImageCache(limit=0)).images)


def names(cache: ImageCache) -> list[str]:
    """Return the endings of the files in the cache, sorted."""
    return sorted(path.suffix for path in cache.folder.iterdir())


class Steps:
    """Counts what is reported and stops after some images."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.seen: list[int] = []
        self._stop_after = stop_after

    def __call__(self, done: int, total: int) -> None:
        self.seen.append(done)

    def stop(self) -> bool:
        return self._stop_after is not None and bool(self.seen) and self.seen[-1] >= self._stop_after
