"""Turns one image file of any common kind into the uint8 values of a network's input.

Pillow is imported at the first call, not with the module.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.geometry import place
from cnn_studio.datasets.parts import check_input
from cnn_studio.graph.preprocessing import Preprocessing

if TYPE_CHECKING:
    from PIL import Image

_ORIENTATION = 0x0112  # EXIF tag; 5 to 8 are turned by 90 degrees
_DRAFT_MARGIN = 2  # a JPEG is decoded at no less than this multiple of the size it is scaled to


class UnreadableImageError(Exception):
    """The file is no image that can be read; the text is the reason, as the list of skipped files shows it.

    Attributes:
        may_pass: the file could not be reached, which says nothing about what is in it.
    """

    def __init__(self, reason: str, *, may_pass: bool = False) -> None:
        super().__init__(reason)
        self.may_pass = may_pass


def read_image(
    path: Path, height: int, width: int, channels: int, preprocessing: Preprocessing
) -> NDArray[np.uint8]:
    """Read one image file as uint8 [C, H, W], exactly as training reads its images.

    Raises:
        DataError: the file is no image that can be read, or the input is neither grey nor RGB.
    """
    check_input(height, width, channels)
    settle_warnings()
    out = np.zeros((channels, height, width), np.uint8)
    try:
        decode_into(out, path, preprocessing)
    except UnreadableImageError as error:
        raise DataError(f"{path} cannot be read as an image: {error}.") from error
    return out


def settle_warnings() -> None:
    """Turn Pillow's warning about huge images into an error and silence its remarks on odd files.

    To be called before `decode_into`, in the thread that starts the decoding threads: the list of filters
    belongs to the whole process.
    """
    from PIL import Image

    # An odd EXIF or TIFF tag is no news to anybody: the image is read, or is listed as skipped.
    warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
    warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


def decode_into(out: NDArray[np.uint8], path: Path, preprocessing: Preprocessing) -> None:
    """Decode, turn, convert and resize an image file into `out`, zeroed uint8 [C, H, W].

    Safe to call from several threads, each with its own `out`; Pillow lets go of the interpreter lock.

    Raises:
        UnreadableImageError: there is no readable image in the file.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if path.stat().st_size == 0:
            raise UnreadableImageError("the file is empty")
        with Image.open(path) as image:
            _decode(image, out, preprocessing)
    except UnidentifiedImageError as error:
        raise UnreadableImageError("not an image of a known kind") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        limit = (Image.MAX_IMAGE_PIXELS or 0) / 1e6
        raise UnreadableImageError(f"more than {limit:.0f} million pixels") from error
    except (UnreadableImageError, MemoryError):
        raise
    except OSError as error:
        reason = error.strerror or f"damaged ({error})"
        raise UnreadableImageError(reason, may_pass=error.errno is not None) from error
    # Pillow's plugins answer damaged files with whatever their parsing runs into (struct.error, ValueError,
    # SyntaxError, EOFError, KeyError ...), and one bad file must not end the import of thousands.
    except Exception as error:
        raise UnreadableImageError(f"damaged ({error or type(error).__name__})") from error


def _decode(image: Image.Image, out: NDArray[np.uint8], preprocessing: Preprocessing) -> None:
    from PIL import Image

    channels, height, width = out.shape
    orientation = orientation_of(image)
    turned = orientation >= 5
    if image.format == "JPEG" and image.mode in {"RGB", "L"}:
        _draft(image, (width, height) if turned else (height, width), preprocessing)
    picture = _to_grey_or_rgb(image, "L" if channels == 1 else "RGB")
    turn = _TURNS.get(orientation)
    if turn is not None:
        picture = picture.transpose(Image.Transpose[turn])
    plan = place(picture.height, picture.width, height, width, preprocessing)
    filtering = Image.Resampling[preprocessing.interpolation.upper()]
    picture = picture.resize((plan.width, plan.height), filtering, box=plan.box)
    values = np.asarray(picture)
    target = out[:, plan.top : plan.top + plan.height, plan.left : plan.left + plan.width]
    target[:] = values[None] if channels == 1 else values.transpose(2, 0, 1)


_TURNS = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}


def orientation_of(image: Image.Image) -> int:
    """Return how a picture is to be turned to be seen upright, as EXIF counts it: 1 as it is, 2 to 8 mirrored or turned."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # noqa: BLE001 - a damaged EXIF block says nothing about the picture
        return 1
    return value if isinstance(value, int) else 1


def _draft(image: Image.Image, size: tuple[int, int], preprocessing: Preprocessing) -> None:
    """Let the JPEG decoder halve the image (once or more) where it is scaled down much further anyway."""
    plan = place(image.height, image.width, size[0], size[1], preprocessing)
    left, top, right, bottom = plan.box
    shrink = min((right - left) / plan.width, (bottom - top) / plan.height) / _DRAFT_MARGIN
    if shrink >= 2 and preprocessing.interpolation != "nearest":
        # Pillow chooses the strongest of 1/2, 1/4, 1/8 that leaves at least this size.
        image.draft(None, (int(image.width / shrink), int(image.height / shrink)))


def _to_grey_or_rgb(image: Image.Image, mode: str) -> Image.Image:
    """Convert the first frame to 8-bit grey or RGB; transparent places become white, as on paper."""
    from PIL import Image

    if image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PNG"):
        # 16-bit grey; converting it directly would cut everything above 255.
        values = np.asarray(image, np.int32) >> 8
        return Image.fromarray(values.astype(np.uint8)).convert(mode)
    if image.mode in {"I", "F"} or image.mode.startswith("I;"):
        raise UnreadableImageError("its 32-bit values have no fixed white; save it with 8 or 16 bits")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert(mode)
    if image.mode in {"P", "PA", "CMYK", "YCbCr", "LAB", "HSV"}:
        image = image.convert("RGB")
    return image if image.mode == mode else image.convert(mode)
