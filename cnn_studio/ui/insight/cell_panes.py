"""One map in its place on the stage, and how vectors are laid out as maps."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QImage

from cnn_studio.insight.windows import Box
from cnn_studio.ui.insight.cell_paint import limit_of, picture
from cnn_studio.ui.insight.cell_slides import Frame

if TYPE_CHECKING:
    from cnn_studio.insight.layer_look import LayerLook
    from cnn_studio.insight.regions import Cell

_IN_ONE_ROW = 12


@dataclass(frozen=True)
class Pane:
    """A map in its place.

    Attributes:
        name: written above.
        note: written below.
        image: a pixel per cell.
        box: where the map lies, its padding apart.
        frame: the padding around it.
    """

    name: str
    note: str
    image: QImage
    box: QRectF
    frame: Frame

    @property
    def scale(self) -> tuple[float, float]:
        """Width and height of a cell in pixels."""
        return self.box.width() / self.image.width(), self.box.height() / self.image.height()

    def rect(self, box: Box) -> QRectF:
        """Return where a rectangle of cells lies."""
        wide, high = self.scale
        return QRectF(
            self.box.left() + box.left * wide,
            self.box.top() + box.top * high,
            box.width * wide,
            box.height * high,
        )

    @property
    def padding(self) -> list[QRectF]:
        """The four strips around the map; those that are there."""
        wide, high = self.scale
        top, left, bottom, right = self.frame
        outer = self.box.adjusted(-left * wide, -top * high, right * wide, bottom * high)
        strips = (
            QRectF(outer.left(), outer.top(), outer.width(), top * high),
            QRectF(outer.left(), self.box.bottom(), outer.width(), bottom * high),
            QRectF(outer.left(), self.box.top(), left * wide, self.box.height()),
            QRectF(self.box.right(), self.box.top(), right * wide, self.box.height()),
        )
        return [strip for strip in strips if strip.width() > 0 and strip.height() > 0]

    def at(self, place: QPointF) -> tuple[int, int] | None:
        """Return the row and column under a place."""
        wide, high = self.scale
        row, column = int((place.y() - self.box.top()) // high), int((place.x() - self.box.left()) // wide)
        inside = 0 <= row < self.image.height() and 0 <= column < self.image.width()
        return (row, column) if inside else None


def map_picture(layer: LayerLook, channel: int) -> QImage:
    """Return one map of a layer, or its vector, as an image with a pixel per cell."""
    values = layer.values[channel] if layer.has_maps else _wrapped(layer.values)
    return picture(values, limit_of(values))


def _wrapped(values: np.ndarray) -> np.ndarray:
    """Return a vector in rows; what the last one lacks is 0."""
    columns = columns_of(len(values))
    return np.pad(values, (0, -len(values) % columns)).reshape(-1, columns)


def columns_of(count: int) -> int:
    """Return into how many columns a vector is wrapped."""
    return count if count <= _IN_ONE_ROW else math.ceil(math.sqrt(count))


def cell_box(cell: Cell, columns: int) -> Box:
    """Return a cell as a rectangle; elements of a vector lie in rows of so many columns."""
    row, column = cell[1:] if len(cell) == 3 else divmod(cell[0], columns)
    return Box(row, column, row + 1, column + 1)
