"""All layers in order of computation, each with its strongest maps as small pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Slot,
)
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPixmap
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.value_bars import paint_values

if TYPE_CHECKING:
    from cnn_studio.insight.layer_look import LayerLook, Scale

_Index = QModelIndex | QPersistentModelIndex
_SIDE = 40
_MOST = 12
_GAP = 8
_LEAST_WIDTH = 190
_WIDEST_BAR = 12


class LayerModel(QAbstractListModel):
    """One row per layer of the look."""

    def __init__(self, state: InsightState, parent: QWidget) -> None:
        super().__init__(parent)
        self._state = state
        self.ids: tuple[int, ...] = ()
        self._pictures: dict[int, list[QPixmap]] = {}

    def refresh(self) -> None:
        """Show the look of now; the rows stay where the layers do, so that nothing jumps."""
        look = self._state.look
        ids = tuple(look.layers) if look is not None else ()
        self._pictures.clear()
        if ids != self.ids:
            self.beginResetModel()
            self.ids = ids
            self.endResetModel()
        elif ids:
            self.dataChanged.emit(self.index(0), self.index(len(ids) - 1))

    @override
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() else len(self.ids)

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        look = self._state.look
        if not index.isValid() or look is None:
            return None
        layer = look.layers[self.ids[index.row()]]
        if role == Qt.ItemDataRole.DisplayRole:
            return layer.path
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return f"{layer.path}, {self.kind(index.row())}: {shape_text(layer.shape)}"
        return None

    def kind(self, row: int) -> str:
        """Return the kind of a layer, such as ``Convolution``."""
        look = self._state.look
        if look is None:
            return ""
        spec = look.network.document.layer(self.ids[row]).spec
        return spec.title if spec is not None else look.layers[self.ids[row]].type

    def layer(self, row: int) -> LayerLook | None:
        """Return what a layer gave."""
        look = self._state.look
        return look.layers[self.ids[row]] if look is not None else None

    def shape(self, row: int) -> str:
        """Return the shape of what a layer gave."""
        look = self._state.look
        return shape_text(look.layers[self.ids[row]].shape) if look is not None else ""

    def family(self, row: int) -> str:
        """Return the token of a layer's colour."""
        look = self._state.look
        spec = look.network.document.layer(self.ids[row]).spec if look is not None else None
        return spec.family.key if spec is not None else "io"

    def pictures(self, row: int) -> list[QPixmap]:
        """Return pictures of a layer's strongest maps, worked out the first time they are seen."""
        look, layer_id = self._state.look, self.ids[row]
        if layer_id not in self._pictures:
            found: list[QPixmap] = []
            layer = look.layers[layer_id] if look is not None else None
            if layer is not None and layer.has_maps:
                scale: Scale = (
                    "layer" if layer.shape[1:] == (1, 1) else "map"
                )  # one cell has no range of its own
                small = layer.thumbnails(2 * _SIDE, scale=scale, maps=layer.order[:_MOST])
                for pixels in small.pictures:
                    height, width = pixels.shape
                    image = QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
                    found.append(QPixmap.fromImage(image))
            self._pictures[layer_id] = found
        return self._pictures[layer_id]


class LayerList(QListView):
    """The view of `LayerModel`; what is chosen in it is chosen in the state, and the other way round."""

    def __init__(self, state: InsightState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.rows = LayerModel(state, self)
        self.setModel(self.rows)
        self.setItemDelegate(_Painter(self))
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMinimumWidth(theme.px(_LEAST_WIDTH))
        self.setMouseTracking(True)
        self.setAccessibleName("Layers and their strongest maps")
        self.selectionModel().currentChanged.connect(self._chosen)
        state.looked.connect(self._refresh)
        state.layer_changed.connect(self._follow)
        theme.manager().changed.connect(self.doItemsLayout)

    @Slot()
    def _refresh(self) -> None:
        self.rows.refresh()
        self.viewport().update()

    @Slot(QModelIndex)
    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self._state.choose_layer(self.rows.ids[index.row()])

    @Slot()
    def _follow(self) -> None:
        if self._state.layer in self.rows.ids:
            index = self.rows.index(self.rows.ids.index(self._state.layer))
            if index != self.currentIndex():
                self.setCurrentIndex(index)
                self.scrollTo(index)


class _Painter(QStyledItemDelegate):
    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        line = QFontMetricsF(theme.ui_font()).height()
        return QSize(theme.px(120), round(line) + theme.px(_SIDE) + 3 * theme.px(_GAP))

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        if not isinstance(model, LayerModel):
            return
        state: Any = option.state
        cell: QRect = option.rect
        row, gap = index.row(), theme.px(_GAP)
        painter.save()
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(cell, theme.qcolor("accent_ground"))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(cell, theme.qcolor("hover"))
        painter.fillRect(
            QRect(cell.left(), cell.top() + gap // 2, theme.px(4), cell.height() - gap),
            theme.qcolor(model.family(row)),
        )
        left, top = cell.left() + theme.px(12), cell.top() + gap
        strong = theme.ui_font(weight=theme.current().type.strong)
        painter.setFont(theme.mono_font())
        shape, width = model.shape(row), painter.fontMetrics().horizontalAdvance(model.shape(row))
        line = painter.fontMetrics().height()
        painter.setPen(theme.qcolor("muted"))
        right = cell.right() - gap
        painter.drawText(QRectF(right - width, top, width + 1, line), Qt.AlignmentFlag.AlignRight, shape)
        painter.setFont(strong)
        painter.setPen(theme.qcolor("text"))
        room = right - width - gap - left
        name = painter.fontMetrics().elidedText(str(index.data()), Qt.TextElideMode.ElideMiddle, room)
        painter.drawText(QRectF(left, top, room, line), Qt.AlignmentFlag.AlignLeft, name)
        self._paint_maps(
            painter, model, row, QRect(left, top + round(line) + gap, right - left, theme.px(_SIDE))
        )
        painter.restore()

    def _paint_maps(self, painter: QPainter, model: LayerModel, row: int, room: QRect) -> None:
        pictures = model.pictures(row)
        side, left = room.height(), room.left()
        if not pictures:
            layer = model.layer(row)
            if layer is not None:
                paint_values(painter, QRectF(room), layer.values.reshape(-1), theme.px(_WIDEST_BAR))
        for picture in pictures:
            shown = picture.size().scaled(QSize(side, side), Qt.AspectRatioMode.KeepAspectRatio)
            if left + shown.width() > room.right():
                break
            place = QRect(left, room.top() + (side - shown.height()) // 2, shown.width(), shown.height())
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > shown.width())
            painter.drawPixmap(place, picture)
            left += side + theme.px(4)
