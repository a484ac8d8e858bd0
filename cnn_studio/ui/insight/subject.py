"""The image that is looked at, from wherever it comes, as any network gets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtGui import QImage

from cnn_studio.ui.insight.heat_picture import image_of
from cnn_studio.ui.widgets.pixels import pixels_of
from cnn_studio.ui.widgets.taken import write_pasted

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.maps import LookInside


class Fitted(NamedTuple):
    """An image as a network gets it.

    Attributes:
        pixels: uint8 [C, H, W].
        about: what was done to it, as a sentence; empty where nothing was.
    """

    pixels: np.ndarray
    about: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """An image to look at.

    Attributes:
        title: what people call it.
        read: returns it as a network gets it; called in the job's thread.
        is_live: others follow it faster than a network may look, as the strokes of a drawing do.
    """

    title: str
    read: Callable[[LookInside], Fitted] = field(repr=False)
    is_live: bool = False


def file_subject(file: Path) -> Subject:
    """Return an image file to look at."""
    return Subject(file.name, lambda network: _fitted_file(network, file))


def pasted_subject(picture: QImage, file: Path) -> Subject:
    """Return a picture without a file to look at; it is written to `file` first."""

    def read(network: LookInside) -> Fitted:
        if not file.exists():  # another network may have asked before
            write_pasted(picture, file)
        found = _fitted_file(network, file)
        colours = (
            "grey" if picture.isGrayscale() else "RGB with alpha" if picture.hasAlphaChannel() else "RGB"
        )
        return Fitted(found.pixels, _about(network, picture.width(), picture.height(), colours))

    return Subject(file.stem, read)


def pixels_subject(title: str, pixels: np.ndarray) -> Subject:
    """Return an image to look at that is in memory, uint8 [C, H, W]; networks of other inputs get it stretched."""

    def read(network: LookInside) -> Fitted:
        if pixels.shape == network.input_shape:
            return Fitted(pixels)
        channels, height, width = pixels.shape
        planes = pixels[0] if channels == 1 else pixels[:3].transpose(1, 2, 0)
        colours = "grey" if channels == 1 else "RGB"
        stretched = pixels_of(image_of(planes), network.input_shape)
        return Fitted(stretched, _about(network, width, height, colours))

    return Subject(title, read)


def drawing_subject(drawn: QImage) -> Subject:
    """Return a drawing to look at, scaled to the network's input."""
    kept = drawn.copy()  # it is drawn on while the job reads it
    return Subject("drawing", lambda network: Fitted(pixels_of(kept, network.input_shape)), is_live=True)


def _fitted_file(network: LookInside, file: Path) -> Fitted:
    from cnn_studio.datasets.probe import glance

    pixels = network.prepare(file)
    size = glance(file)
    return Fitted(pixels, _about(network, size.width, size.height, size.colours))


def _about(network: LookInside, width: int, height: int, colours: str) -> str:
    channels, high, wide = network.input_shape
    wanted = "grey" if channels == 1 else "RGB"
    if (width, height, colours) == (wide, high, wanted):
        return ""
    was, now = f"{width:,} × {height:,} pixels, {colours}", f"{wide:,} × {high:,}, {wanted}"
    through = "; what was see-through is white" if colours.endswith("alpha") else ""
    return f"The image has {was}; the network gets {now}{through}."
