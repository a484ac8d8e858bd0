"""All maps of a layer beside each other; a click chooses a cell of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QAbstractItemView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.insight.map_model import MapModel
from cnn_studio.ui.widgets.cell_view import CellView

if TYPE_CHECKING:
    from cnn_studio.insight.regions import Cell

_Index = QModelIndex | QPersistentModelIndex
_GAP = 6


class MapGrid(CellView):
    """The view of `MapModel`.

    Attributes:
        cell_chosen: emitted with (map, row, column).
    """

    cell_chosen = Signal(tuple)

    def __init__(self, model: MapModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.maps = model
        self.side = 96
        self.cell: Cell | None = None
        self.setModel(model)
        self.setItemDelegate(_Painter(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setAccessibleName("Feature maps")
        self._resize()
        theme.manager().changed.connect(self._resize)

    def set_side(self, side: int) -> None:
        """Show the maps so many pixels wide, at 100 %."""
        self.side = side
        self._resize()

    def _resize(self) -> None:
        line = QFontMetricsF(theme.ui_font(theme.current().type.small)).height()
        side = theme.px(self.side)
        self.set_cell_size(QSize(side + 2 * theme.px(_GAP), side + 2 * theme.px(_GAP) + round(line)))

    def mark(self, cell: Cell | None) -> None:
        """Mark the chosen cell."""
        self.cell = cell
        self.viewport().update()

    def picture_place(self, cell: QRect) -> QRect:
        """Return where the picture stands in a cell of the grid."""
        side, gap = theme.px(self.side), theme.px(_GAP)
        room = QRect(cell.left() + gap, cell.top() + gap, side, side)
        layer = self.maps.layer
        if layer is None:
            return room
        shown = QSize(layer.shape[2], layer.shape[1]).scaled(room.size(), Qt.AspectRatioMode.KeepAspectRatio)
        place = QRect(QPoint(0, 0), shown)
        place.moveCenter(room.center())
        return place

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        super().mousePressEvent(event)
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and event.button() == Qt.MouseButton.LeftButton:
            self._choose(index, event.position().toPoint())

    def _choose(self, index: QModelIndex, point: QPoint) -> None:
        layer, place = self.maps.layer, self.picture_place(self.visualRect(index))
        if layer is None or not place.contains(point):
            return
        _, height, width = layer.shape
        row = min(height - 1, (point.y() - place.top()) * height // place.height())
        column = min(width - 1, (point.x() - place.left()) * width // place.width())
        self.cell_chosen.emit((self.maps.map_at(index.row()), row, column))


class _Painter(QStyledItemDelegate):
    def __init__(self, grid: MapGrid) -> None:
        super().__init__(grid)
        self._grid = grid

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        grid, model = self._grid, self._grid.maps
        if model.layer is None:
            return
        state: Any = option.state
        cell: QRect = option.rect
        number = model.map_at(index.row())
        place = grid.picture_place(cell)
        painter.save()
        if state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(cell, theme.qcolor("hover"))
        picture = model.picture(index.row())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > place.width())
        painter.drawPixmap(place, picture)
        is_dead = model.is_dead(number)
        painter.setPen(QPen(theme.qcolor("warning" if is_dead else "line"), 1))
        painter.drawRect(QRectF(place).adjusted(-0.5, -0.5, 0.5, 0.5))
        if grid.cell is not None and grid.cell[0] == number and len(grid.cell) == 3:
            self._mark(painter, place, grid.cell, model.layer.shape)
        font = theme.ui_font(theme.current().type.small)
        painter.setFont(font)
        painter.setPen(theme.qcolor("warning" if is_dead else "muted"))
        text = f"{number} dead" if is_dead else f"{number} · {model.strength(number):.2g}"
        line = QRectF(
            cell.left(),
            cell.bottom() - painter.fontMetrics().height(),
            cell.width(),
            painter.fontMetrics().height(),
        )
        painter.drawText(line, Qt.AlignmentFlag.AlignCenter, text)
        painter.restore()

    def _mark(self, painter: QPainter, place: QRect, cell: Cell, shape: tuple[int, ...]) -> None:
        wide, high = place.width() / shape[2], place.height() / shape[1]
        box = QRectF(place.left() + cell[2] * wide, place.top() + cell[1] * high, wide, high)
        least = float(theme.px(6))
        if box.width() < least or box.height() < least:
            middle = box.center()
            box = QRectF(0, 0, max(least, box.width()), max(least, box.height()))
            box.moveCenter(middle)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.qcolor("accent"), theme.px(2)))
        painter.drawRect(box)
