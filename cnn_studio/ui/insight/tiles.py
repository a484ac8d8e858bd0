"""Small pictures in rows: filters, each of one picture or a strip of them, and images with a frame in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen, QResizeEvent
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.cell_view import CellView

_Index = QModelIndex | QPersistentModelIndex
CaptionPlace = Literal["below", "left"]

_MARGIN, _GAP = 4, 2
_LEAST_FRAME = 8
_LETTERS = 5  # of a caption at the left


@dataclass(frozen=True)
class Tile:
    """What one place of a `TileView` shows.

    Attributes:
        pictures: side by side.
        caption: one line.
        says: the same for tool tips and screen readers, in full.
        frame: a rectangle in the first picture, in parts of its sides; None for none.
    """

    pictures: tuple[QImage, ...]
    caption: str
    says: str
    frame: QRectF | None = None


class TileModel(QAbstractListModel):
    """Tiles that are made when they come into view."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._count = 0
        self._make: Callable[[int], Tile] | None = None

    def set_tiles(self, count: int, make: Callable[[int], Tile] | None) -> None:
        """Show others; where there are as many as before, views keep their place."""
        if count == self._count and count:
            self._make = make
            self.dataChanged.emit(self.index(0), self.index(count - 1))
            return
        self.beginResetModel()
        self._count, self._make = count, make
        self.endResetModel()

    @override
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else self._count

    def tile(self, row: int) -> Tile:
        """Return what a place shows.

        Raises:
            IndexError: there is no such place.
        """
        if self._make is None or not 0 <= row < self._count:
            raise IndexError(row)
        return self._make(row)

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        wanted = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        return self.tile(index.row()).says if index.isValid() and role in wanted else None


class _Painter(QStyledItemDelegate):
    def __init__(self, view: TileView) -> None:
        super().__init__(view)
        self._view = view

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        view = self._view
        tile = view.tiles.tile(index.row())
        state: QStyle.StateFlag = option.state
        room = QRect(option.rect).adjusted(1, 1, -1, -1)
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(room, theme.qcolor("accent_ground"))
            painter.setPen(QPen(theme.qcolor("accent"), theme.px(2) if view.hasFocus() else 1))
            painter.drawRect(room.adjusted(0, 0, -1, -1))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(room, theme.qcolor("hover"))
        margin, gap, side = theme.px(_MARGIN), theme.px(_GAP), view.side
        left, top = room.left() + margin, room.top() + margin
        if view.caption_place == "left":
            self._write(painter, tile, QRectF(left, top, view.caption_width, side))
            left += view.caption_width + gap
        else:
            left += max(0, (room.width() - 2 * margin - side) // 2)
            line = QRectF(room.left() + 2, top + side + gap, room.width() - 4, view.line)
            self._write(painter, tile, line)
        for at, picture in enumerate(tile.pictures):
            self._draw(painter, picture, QRect(left + at * (side + gap), top, side, side), tile.frame)
        painter.restore()

    def _write(self, painter: QPainter, tile: Tile, room: QRectF) -> None:
        font = theme.ui_font(theme.current().type.small)
        painter.setFont(font)
        painter.setPen(theme.qcolor("muted"))
        text = QFontMetricsF(font).elidedText(tile.caption, Qt.TextElideMode.ElideRight, room.width())
        side = (
            Qt.AlignmentFlag.AlignRight
            if self._view.caption_place == "left"
            else Qt.AlignmentFlag.AlignHCenter
        )
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, text)

    def _draw(self, painter: QPainter, picture: QImage, room: QRect, frame: QRectF | None) -> None:
        size = picture.size().scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(0, 0, size.width(), size.height())
        place.moveCenter(room.center())
        is_large = max(picture.width(), picture.height()) > max(room.width(), room.height())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, is_large)
        painter.drawImage(place, picture)
        if frame is None:
            return
        inner = QRectF(
            place.left() + frame.left() * place.width(),
            place.top() + frame.top() * place.height(),
            frame.width() * place.width(),
            frame.height() * place.height(),
        ).adjusted(0.5, 0.5, -0.5, -0.5)
        missing = [
            max(0.0, theme.px(_LEAST_FRAME) - length) / 2 for length in (inner.width(), inner.height())
        ]
        inner.adjust(
            -missing[0], -missing[1], missing[0], missing[1]
        )  # three pixels of 224 could not be seen
        for color, width in (("#000000", theme.px(3)), ("#ffffff", theme.px(1))):  # seen on any image
            painter.setPen(QPen(theme.qcolor(color), width))
            painter.drawRect(inner)


class TileView(CellView):
    """Tiles in rows; with captions at the left, one tile in each row.

    Attributes:
        resized: it is wider or narrower.
        tiles: the model.
        side: of a picture, in pixels.
        caption_place: where captions stand.
    """

    resized = Signal()

    def __init__(self, name: str, side: int, parent: QWidget | None = None) -> None:
        """Make an empty view.

        Args:
            name: what assistive programs call it.
            side: of a picture, at 100 % and 9.5 pt.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._side_wanted = side
        self.caption_place: CaptionPlace = "below"
        self.tiles = TileModel(self)
        self.setModel(self.tiles)
        self.setItemDelegate(_Painter(self))
        self.setAccessibleName(name)
        self.setFrameShape(CellView.Shape.NoFrame)
        self.set_shape(side, "below")
        theme.manager().changed.connect(self._restyle)

    def set_shape(self, side: int, caption_place: CaptionPlace) -> None:
        """Set the size of pictures, at 100 % and 9.5 pt, and where captions stand."""
        self._side_wanted, self.caption_place = side, caption_place
        self._restyle()

    def _restyle(self) -> None:
        metrics = QFontMetricsF(theme.ui_font(theme.current().type.small))
        self.side = theme.px(self._side_wanted)
        self.line = round(metrics.height())
        self.caption_width = round(metrics.averageCharWidth() * _LETTERS)
        around = 2 * theme.px(_MARGIN) + 2
        if self.caption_place == "left":
            self.set_cell_size(QSize(self.viewport().width(), self.side + around))
        else:
            letters = round(metrics.averageCharWidth() * 10)
            self.set_cell_size(
                QSize(max(self.side, letters) + around, self.side + theme.px(_GAP) + self.line + around)
            )

    @property
    def cell_height(self) -> int:
        """Height of a row."""
        return self._cell.height()

    @property
    def strip(self) -> int:
        """How many pictures fit beside each other in a row with its caption at the left."""
        gap = theme.px(_GAP)
        room = self.viewport().width() - 2 * theme.px(_MARGIN) - 2 - self.caption_width - gap
        return max(1, (room + gap) // (self.side + gap))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.caption_place == "left":
            self._restyle()
        self.resized.emit()
