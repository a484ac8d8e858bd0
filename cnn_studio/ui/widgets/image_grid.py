"""A grid of images with their true and predicted class; only what is in view is painted."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.cell_view import CellView

if TYPE_CHECKING:
    import numpy as np

_Index = QModelIndex | QPersistentModelIndex
_PICTURE = 56
_CELL = 92
_CACHED = 1000


class Samples(QAbstractListModel):
    """Images with what is known of them; rows are the images that a filter lets through.

    Attributes:
        images: uint8 of shape [N, C, H, W], C 1 or 3.
        labels: true class per image, shape [N].
        predictions, confidences: of shape [N], or None before the first epoch.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.images: np.ndarray | None = None
        self.labels: np.ndarray | None = None
        self.predictions: np.ndarray | None = None
        self.confidences: np.ndarray | None = None
        self.classes: tuple[str, ...] = ()
        self._rows: np.ndarray | None = None
        self._pixmaps: OrderedDict[int, QPixmap] = OrderedDict()

    def set_images(self, images: np.ndarray, labels: np.ndarray, classes: tuple[str, ...]) -> None:
        """Show other images; what was predicted is forgotten."""
        self.beginResetModel()
        self.images, self.labels, self.classes = images, labels, classes
        self.predictions = self.confidences = self._rows = None
        self._pixmaps.clear()
        self.endResetModel()

    def set_rows(self, rows: np.ndarray | None) -> None:
        """Show only the images of these indices, in this order; None shows all.

        Where all were shown before, views keep their place and only paint anew.
        """
        if rows is None and self._rows is None:
            if self.rowCount():
                self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return
        self.beginResetModel()
        self._rows = rows
        self.endResetModel()

    @override
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        if parent.isValid() or self.images is None:
            return 0
        return len(self.images) if self._rows is None else len(self._rows)

    def image_at(self, row: int) -> int:
        """Return which image a row shows."""
        return row if self._rows is None else int(self._rows[row])

    def is_wrong(self, image: int) -> bool | None:
        """Return whether an image's prediction is wrong; None before there is one."""
        if self.predictions is None or self.labels is None:
            return None
        return bool(self.predictions[image] != self.labels[image])

    def class_name(self, index: int) -> str:
        """Return the name of a class, or its number where it has none."""
        return self.classes[index] if 0 <= index < len(self.classes) else str(index)

    def caption(self, image: int) -> str:
        """Return the sentence about an image that tool tips and screen readers give."""
        if self.labels is None:
            return ""
        true = self.class_name(int(self.labels[image]))
        if self.predictions is None or self.confidences is None:
            return f"Image {image + 1:,}: {true}"
        guess = self.class_name(int(self.predictions[image]))
        sure = f"{100 * float(self.confidences[image]):.0f} % sure"
        if self.is_wrong(image):
            return f"Image {image + 1:,}: wrong, it is {true}, the network says {guess} ({sure})"
        return f"Image {image + 1:,}: right, {true} ({sure})"

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        wanted = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if index.isValid() and role in wanted:
            return self.caption(self.image_at(index.row()))
        return None

    def pixmap(self, image: int) -> QPixmap:
        """Return an image in its own size; the last thousand are kept."""
        found = self._pixmaps.get(image)
        if found is None:
            found = self._pixmaps[image] = QPixmap.fromImage(self._picture(image))
            if len(self._pixmaps) > _CACHED:
                self._pixmaps.popitem(last=False)
        else:
            self._pixmaps.move_to_end(image)
        return found

    def _picture(self, image: int) -> QImage:
        import numpy as np

        if self.images is None:
            return QImage()
        planes = self.images[image]
        depth, height, width = planes.shape
        if depth == 1:
            data = np.ascontiguousarray(planes[0])
            return QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
        data = np.ascontiguousarray(planes[:3].transpose(1, 2, 0))
        return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class _Painter(QStyledItemDelegate):
    """Paints one cell: the image, a sign and the classes under it; a wrong one has a frame as well."""

    @override
    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        return cell_size()

    @override
    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        model = index.model()
        if not isinstance(model, Samples) or model.images is None or model.labels is None:
            return
        image = model.image_at(index.row())
        wrong = model.is_wrong(image)
        state: Any = option.state
        cell: QRect = option.rect
        size = theme.px(_PICTURE)
        picture = QRect(cell.left() + (cell.width() - size) // 2, cell.top() + theme.px(6), size, size)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if state & QStyle.StateFlag.State_Selected or state & QStyle.StateFlag.State_MouseOver:
            painter.setPen(Qt.PenStyle.NoPen)
            selected = bool(state & QStyle.StateFlag.State_Selected)
            painter.setBrush(theme.qcolor("accent_ground" if selected else "hover"))
            radius = theme.px(theme.current().space.radius)
            painter.drawRoundedRect(QRectF(cell).adjusted(2, 2, -2, -2), radius, radius)
        self._paint_picture(painter, model.pixmap(image), picture)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = theme.px(2) if wrong else 1
        painter.setPen(QPen(theme.qcolor("error" if wrong else "line"), width))
        painter.drawRect(QRectF(picture).adjusted(-width / 2, -width / 2, width / 2, width / 2))
        self._paint_text(painter, model, image, wrong, cell, picture.bottom() + theme.px(4))
        painter.restore()

    def _paint_picture(self, painter: QPainter, pixmap: QPixmap, place: QRect) -> None:
        """Small images keep their pixels, large ones are smoothed; the shape is kept."""
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pixmap.width() > place.width())
        shown = pixmap.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, shown.width(), shown.height())
        target.moveCenter(place.center())
        painter.drawPixmap(target, pixmap)

    def _paint_text(
        self, painter: QPainter, model: Samples, image: int, wrong: bool | None, cell: QRect, top: int
    ) -> None:
        if model.labels is None:
            return
        tokens = theme.current()
        true = model.class_name(int(model.labels[image]))
        lines = [(true, "muted", tokens.type.regular)]
        if model.predictions is not None and model.confidences is not None:
            guess = model.class_name(int(model.predictions[image]))
            sure = f"{100 * float(model.confidences[image]):.0f} %"
            if wrong:
                lines = [
                    (f"✗ {true} → {guess}", "error", tokens.type.strong),
                    (sure, "muted", tokens.type.regular),
                ]
            else:
                lines = [(f"✓ {true}", "text", tokens.type.regular), (sure, "muted", tokens.type.regular)]
        for text, color, weight in lines:
            font = theme.ui_font(tokens.type.small, weight)
            metrics = QFontMetricsF(font)
            line = QRectF(cell.left() + 2, top, cell.width() - 4, metrics.height())
            painter.setFont(font)
            painter.setPen(theme.qcolor(color))
            shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, line.width())
            painter.drawText(line, Qt.AlignmentFlag.AlignCenter, shown)
            top += round(metrics.height())


def cell_size() -> QSize:
    """Return the size of a cell in pixels of now."""
    line = QFontMetricsF(theme.ui_font(theme.current().type.small)).height()
    return QSize(theme.px(_CELL), theme.px(_PICTURE + 6 + 4 + 6) + 2 * round(line))


class ImageGrid(CellView):
    """The view of `Samples`: as many columns as fit, arrows walk, tool tips say it in words."""

    def __init__(self, model: Samples, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setItemDelegate(_Painter(self))
        self.setAccessibleName("Validation images")
        self._resize_cells()
        theme.manager().changed.connect(self._resize_cells)

    def _resize_cells(self) -> None:
        self.set_cell_size(cell_size())
