"""Looks at one image file: what it is, whether training can read it, and a hash by which equal files are found.

Pillow is imported at the first call, not with the module.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.decode import UnreadableImageError, decode_into, orientation_of
from cnn_studio.graph.preprocessing import Preprocessing

if TYPE_CHECKING:
    from PIL import Image

_SIDE = 8  # of the tiny picture that is decoded: what it shows plays no part, whether it can be decoded does
_STRETCHED = Preprocessing()
_CHUNK = 1 << 20
_COLOURS = {
    "1": "black and white",
    "L": "grey",
    "LA": "grey with alpha",
    "P": "palette",
    "PA": "palette",
    "RGB": "RGB",
    "RGBA": "RGB with alpha",
    "RGBX": "RGB",
    "CMYK": "CMYK",
    "YCbCr": "YCbCr",
    "LAB": "Lab",
    "HSV": "HSV",
    "I": "16-bit grey",
}


@dataclass(frozen=True, slots=True)
class ImageFacts:
    """What there is to know of a readable image file.

    Attributes:
        format: such as ``JPEG``.
        colours: in words, such as ``RGB`` or ``16-bit grey``.
        width, height: as it is shown, in pixels.
        num_bytes: of the file.
        digest: equal for files of equal bytes, and for no others.
        is_animated: there is more than one frame; the first one counts.
        is_turned: its EXIF block says that it is to be turned or mirrored.
        is_transparent: some of it may be see-through.
        is_blank: all of it has one single value.
    """

    format: str
    colours: str
    width: int
    height: int
    num_bytes: int
    digest: bytes
    is_animated: bool = False
    is_turned: bool = False
    is_transparent: bool = False
    is_blank: bool = False


class Glance(NamedTuple):
    """What the head of an image file says: its size as it is shown, and its colours in words."""

    width: int
    height: int
    colours: str


def glance(path: Path) -> Glance:
    """Look at the head of an image file that was read before, without decoding it again.

    Raises:
        DataError: it is no longer there, or another.
    """
    from PIL import Image

    try:
        with Image.open(path) as image:
            return Glance(*_shown_size(image), _colours(image))
    except OSError as error:
        raise DataError(f"{path} changed while it was read. Open it again.") from error


def probe(path: Path) -> ImageFacts:
    """Look at an image file; `decode.settle_warnings` must have been called before.

    Raises:
        UnreadableImageError: training could not read it either; the text says why.
    """
    from PIL import Image

    out = np.zeros((1, _SIDE, _SIDE), np.uint8)
    decode_into(out, path, _STRETCHED)  # first: it refuses what must not be opened further
    try:
        digest, num_bytes = _hash(path)
        with Image.open(path) as image:
            return _facts(image, num_bytes, digest, is_blank=bool(out.min() == out.max()))
    except OSError as error:
        raise UnreadableImageError(error.strerror or "it changed while it was read") from error


def _hash(path: Path) -> tuple[bytes, int]:
    found = hashlib.blake2b(digest_size=16)
    size = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            found.update(chunk)
            size += len(chunk)
    return found.digest(), size


def _facts(image: Image.Image, num_bytes: int, digest: bytes, *, is_blank: bool) -> ImageFacts:
    orientation = _orientation(image)
    width, height = _shown_size(image)
    return ImageFacts(
        format=image.format or "unknown",
        colours=_colours(image),
        width=width,
        height=height,
        num_bytes=num_bytes,
        digest=digest,
        is_animated=_is_animated(image),
        is_turned=2 <= orientation <= 8,
        is_transparent=bool(image.has_transparency_data),
        is_blank=is_blank,
    )


def _shown_size(image: Image.Image) -> tuple[int, int]:
    width, height = image.size
    return (height, width) if _orientation(image) >= 5 else (width, height)


def _colours(image: Image.Image) -> str:
    mode = "I" if image.mode.startswith("I") else image.mode
    return _COLOURS.get(mode, mode)


def _orientation(image: Image.Image) -> int:
    if image.format == "PNG" and "exif" not in image.info:
        return 1  # Pillow would decode the whole picture to look behind it
    return orientation_of(image)


def _is_animated(image: Image.Image) -> bool:
    try:
        return bool(getattr(image, "is_animated", False))
    except Exception:  # noqa: BLE001 - looking for further frames meets whatever is damaged behind the first one
        return False
