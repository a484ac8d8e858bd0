"""The stage: the image with what the cell sees, the map below with the window on it, and the cell in its own map."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QFontMetricsF,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.graph.spec import shape_text
from cnn_studio.insight.pictures import as_rgb
from cnn_studio.insight.windows import Box
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import Sketch
from cnn_studio.ui.insight.cell_paint import rgb_image
from cnn_studio.ui.insight.cell_panes import Pane, cell_box, map_picture
from cnn_studio.ui.insight.cell_slides import Frame, Slides

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look
    from cnn_studio.insight.regions import Cell

_GAP = 28
_LEAST_RING = 5
_HIGHEST = 230
_ARROWS = {
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
}


class Stage(QWidget):
    """Shows a layer's cell between the image and its map.

    Attributes:
        picked: a cell of the layer was clicked.
        moved: an arrow key was pressed: rows and columns to go.
        toggled: the space bar was pressed.
    """

    picked = Signal(object)
    moved = Signal(int, int)
    toggled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._look: Look | None = None
        self._slides: Slides | None = None
        self._source: tuple[int, int] | None = None
        self._cell: Cell | None = None
        self._window: Box | None = None
        self._seen: Box | None = None
        self._images: dict[str, tuple[object, QImage]] = {}
        self._panes: dict[str, Pane] | None = None
        self._still: QPixmap | None = None
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Where the cell looks")
        self.setToolTip("Click a cell of the map at the right. The arrow keys move it; the space bar plays.")
        theme.manager().changed.connect(self._restyle)

    def show_layer(self, look: Look | None, slides: Slides | None) -> None:
        """Show another layer, no cell of it chosen yet."""
        self._look, self._slides = look, slides
        self._source = self._cell = self._window = self._seen = None
        self._renew()

    def show_source(self, source: tuple[int, int] | None) -> None:
        """Show a map of the layer below: its layer's id, and its number."""
        if source != self._source:
            self._source = source
            self._renew()

    def show_cell(self, cell: Cell | None, window: Box | None, seen: Box | None) -> None:
        """Show a cell.

        Args:
            cell: of the layer.
            window: where its window lies on the map below.
            seen: what it sees of the image.
        """
        is_other_map = cell is not None and self._cell is not None and cell[0] != self._cell[0]
        self._cell, self._window, self._seen = cell, window, seen
        self.setAccessibleDescription("" if cell is None else f"Cell {cell}, window {window}, sees {seen}")
        if is_other_map or self._cell is None or len(self._cell) != 3:
            self._forget()
        self.update()

    def _forget(self) -> None:
        self._panes = self._still = None

    def _renew(self) -> None:
        self._forget()
        self.update()

    def _restyle(self) -> None:
        self._images.clear()
        self._renew()
        self.updateGeometry()

    # ------------------------------------------------------------------------------------------------------- the panes

    @property
    def panes(self) -> dict[str, Pane]:
        """The maps in their places: ``image``, ``below`` and ``own``, as many as there are."""
        if self._panes is None:
            self._panes = self._made()
        return self._panes

    @property
    def window_box(self) -> Box | None:
        """Where the window lies, in cells of the map below."""
        return self._window

    @property
    def window_rect(self) -> QRectF | None:
        """Where the window is painted on the map below."""
        below = self.panes.get("below")
        return None if below is None or self._window is None else below.rect(self._window)

    @property
    def lit_rect(self) -> QRectF | None:
        """Where the cell is painted in its map."""
        own = self.panes.get("own")
        if own is None or self._cell is None:
            return None
        return own.rect(cell_box(self._cell, own.image.width()))

    @property
    def never_rects(self) -> list[QRectF]:
        """Where the rows and columns are painted that no window reaches."""
        below = self.panes.get("below")
        if below is None or self._slides is None:
            return []
        height, width = below.image.height(), below.image.width()
        rows = [below.rect(Box(row, 0, row + 1, width)) for row in self._slides.never.rows]
        return rows + [below.rect(Box(0, at, height, at + 1)) for at in self._slides.never.columns]

    def _made(self) -> dict[str, Pane]:
        look, slides = self._look, self._slides
        if look is None or slides is None:
            return {}
        own = look.layers[slides.layer_id]
        channel = self._cell[0] if self._cell is not None and len(self._cell) == 3 else 0
        found = {
            "image": (
                "the image",
                shape_text(look.image.shape),
                self._kept("image", id(look), lambda: rgb_image(as_rgb(look.image))),
                Frame(),
            )
        }
        if self._source is not None:
            layer, at = look.layers[self._source[0]], self._source[1]
            image = self._kept("below", (id(look), self._source), lambda: map_picture(layer, at))
            name = f"{layer.path}, map {at}" if layer.has_maps else layer.path
            found["below"] = (name, shape_text(layer.shape), image, slides.frame)
        image = self._kept("own", (id(look), slides.layer_id, channel), lambda: map_picture(own, channel))
        name = f"{own.path}, map {channel}" if own.has_maps else own.path
        found["own"] = (name, shape_text(own.shape), image, Frame())
        return self._placed(found)

    def _kept(self, name: str, key: object, make: Callable[[], QImage]) -> QImage:
        old = self._images.get(name)
        if old is None or old[0] != key:
            old = self._images[name] = (key, make())
        return old[1]

    def _placed(self, found: dict[str, tuple[str, str, QImage, Frame]]) -> dict[str, Pane]:
        line = QFontMetricsF(theme.ui_font(theme.current().type.caption)).height()
        gap = theme.px(_GAP)
        wide = (self.width() - gap * (len(found) - 1) - theme.px(8)) / len(found)
        high = self.height() - 2 * line - theme.px(8)
        panes, left = {}, float(theme.px(4))
        for key, (name, note, image, frame) in found.items():
            columns = image.width() + frame.left + frame.right
            rows = image.height() + frame.top + frame.bottom
            side = max(0.5, min(wide / columns, high / rows, theme.px(44)))
            tall = side if image.height() > 1 else max(side, theme.px(16.0))
            x = left + (wide - columns * side) / 2 + frame.left * side
            y = line + theme.px(4) + (high - rows * tall) / 2 + frame.top * tall
            box = QRectF(x, y, image.width() * side, image.height() * tall)
            panes[key] = Pane(name, note, image, box, frame)
            left += wide + gap
        return panes

    # -------------------------------------------------------------------------------------------------------- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        sketch = Sketch(painter, QRectF(self.rect()), "convolution")
        painter.drawPixmap(0, 0, self._what_stands_still())
        self._paint_marks(sketch)
        if self.hasFocus():
            radius = theme.px(theme.current().space.radius_small)
            ring = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
            sketch.outline(ring, theme.qcolor("accent"), 1, radius=radius)
        painter.end()

    def _what_stands_still(self) -> QPixmap:
        """Return the maps without their marks, painted once for many positions."""
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still.devicePixelRatio() != ratio:
            self._still = QPixmap(self.size() * ratio)
            self._still.setDevicePixelRatio(ratio)
            self._still.fill(Qt.GlobalColor.transparent)
            painter = QPainter(self._still)
            sketch = Sketch(painter, QRectF(self.rect()), "convolution")
            for key, pane in self.panes.items():
                self._paint_pane(sketch, key, pane)
            painter.end()
        return self._still

    def _paint_pane(self, sketch: Sketch, key: str, pane: Pane) -> None:
        painter = sketch.painter
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, pane.scale[0] < 1)
        painter.drawImage(pane.box, pane.image)
        sketch.hatch(pane.padding, "muted")
        if key == "below":
            for rect in self.never_rects:
                painter.fillRect(rect, theme.qcolor("card", 0.7))
            sketch.hatch(self.never_rects, "warning")
        sketch.outline(pane.box, sketch.edge, 1)
        line = sketch.line_height
        room = self.width() / len(self.panes)
        middle = list(self.panes).index(key) * room + room / 2
        above = QRectF(middle - room / 2 + 2, 0, room - 4, line)
        sketch.text(above, pane.name, color="text", strong=True)
        sketch.text(QRectF(above.left(), self.height() - line, above.width(), line), pane.note, mono=True)

    def _paint_marks(self, sketch: Sketch) -> None:
        panes, lit, window = self.panes, self.lit_rect, self.window_rect
        image = panes.get("image")
        seen = image.rect(self._seen) if image is not None and self._seen is not None else None
        chain = (seen, window, lit) if "below" in panes else (seen, lit)
        accent = theme.qcolor("accent", 0.65)
        for one, other in itertools.pairwise(chain):
            if one is not None and other is not None:
                left, right = _ring(one), _ring(other)
                pairs = [(left.topRight(), right.topLeft()), (left.bottomRight(), right.bottomLeft())]
                sketch.lines(pairs, accent, 1.2)
        rings = [_ring(rect) for rect in chain if rect is not None]
        for ring in rings:
            sketch.outline(ring, theme.qcolor("card"), theme.px(4))
            sketch.outline(ring, theme.qcolor("accent"), theme.px(2))

    # ----------------------------------------------------------------------------------------------------------- mouse

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pick(event.position())

    @override
    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._pick(event.position())

    def _pick(self, place: QPointF) -> None:
        own, slides = self.panes.get("own"), self._slides
        at = own.at(place) if own is not None else None
        if own is None or at is None or slides is None:
            return
        channel = self._cell[0] if self._cell is not None and len(self._cell) == 3 else 0
        if len(slides.shape) == 3:
            self.picked.emit((channel, *at))
        elif (number := at[0] * own.image.width() + at[1]) < slides.shape[0]:
            self.picked.emit((number,))

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in _ARROWS:
            self.moved.emit(*_ARROWS[Qt.Key(event.key())])
        elif event.key() == Qt.Key.Key_Space:
            self.toggled.emit()
        else:
            super().keyPressEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        self._forget()

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        lines = 2 * QFontMetricsF(theme.ui_font(theme.current().type.caption)).height() + theme.px(8)
        return round(min(theme.px(_HIGHEST), (width - 2 * theme.px(_GAP)) / 3 + lines))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(640), theme.px(_HIGHEST))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(100))


def _ring(rect: QRectF) -> QRectF:
    """Return a rectangle that is large enough to be seen."""
    least = theme.px(_LEAST_RING)
    more_x, more_y = max(0.0, least - rect.width()) / 2, max(0.0, least - rect.height()) / 2
    return rect.adjusted(-more_x, -more_y, more_x, more_y)
