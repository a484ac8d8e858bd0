"""The maps of one layer as rows of a list: pictures worked out for what is in view, in the order that is wanted."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QImage, QPixmap
from typing_extensions import override

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.layer_look import LayerLook, Scale

_Index = QModelIndex | QPersistentModelIndex
_SIDE = 256  # pixels; larger maps are shown smaller
_TOGETHER = 16
_KEPT = 2_000


class MapModel(QAbstractListModel):
    """One row per map.

    Attributes:
        layer: whose maps; None for none.
        order: number of the map in each row, int64 [N].
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.layer: LayerLook | None = None
        self.order: np.ndarray | None = None
        self.is_sorted = True
        self._scale: Scale = "map"
        self._pictures: OrderedDict[int, QPixmap] = OrderedDict()

    def show_layer(self, layer: LayerLook | None) -> None:
        """Show the maps of a layer; none where it has no maps."""
        self.beginResetModel()
        self.layer = layer if layer is not None and layer.has_maps else None
        self._pictures.clear()
        self._arrange()
        self.endResetModel()

    def set_sorted(self, is_sorted: bool) -> None:
        """Put the strongest maps first, or leave them by number."""
        self.beginResetModel()
        self.is_sorted = is_sorted
        self._arrange()
        self.endResetModel()

    def set_scale(self, scale: Scale) -> None:
        """Choose whether black and white are those of each map or of the whole layer."""
        self._scale = scale
        self._pictures.clear()
        if self.rowCount():
            self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))

    def _arrange(self) -> None:
        if self.layer is None:
            self.order = None
            return
        import numpy as np

        self.order = self.layer.order if self.is_sorted else np.arange(len(self.layer))

    @override
    def rowCount(self, parent: _Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own default
        return 0 if parent.isValid() or self.order is None else len(self.order)

    def map_at(self, row: int) -> int:
        """Return which map a row shows."""
        assert self.order is not None
        return int(self.order[row])

    def row_of(self, number: int) -> int | None:
        """Return the row of a map."""
        if self.order is None:
            return None
        import numpy as np

        found = np.flatnonzero(self.order == number)
        return int(found[0]) if len(found) else None

    def is_dead(self, number: int) -> bool:
        """Whether every cell of a map is 0 for this image."""
        return self.layer is not None and bool(self.layer.numbers.is_dead[number])

    def strength(self, number: int) -> float:
        """Return the mean of a map's absolute values."""
        return float(self.layer.numbers.strength[number]) if self.layer is not None else 0.0

    def picture(self, row: int) -> QPixmap:
        """Return the picture of a row, and work out those beside it at the same time."""
        number = self.map_at(row)
        if number not in self._pictures:
            self._make(row - row % _TOGETHER)
        return self._pictures[number]

    def _make(self, first: int) -> None:
        assert self.layer is not None and self.order is not None
        scale: Scale = (
            "layer" if self.layer.shape[1:] == (1, 1) else self._scale
        )  # one cell has no range of its own
        found = self.layer.thumbnails(_SIDE, scale=scale, maps=self.order[first : first + _TOGETHER])
        for number, pixels in zip(found.maps.tolist(), found.pictures, strict=True):
            height, width = pixels.shape
            image = QImage(pixels.tobytes(), width, height, width, QImage.Format.Format_Grayscale8)
            self._pictures[number] = QPixmap.fromImage(image)
        while len(self._pictures) > _KEPT:
            self._pictures.popitem(last=False)

    @override
    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        wanted = (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole)
        if not index.isValid() or self.layer is None or role not in wanted:
            return None
        number, numbers = self.map_at(index.row()), self.layer.numbers
        dead = ". Dead: 0 everywhere for this image" if self.is_dead(number) else ""
        return (
            f"Map {number}: from {numbers.minimum[number]:.3g} to {numbers.maximum[number]:.3g}, mean "
            f"{numbers.mean[number]:.3g}{dead}. Click a cell to see how it comes about."
        )
