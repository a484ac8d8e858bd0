"""The wire of one link, with the shape that runs through it beside it."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from typing_extensions import override

from cnn_studio.graph.document import Link
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.content import WireContent
from cnn_studio.ui.canvas.geometry import Box, Point, Route

MAX_LABEL = 150.0

_COLORS = {"plain": "muted", "error": "error", "waits": "warning"}


def wire_path(route: Route) -> QPainterPath:
    """Return a route as a path to draw."""
    path = QPainterPath(QPointF(*route.start))
    for curve in route.curves:
        if curve.is_straight:
            path.lineTo(*curve.end)
        else:
            path.cubicTo(QPointF(*curve.first), QPointF(*curve.second), QPointF(*curve.end))
    return path


def _pieces(route: Route) -> tuple[list[QRectF], list[tuple[QPainterPath, QRectF]]]:
    """Return the straight pieces of a route as areas without width, and the others as paths with their areas."""
    lines: list[QRectF] = []
    bends: list[tuple[QPainterPath, QRectF]] = []
    here = route.start
    for curve in route.curves:
        if curve.is_straight:
            end = curve.end
            area = QRectF(min(here.x, end.x), min(here.y, end.y), abs(here.x - end.x), abs(here.y - end.y))
            # a card may stand off its column by less than one can see
            lines.append(
                area.adjusted(area.width() / 2, 0, -area.width() / 2, 0) if area.width() < 1 else area
            )
        else:
            bend = QPainterPath(QPointF(*here))
            bend.cubicTo(QPointF(*curve.first), QPointF(*curve.second), QPointF(*curve.end))
            bends.append((bend, bend.controlPointRect()))
        here = curve.end
    return lines, bends


class WireItem(QGraphicsItem):
    """The wire of one link.

    Attributes:
        link: the link.
        content: the text beside it, and its state.
    """

    def __init__(self, link: Link, content: WireContent) -> None:
        super().__init__()
        self.link = link
        self.content = content
        self.route: Route | None = None
        self._path = QPainterPath()
        self._lines: list[QRectF] = []
        self._bends: list[tuple[QPainterPath, QRectF]] = []
        self._points: list[Point] = []
        self._bounds = QRectF()
        self._label: tuple[QRectF, str, bool] | None = None
        self._has_label = True
        self._preview: WireContent | None = None
        self._is_hot = False
        self._is_open = False

    @property
    def label_width(self) -> float:
        """Width of the text beside the wire, in canvas units."""
        return style.mono_text((self._preview or self.content).text, MAX_LABEL)[1] + 4

    @property
    def label_box(self) -> Box | None:
        """The area of the text beside the wire, or None where there is no room for one."""
        if self.route is None or self.route.label is None:
            return None
        return self.route.label.box(self.label_width)

    @property
    def extent(self) -> Box:
        """The area of the wire and its text; without a way it has none."""
        rect, label = self._path.controlPointRect(), self.label_box
        if label is not None:
            rect = rect.united(
                QRectF(label.left, label.top, label.right - label.left, label.bottom - label.top)
            )
        return Box(rect.left(), rect.top(), rect.right(), rect.bottom())

    def set_route(self, route: Route) -> None:
        """Run another way."""
        if route == self.route:
            return
        self.prepareGeometryChange()
        self.route = route
        self._path = wire_path(route)
        self._lines, self._bends = _pieces(route)
        self._points = route.points()
        self._measure()

    def middle(self) -> QPointF:
        """Return the place halfway along the wire."""
        return self.pos() + self._path.pointAtPercent(0.5)

    def set_content(self, content: WireContent) -> bool:
        """Say something else; return whether it differs from before."""
        if content == self.content:
            return False
        self.content = content
        self._label = None
        self.update()
        return True

    def set_preview(self, content: WireContent | None) -> None:
        """Show what the wire would say after the edit that is being dragged; None ends it."""
        if content == self.content:
            content = None
        if content != self._preview:
            self._preview = content
            self._label = None
            self.update()

    @property
    def is_hot(self) -> bool:
        """Whether it is drawn in the accent colour."""
        return self._is_hot

    def set_hot(self, is_hot: bool) -> None:
        """Draw it in the accent colour, because it is selected or under the mouse."""
        if is_hot != self._is_hot:
            self._is_hot = is_hot
            self.setZValue(0.5 if is_hot else 0)
            self.update()

    def set_open(self, is_open: bool) -> None:
        """Show nothing while a layer is about to go into it; it still can be found by the mouse."""
        if is_open != self._is_open:
            self._is_open = is_open
            self.update()

    def set_label_shown(self, is_shown: bool) -> None:
        """Show the text beside it, or not, where something else stands in its place."""
        if is_shown != self._has_label:
            self._has_label = is_shown
            self.update()

    @property
    def shows_label(self) -> bool:
        """Whether its text is shown where the zoom allows."""
        return self.label_box is not None and self._has_label

    def distance(self, x: float, y: float) -> float:
        """Return how far a place is from the wire, in canvas units."""
        x, y = x - self.pos().x(), y - self.pos().y()
        best = float("inf")
        for (ax, ay), (bx, by) in pairwise(self._points):
            dx, dy = bx - ax, by - ay
            length = dx * dx + dy * dy
            t = 0.0 if length == 0 else max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / length))
            best = min(best, (ax + t * dx - x) ** 2 + (ay + t * dy - y) ** 2)
        return float(best**0.5)

    def _measure(self) -> None:
        margin = style.WIRE_WIDTH + 1
        self._bounds = self._path.controlPointRect().adjusted(-margin, -margin, margin, margin)
        self._label = None
        if self.route is not None and self.route.label is not None:
            # room for the longest text, so that a new one does not change the item's geometry
            box = self.route.label.box(MAX_LABEL + 10)
            self._bounds = self._bounds.united(
                QRectF(box.left - 3, box.top, box.right - box.left + 6, box.bottom - box.top)
            )
        self.update()

    def _label_now(self) -> tuple[QRectF, str, bool] | None:
        """Return the area of the text, the text, and whether it ends at the wire."""
        box, route = self.label_box, self.route
        if self._label is None and box is not None and route is not None and route.label is not None:
            text, _ = style.mono_text((self._preview or self.content).text, MAX_LABEL)
            area = QRectF(box.left, box.top, box.right - box.left, box.bottom - box.top)
            self._label = area, text, route.label.to_left
        return self._label

    @override
    def boundingRect(self) -> QRectF:
        return self._bounds

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        if self.route is None or self._is_open:
            return
        zoom = option.levelOfDetailFromTransform(painter.worldTransform()) / theme.scale()
        shown = self._preview or self.content
        color = "accent" if self._is_hot else _COLORS[shown.state]
        alpha = 0.75 if shown.state == "plain" and not self._is_hot else 1.0
        paint = style.over_canvas(color, alpha)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = style.WIRE_WIDTH * (1.5 if self._is_hot else 1)
        # lines of one pixel cost a tenth of wider ones, and thinner ones would be right when zoomed out
        is_thin = zoom < style.FADE_ZOOM and not self._is_hot
        pixels = 1.0 if is_thin else max(1.0, float(round(width * max(1.0, zoom) * theme.scale())))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if self._lines:
            # whole pixels are sharper than smoothed ones, and filling them is ten times as quick as drawing lines
            half = pixels / (2 * zoom * theme.scale())
            for line in self._lines:
                x, y = (half, 0.0) if line.width() < line.height() else (0.0, half)
                painter.fillRect(line.adjusted(-x, -y, x, y), paint)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, zoom >= style.TILE_ZOOM)
        if is_thin or zoom < style.TILE_ZOOM:
            self._paint_bends(painter, style.opaque_pen(paint, pixels, is_cosmetic=True))
        else:
            self._paint_bends(painter, style.opaque_pen(paint, round(width / min(1.0, zoom), 2)))
        fade = (zoom - style.TILE_ZOOM) / (style.FADE_ZOOM - style.TILE_ZOOM)
        label = self._label_now() if fade > 0 and (self._has_label or self._is_hot) else None
        if label is not None:
            self._paint_label(painter, shown, label, min(1.0, fade))

    def _paint_bends(self, painter: QPainter, pen: QPen) -> None:
        """Paint the bends that are in view: those at the other end of a long wire cost as much as if they were."""
        if self._bends:
            painter.setPen(pen)
            transform, seen = painter.worldTransform(), QRectF(painter.viewport())
            for bend, area in self._bends:
                if transform.mapRect(area).adjusted(-2, -2, 2, 2).intersects(seen):
                    painter.drawPath(bend)

    def _paint_label(
        self, painter: QPainter, shown: WireContent, label: tuple[QRectF, str, bool], opacity: float
    ) -> None:
        area, text, to_left = label
        if opacity < 1:
            painter.setOpacity(opacity)
        painter.fillRect(area.adjusted(-2, 0, 2, 0), theme.qcolor("canvas"))
        painter.setFont(style.fonts().mono)
        is_new = self._preview is not None and shown.state == "plain"
        color = "accent" if self._is_hot or is_new else _COLORS[shown.state]
        painter.setPen(style.pen(color, 1.0, 1.0))
        side = Qt.AlignmentFlag.AlignRight if to_left else Qt.AlignmentFlag.AlignLeft
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)
