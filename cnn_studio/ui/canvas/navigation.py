"""A view that is moved and zoomed like a map: dots on the ground, zoom at the cursor, smooth centring."""

from __future__ import annotations

import math

from PySide6.QtCore import (
    QEasingCurve,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    QVariantAnimation,
    Signal,
    Slot,
)
from PySide6.QtGui import QBrush, QHideEvent, QPainter, QPixmap, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QFrame, QGraphicsScene, QGraphicsView, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.card import PICTURES
from cnn_studio.ui.canvas.geometry import Box

MIN_ZOOM, MAX_ZOOM = 0.05, 4.0
ANIMATION_MS = 130

_WHEEL_STEP = 1.0015  # per eighth of a degree; a notch of 120 is about 20 %
_MARGIN = 40.0
_SETTLE_MS = 140  # after the last step of zooming, cards are painted sharp again
_FIRST_ZOOM = 0.7
_PAGE = 0.8  # of the view's height
_CLOSE = 1.5  # how large a single card is shown


class MapView(QGraphicsView):
    """A graphics view without scroll bars, moved by hand.

    Attributes:
        animated: whether `glide_to` takes its time.
        moved: emitted after another part of the scene came into view, or another zoom.
    """

    moved = Signal()

    def __init__(self, scene: QGraphicsScene, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self.animated = True
        self._zoom = 1.0
        self._fitted: float | None = None  # least zoom of the last fit, until something else moves the view
        self._ground = QPixmap()
        self._ground_key: tuple[object, ...] = ()
        self._settling = QTimer(self)
        self._settling.setSingleShot(True)
        self._settling.setInterval(_SETTLE_MS)
        self._settling.timeout.connect(self._settle)
        self._glide = QVariantAnimation(self)
        self._glide.setDuration(ANIMATION_MS)
        self._glide.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._glide.valueChanged.connect(self._glide_step)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.TextAntialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.set_zoom(1.0)

    # ----------------------------------------------------------------------------------------------------- zooming

    @property
    def zoom(self) -> float:
        """Size of the cards relative to 100 %, whatever the size of the interface font."""
        return self._zoom

    def set_zoom(self, zoom: float, at: QPointF | None = None) -> None:
        """Zoom, keeping a place of the viewport where it is.

        Args:
            zoom: 1 is 100 %; held between `MIN_ZOOM` and `MAX_ZOOM`.
            at: the place in the viewport; its middle if None.
        """
        if zoom != self._zoom:
            self._note_zooming()
        anchor = at if at is not None else QRectF(self.viewport().rect()).center()
        before = self._scene_point(anchor)
        self._zoom = max(MIN_ZOOM, min(MAX_ZOOM, zoom))
        scale = self._zoom * theme.scale()
        self.setTransform(QTransform.fromScale(scale, scale))
        self._allow_everywhere()
        moved = self._scene_point(anchor) - before
        self._center_on(self._scene_point(QRectF(self.viewport().rect()).center()) - moved)
        self.moved.emit()

    def _note_zooming(self) -> None:
        """Be content with stretched pictures of cards while one step of zooming follows the other."""
        if self._settling.isActive():
            PICTURES.is_rough = True
        self._settling.start()

    @Slot()
    def _settle(self) -> None:
        self._settling.stop()
        if PICTURES.is_rough:
            PICTURES.is_rough = False
            self.viewport().update()

    def _scene_point(self, at: QPointF) -> QPointF:
        """Return the scene's place under a place of the viewport, without rounding to pixels."""
        inverse, _ = self.viewportTransform().inverted()
        return inverse.map(at)

    def zoom_in(self) -> None:
        """Zoom in by a step."""
        self._fitted = None
        self.set_zoom(self.zoom * 1.25)

    def zoom_out(self) -> None:
        """Zoom out by a step."""
        self._fitted = None
        self.set_zoom(self.zoom / 1.25)

    def content_box(self) -> Box | None:
        """Return the area that `fit` shows, or None if there is nothing."""
        raise TypeError(f"{type(self).__name__} has no content")

    def fit(self) -> None:
        """Show everything, at 100 % at most."""
        self._fit(MIN_ZOOM)

    def fit_readable(self) -> None:
        """Show everything if it can be read then, else the upper end of it."""
        self._fit(_FIRST_ZOOM)

    def actual_size(self) -> None:
        """Show the network at 100 %, around the middle of what is seen."""
        self._glide.stop()
        self._fitted = None
        self.set_zoom(1.0)

    def zoom_to(self, box: Box) -> None:
        """Show a part of the scene as large as the view allows, up to a comfortable size."""
        self._glide.stop()
        self._fitted = None
        self._show_box(box, MIN_ZOOM, _CLOSE)

    def _fit(self, least: float) -> None:
        self._glide.stop()
        self._fitted = least
        box = self.content_box()
        if box is None:
            self.set_zoom(1.0)
            self._center_on(QPointF(0, 0))
            return
        self._show_box(box, least, 1.0)

    def _show_box(self, box: Box, least: float, most: float) -> None:
        width, height = box.right - box.left + 2 * _MARGIN, box.bottom - box.top + 2 * _MARGIN
        size = self.viewport().size() / theme.scale()
        zoom = min(most, size.width() / width, size.height() / height)
        self.set_zoom(max(zoom, least))
        center = QPointF((box.left + box.right) / 2, (box.top + box.bottom) / 2)
        if zoom < least:
            center.setY(box.top - _MARGIN + self.viewport().height() / (2 * self.transform().m11()))
        self._center_on(center)

    # ------------------------------------------------------------------------------------------------------ moving

    def _allow_everywhere(self) -> None:
        """Make the scrollable area so large that any card can be brought to any place of the view."""
        box = self.content_box() or Box(0, 0, 0, 0)
        scale = self.transform().m11()
        x, y = self.viewport().width() / scale, self.viewport().height() / scale
        area = QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
        area.adjust(-x, -y, x, y)
        if area != self.sceneRect():
            # scrolling by hand keeps the place, because Qt moves to the new area's corner
            center = self._scene_point(QRectF(self.viewport().rect()).center())
            self.setSceneRect(area)
            self._center_on(center)

    def _center_on(self, center: QPointF) -> None:
        self.centerOn(center)

    def seen(self) -> Box:
        """Return the part of the scene that is in view."""
        inverse, _ = self.viewportTransform().inverted()
        area = inverse.mapRect(QRectF(self.viewport().rect()))
        return Box(area.left(), area.top(), area.right(), area.bottom())

    def pan(self, by: QPoint) -> None:
        """Move the canvas by pixels."""
        self._glide.stop()
        self._fitted = None
        self.horizontalScrollBar().setValue(self.horizontalScrollBar().value() - by.x())
        self.verticalScrollBar().setValue(self.verticalScrollBar().value() - by.y())

    def look_at(self, center: QPointF) -> None:
        """Bring a place to the middle of the view at once."""
        self._glide.stop()
        self._fitted = None
        self._center_on(center)

    def turn_page(self, sign: int) -> None:
        """Move the view by most of its height, down for 1 and up for -1."""
        self.pan(QPoint(0, round(-sign * _PAGE * self.viewport().height())))

    def glide_to(self, center: QPointF) -> None:
        """Bring a place to the middle of the view, smoothly if `animated`."""
        self._glide.stop()
        self._fitted = None
        here = self._scene_point(QRectF(self.viewport().rect()).center())
        if not self.animated or not self.isVisible():
            self._center_on(center)
            return
        self._glide.setStartValue(here)
        self._glide.setEndValue(center)
        self._glide.start()

    @Slot("QVariant")
    def _glide_step(self, center: QPointF) -> None:
        self._center_on(center)

    # ------------------------------------------------------------------------------------------------------ events

    @override
    def scrollContentsBy(self, dx: int, dy: int) -> None:
        super().scrollContentsBy(dx, dy)
        self.moved.emit()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        self._glide.stop()
        self._fitted = None
        delta = event.angleDelta().y() or event.angleDelta().x()
        self.set_zoom(self.zoom * math.pow(_WHEEL_STEP, delta), event.position())
        event.accept()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Fit again what was fitted; otherwise keep the middle where it is across, and the upper edge."""
        super().resizeEvent(event)
        self._allow_everywhere()
        old = event.oldSize()
        if not old.isValid() or old == event.size():
            return
        if self._fitted is not None:
            self._fit(self._fitted)
        else:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() + (old.width() - event.size().width()) // 2)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._glide.stop()
        self._settle()
        super().hideEvent(event)

    @override
    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        """Fill the ground and put dots on it, at a distance that suits the zoom."""
        painter.save()
        painter.resetTransform()
        step = style.GRID * self.transform().m11()
        while step < 0.75 * style.GRID:
            step *= 2
        origin = self.viewportTransform().map(QPointF(0, 0))
        if PICTURES.is_rough:  # the next frame has other steps; a picture would be for this one alone
            painter.fillRect(self.viewport().rect(), theme.qcolor("canvas"))
            painter.setBrushOrigin(QPointF(origin.x() % step, origin.y() % step))
            painter.fillRect(self.viewport().rect(), self._dot_brush(step, self.devicePixelRatioF()))
            painter.restore()
            return
        # the dots repeat, so that one picture, larger by a step than the view, does for every place
        corner = QPointF(origin.x() % step - step, origin.y() % step - step)
        painter.drawPixmap(corner, self._ground_picture(step))
        painter.restore()

    def _ground_picture(self, step: float) -> QPixmap:
        ratio = self.devicePixelRatioF()
        key = (step, theme.current().name, ratio, self.viewport().size())
        if key != self._ground_key:
            size = self.viewport().size() + QSize(2 * math.ceil(step), 2 * math.ceil(step))
            ground = QPixmap(size * ratio)
            ground.setDevicePixelRatio(ratio)
            ground.fill(theme.qcolor("canvas"))
            painter = QPainter(ground)
            painter.fillRect(QRect(QPoint(0, 0), size), self._dot_brush(step, ratio))
            painter.end()
            self._ground, self._ground_key = ground, key
        return self._ground

    def _dot_brush(self, step: float, ratio: float) -> QBrush:
        size = max(4, round(step * ratio))
        tile = QPixmap(size, size)
        tile.fill(Qt.GlobalColor.transparent)
        painter = QPainter(tile)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor("dots"))
        painter.drawEllipse(QPointF(size / 2, size / 2), 1.2 * ratio, 1.2 * ratio)
        painter.end()
        brush = QBrush(tile)
        # a whole number of pixels makes the tile sharp; stretching it keeps the dots on the grid
        brush.setTransform(QTransform.fromScale(step / size, step / size))
        return brush
