"""Pictures of cards, so that moving the canvas copies pixels instead of painting text and curves again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import NamedTuple, TypeVar
from weakref import ref

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPixmap, QTransform
from PySide6.QtWidgets import QGraphicsItem

from cnn_studio.ui import theme

_BUDGET = 48 * 2**20  # bytes of all pictures together
_ROUGH = 2.2  # while zooming, a picture that is this many times too large or too small will do

K = TypeVar("K", bound=Hashable)


class _Picture(NamedTuple):
    owner: ref[QGraphicsItem]
    key: tuple[object, ...]
    scale: float
    pixmap: QPixmap
    size: int


class PictureStore:
    """The last picture of each item, the least used ones dropped.

    Attributes:
        is_rough: pictures of about the wanted size will do, because the next frame wants another size again.
    """

    def __init__(self) -> None:
        self.is_rough = False
        self._pictures: OrderedDict[int, _Picture] = OrderedDict()
        self._bytes = 0

    def draw(
        self, painter: QPainter, item: QGraphicsItem, key: K, paint: Callable[[QPainter, K, float], None]
    ) -> None:
        """Draw an item about the origin of its painter, from its picture if there is one that fits.

        Args:
            painter: in the item's coordinates.
            item: the item, which has one picture at a time.
            key: all that the picture depends on, besides theme and scale.
            paint: paints it, given a painter in the item's coordinates, the key, and the zoom.
        """
        transform = painter.worldTransform()
        scale = transform.m11() * painter.device().devicePixelRatioF()
        whole = (key, theme.current().name)
        found = self._pictures.get(id(item))
        if found is not None and (found.owner() is not item or found.key != whole):
            found = None
        if found is not None and not self._fits(found.scale, scale):
            found = None
        area = item.boundingRect()
        if found is None:
            found = self._make(item, whole, area, scale, painter.device().devicePixelRatioF(), key, paint)
        else:
            self._pictures.move_to_end(id(item))
        painter.save()
        if found.scale == scale:
            corner = transform.map(area.topLeft())
            painter.resetTransform()
            # whole pixels keep the text sharp
            painter.drawPixmap(QPointF(round(corner.x()), round(corner.y())), found.pixmap)
        else:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            size = QRectF(found.pixmap.rect())
            target = QRectF(area.topLeft(), size.size() / found.scale)
            painter.drawPixmap(target, found.pixmap, size)
        painter.restore()

    def _fits(self, scale: float, wanted: float) -> bool:
        if self.is_rough:
            return wanted / _ROUGH <= scale <= wanted * _ROUGH
        return scale == wanted

    def _make(
        self,
        item: QGraphicsItem,
        whole: tuple[object, ...],
        area: QRectF,
        scale: float,
        ratio: float,
        key: K,
        paint: Callable[[QPainter, K, float], None],
    ) -> _Picture:
        pixmap = QPixmap(int(area.width() * scale) + 2, int(area.height() * scale) + 2)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        painter.setTransform(QTransform.fromScale(scale, scale).translate(-area.left(), -area.top()))
        paint(painter, key, scale / ratio / theme.scale())
        painter.end()
        pixmap.setDevicePixelRatio(ratio)
        made = _Picture(ref(item), whole, scale, pixmap, pixmap.width() * pixmap.height() * 4)
        before = self._pictures.pop(id(item), None)
        self._bytes += made.size - (before.size if before is not None else 0)
        self._pictures[id(item)] = made
        while self._bytes > _BUDGET and len(self._pictures) > 1:
            self._bytes -= self._pictures.popitem(last=False)[1].size
        return made
