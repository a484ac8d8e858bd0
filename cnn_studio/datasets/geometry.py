"""Where an image of any size ends up in the network's input: the three ways to resize, as plain numbers.

Both the reader of image files and the resizing of whole arrays follow the same plan, so training and prediction
see the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass

from cnn_studio.graph.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True)
class Placement:
    """A box of the source is scaled to `height` × `width` and put at `top`, `left` of the black input.

    Attributes:
        box: left, top, right, bottom in source pixels; fractions are meant.
    """

    box: tuple[float, float, float, float]
    height: int
    width: int
    top: int
    left: int


def place(
    source_height: int, source_width: int, height: int, width: int, preprocessing: Preprocessing
) -> Placement:
    """Plan how a source of one size becomes an input of `height` × `width` pixels."""
    if preprocessing.resize == "crop":
        return _crop(source_height, source_width, height, width, preprocessing.crop_fraction)
    if preprocessing.resize == "pad":
        scale = min(height / source_height, width / source_width)
        inner_height = min(height, max(1, round(source_height * scale)))
        inner_width = min(width, max(1, round(source_width * scale)))
        return Placement(
            (0, 0, source_width, source_height),
            inner_height,
            inner_width,
            (height - inner_height) // 2,
            (width - inner_width) // 2,
        )
    return Placement((0, 0, source_width, source_height), height, width, 0, 0)


def _crop(source_height: int, source_width: int, height: int, width: int, fraction: float) -> Placement:
    """Scale and centre crop in one step.

    The numbers are those of torchvision's Resize (short side exact, long side cut to a whole number) followed by
    CenterCrop, because pre-trained networks were measured with them.
    """
    # The small number keeps 224 / 0.875 at 256 where division falls just below it.
    cover_height, cover_width = int(height / fraction + 1e-6), int(width / fraction + 1e-6)
    if cover_height * source_width >= cover_width * source_height:
        full_height = cover_height
        full_width = max(cover_width, source_width * cover_height // source_height)
    else:
        full_height = max(cover_height, source_height * cover_width // source_width)
        full_width = cover_width
    top, left = round((full_height - height) / 2), round((full_width - width) / 2)
    ratio_x, ratio_y = source_width / full_width, source_height / full_height
    box = (left * ratio_x, top * ratio_y, (left + width) * ratio_x, (top + height) * ratio_y)
    return Placement(
        (box[0], box[1], min(box[2], source_width), min(box[3], source_height)), height, width, 0, 0
    )
