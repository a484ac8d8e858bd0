"""The drawing surface of the map of codes. Import late: this needs pyqtgraph and numpy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.colors import RUN_TOKENS, mixed
from cnn_studio.ui.plots.number_axis import NumberAxis

_REACH = 14  # pixels at 100 % within which the mouse finds a point
_FAINT = 0.13
_CROWD = 2_000  # points; so many overlap, and are smaller and let each other through
_CLEAR, _CROWDED = 1.0, 0.75


@dataclass(frozen=True, slots=True)
class Points:
    """What is drawn.

    Attributes:
        places: float32 [M, 2].
        labels: int64 [M].
        is_val: bool [M].
        is_wrong: bool [M]; all False where nothing was predicted.
        shown: bool [M].
        bright: the class that stands out; -1 for all.
        axes: titles of the two axes; empty for axes that mean nothing.
    """

    places: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    is_val: np.ndarray = field(repr=False)
    is_wrong: np.ndarray = field(repr=False)
    shown: np.ndarray = field(repr=False)
    bright: int = -1
    axes: tuple[str, str] = ("", "")


def class_color(at: int) -> QColor:
    """Return the colour of a class: the tokens in turn, then mixed with the text, then with the ground."""
    base = theme.qcolor(RUN_TOKENS[at % len(RUN_TOKENS)])
    turn = at // len(RUN_TOKENS) % 3
    if turn == 0:
        return base
    return mixed(base, theme.qcolor("text" if turn == 1 else "panel"), 0.45)


class CodeScatter:
    """Points by class: discs for training images, diamonds for validation images, crosses over wrong ones.

    Attributes:
        widget: what goes into a layout.
    """

    def __init__(
        self,
        on_hover: Callable[[int, QPointF], None] | None = None,
        on_click: Callable[[int], None] | None = None,
        pen_scale: float = 1.0,
    ) -> None:
        """Make an empty surface.

        Args:
            on_hover: told the point under the mouse (-1 for none) and the place of the mouse in the widget.
            on_click: told the point that was clicked, -1 for none.
            pen_scale: pixels of the target per pixel of the widget; pyqtgraph's pens do not scale by themselves.
        """
        self._on_hover, self._on_click, self._pen_scale = on_hover, on_click, pen_scale
        self._points: Points | None = None
        self._chosen: tuple[int, np.ndarray, np.ndarray] | None = None
        self._axes = {"left": NumberAxis("left", "number"), "bottom": NumberAxis("bottom", "number")}
        self._plot = pg.PlotWidget(enableMenu=False, axisItems=self._axes)
        self.widget: QWidget = self._plot
        self._plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self._item = self._plot.getPlotItem()
        self._item.hideButtons()
        self._box = self._item.getViewBox()
        self._box.disableAutoRange()
        self._box.setAspectLocked(True)  # distances read the same in every direction
        self._groups: dict[tuple[int, bool], Any] = {}
        self._wrong, self._ring, self._same, self._other = (self._layer(z) for z in (30, 50, 40, 41))
        scene = self._plot.scene()
        scene.sigMouseMoved.connect(self._mouse_moved)
        scene.sigMouseClicked.connect(self._clicked)
        self.restyle()

    def _layer(self, z: float) -> Any:
        layer = pg.ScatterPlotItem(pxMode=True)
        layer.setZValue(z)
        self._item.addItem(layer, ignoreBounds=True)
        return layer

    def restyle(self) -> None:
        """Take colours and sizes from the theme of now."""
        tokens = theme.current()
        self._plot.setBackground(tokens.panel)
        for axis in self._axes.values():
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setStyle(
                tickFont=theme.ui_font(tokens.type.caption), tickLength=0, tickTextOffset=theme.px(4)
            )
        for layer, color, size in (
            (self._ring, "text", 19),
            (self._same, "ok", 15),
            (self._other, "error", 15),
        ):
            layer.setBrush(None)
            layer.setPen(pg.mkPen(theme.qcolor(color), width=theme.px(2)))
            layer.setSize(theme.px(size))
        self._other.setSymbol("s")  # not by colour alone
        self._wrong.setSymbol("x")
        self._wrong.setSize(theme.px(14))
        self._wrong.setPen(pg.mkPen(theme.qcolor("panel"), width=1))
        self._wrong.setBrush(pg.mkBrush(theme.qcolor("error")))
        if self._points is not None:
            self.show(self._points)

    # -------------------------------------------------------------------------------------------------------- drawing

    def show(self, points: Points) -> None:
        """Draw these points; the part of the plane that is seen stays."""
        self._points = points
        self._title_axes(points.axes)
        found: set[tuple[int, bool]] = set()
        for label in np.unique(points.labels).tolist():
            of_class = points.shown & (points.labels == label)
            for is_val in (False, True):
                rows = of_class & (points.is_val == is_val)
                if rows.any():
                    found.add((label, is_val))
                    self._show_group(points, label, is_val, rows)
        for key, layer in self._groups.items():
            if key not in found:
                layer.setData([], [])
        wrong = points.shown & points.is_wrong
        if points.bright >= 0:
            wrong &= points.labels == points.bright
        self._wrong.setData(*points.places[wrong].T)

    def _show_group(self, points: Points, label: int, is_val: bool, rows: np.ndarray) -> None:
        layer = self._groups.get((label, is_val))
        if layer is None:
            layer = self._groups[label, is_val] = self._layer(0)
        is_faint = points.bright not in (-1, label)
        color = class_color(label)
        edge = theme.qcolor("text" if is_val else "panel")
        many = len(points.places) > _CROWD
        color.setAlphaF(_FAINT if is_faint else _CROWDED if many else _CLEAR)
        edge.setAlphaF(_FAINT if is_faint else 0.9)
        layer.setZValue((0 if is_faint else 10) + is_val)
        layer.setSymbol("d" if is_val else "o")
        layer.setSize(theme.px((9 if is_val else 6) if many else (11 if is_val else 8)))
        layer.setBrush(pg.mkBrush(color))
        layer.setPen(pg.mkPen(edge, width=1))
        layer.setData(*points.places[rows].T)

    def _title_axes(self, titles: tuple[str, str]) -> None:
        tokens = theme.current()
        size = f"{theme.ui_font(tokens.type.caption).pointSizeF():.2f}pt"
        for side, title in zip(("bottom", "left"), titles, strict=True):
            axis = self._axes[side]
            axis.setStyle(showValues=bool(title))
            axis.setLabel(title, color=tokens.muted, **{"font-size": size})
            axis.showLabel(bool(title))
            axis.enableAutoSIPrefix(False)
        self._axes["left"].setWidth(theme.px(48 if titles[1] else 8))
        self._axes["bottom"].setHeight(theme.px(34 if titles[0] else 8))

    def choose(self, at: int, same: np.ndarray, other: np.ndarray) -> None:
        """Ring a point, and those near it.

        Args:
            at: the point, -1 for none.
            same, other: points near it of its own class and of another one, int64.
        """
        places = self._points.places if self._points is not None else np.zeros((0, 2))
        own = places[[at]] if at >= 0 else places[:0]
        self._chosen = (at, same, other) if at >= 0 else None
        for layer, found in ((self._ring, own), (self._same, places[same]), (self._other, places[other])):
            layer.setData(*found.T)

    def show_all(self) -> None:
        """Show the part of the plane in which all points lie."""
        points = self._points
        if points is None or not len(points.places):
            return
        low, high = points.places.min(axis=0), points.places.max(axis=0)
        room = np.maximum((high - low) * 0.06, 1e-3)
        (x0, y0), (x1, y1) = (low - room).tolist(), (high + room).tolist()
        self._box.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0, disableAutoRange=False)

    def show_like(self, other: CodeScatter) -> None:
        """Show the points, the rings and the part of the plane that another surface shows."""
        if other._points is None:
            return
        self.show(other._points)
        if other._chosen is not None:
            self.choose(*other._chosen)
        x, y = other._box.viewRange()
        self._box.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=False)

    def render(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is shown into a picture."""
        self._item.layout.activate()
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._plot.scene().prepareForPaint()
        self._plot.scene().render(painter, area, QRectF(self._plot.rect()))

    # ---------------------------------------------------------------------------------------------------------- mouse

    def place_of(self, at: int) -> QPointF:
        """Return where a point is in the widget."""
        if self._points is None:
            return QPointF()
        x, y = self._points.places[at].tolist()
        return QPointF(self._plot.mapFromScene(self._box.mapViewToScene(QPointF(x, y))))

    def point_at(self, place: QPointF) -> int:
        """Return the point nearest to a place in the plane, if it is near enough on the screen; else -1."""
        points = self._points
        if points is None or not points.shown.any():
            return -1
        width, height = self._box.viewPixelSize()
        across = (points.places[:, 0] - place.x()) / max(width, 1e-12)
        up = (points.places[:, 1] - place.y()) / max(height, 1e-12)
        distances = np.where(points.shown, across * across + up * up, np.inf)
        at = int(distances.argmin())
        return at if distances[at] <= theme.px(_REACH) ** 2 else -1

    def _mouse_moved(self, at: QPointF) -> None:
        if self._on_hover is None:
            return
        inside = self._box.sceneBoundingRect().contains(at)
        found = self.point_at(self._box.mapSceneToView(at)) if inside else -1
        self._on_hover(found, QPointF(self._plot.mapFromScene(at)))

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.show_all()
        elif self._on_click is not None and event.button() == Qt.MouseButton.LeftButton:
            self._on_click(self.point_at(self._box.mapSceneToView(event.scenePos())))
