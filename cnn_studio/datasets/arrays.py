"""Sets that come as plain arrays of equally large images, and their way to the size of the network's input."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.parts import Parts, Target
from cnn_studio.datasets.records import Check, ImagePart
from cnn_studio.datasets.resize import resize_images

_CHUNK = 1 << 22
_GREY = (19595, 38470, 7471)  # Pillow's shares of red, green and blue in 65,536


@dataclass(frozen=True, slots=True)
class RawPart:
    """Images as they are stored: uint8 [N, h, w] grey or [N, 3, h, w] RGB, and their labels [N]."""

    images: NDArray[np.uint8]
    labels: NDArray[np.integer]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class RawSet:
    """A data set in its own size; `test` is None where the source has no such part."""

    name: str
    classes: tuple[str, ...]
    train: RawPart
    test: RawPart | None = None

    @property
    def parts(self) -> tuple[RawPart, ...]:
        """The parts there are."""
        return (self.train,) if self.test is None else (self.train, self.test)


def fit_arrays(raw: RawSet, target: Target) -> Parts:
    """Resize a set for a network.

    Raises:
        DataError: the result does not fit into memory.
        Cancelled: somebody asked to stop.
    """
    total = sum(map(len, raw.parts))
    target.require_memory(total)
    resized = []
    done = 0
    for part in raw.parts:
        resized.append(_fit_part(part, target, done, total))
        done += len(part)
    return Parts(raw.name, raw.classes, resized[0], test=resized[1] if len(resized) > 1 else None)


def _fit_part(part: RawPart, target: Target, done: int, total: int) -> ImagePart:
    out = target.allocate(len(part))
    images = part.images
    if images.ndim == 4 and target.channels == 1:
        images = to_grey(images)
    planes = (
        [(images, out)] if images.ndim == 3 else [(images[:, at], out[:, at : at + 1]) for at in range(3)]
    )
    steps = 0

    def advance(count: int) -> None:
        nonlocal steps
        steps += count
        target.report(done + steps // len(planes), total)
        target.check()

    for plane, place in planes:
        resize_images(plane, place, target.preprocessing, advance)
    return ImagePart(out, part.labels.astype(np.int64))


def to_grey(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return RGB images [N, 3, h, w] as grey ones [N, h, w], with Pillow's weights and rounding."""
    grey = np.empty((len(images), *images.shape[2:]), np.uint8)
    chunk = max(1, _CHUNK // max(1, images[0].size)) if len(images) else 1
    red, green, blue = _GREY
    for begin in range(0, len(images), chunk):
        part = images[begin : begin + chunk].astype(np.uint32)
        grey[begin : begin + chunk] = (
            part[:, 0] * red + part[:, 1] * green + part[:, 2] * blue + 0x8000
        ) >> 16
    return grey


def read_bytes(path: Path, most: int, check: Check = lambda: None) -> NDArray[np.uint8]:
    """Read a whole binary file of at most `most` bytes.

    Raises:
        DataError: it is missing, cannot be read, or is larger.
    """
    try:
        with path.open("rb") as file:
            parts = []
            room = most + 1
            while room > 0:
                check()
                part = file.read(min(_CHUNK, room))
                if not part:
                    break
                parts.append(part)
                room -= len(part)
    except FileNotFoundError:
        raise DataError(f"The file {path.name} is missing in {path.parent}.") from None
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}.") from error
    if room <= 0:
        raise DataError(
            f"{path} holds more than {most:,} bytes and is not the file that its name promises. Download it again."
        )
    return np.frombuffer(b"".join(parts), np.uint8)


def check_labels(path: Path, labels: NDArray[np.integer], num_classes: int, title: str) -> None:
    """Check that there are labels and that all of them are classes.

    Raises:
        DataError: there are none, or one is too large; `path` is named.
    """
    if not len(labels):
        raise DataError(f"{path} holds no images. Download it again.")
    if labels.min() < 0 or labels.max() >= num_classes:
        wrong = labels.max() if labels.max() >= num_classes else labels.min()
        raise DataError(f"{path} holds the label {wrong}; the labels of {title} are 0 to {num_classes - 1}.")


def find_place(folder: Path, below: tuple[str, ...], names: tuple[str, ...], title: str) -> Path:
    """Return the first of the folders `below` that holds one of the files `names`; the folder itself if none does.

    Raises:
        DataError: there is no such folder.
    """
    if not folder.is_dir():
        raise DataError(f"There is no folder {folder}. Choose the folder with the {title} files.")
    for place in below:
        if any((folder / place / name).is_file() for name in names):
            return folder / place
    return folder  # what is missing is said when the first file is looked for
