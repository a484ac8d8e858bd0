"""The drawing surface of `LivePlot`: what imports pyqtgraph, which takes 0.3 to 0.9 s.

Import this module late, in `LivePlot.activate`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.drawing import Best, Drawing
from cnn_studio.ui.plots.limits import Limits, fitted
from cnn_studio.ui.plots.marks import Marks
from cnn_studio.ui.plots.number_axis import NumberAxis
from cnn_studio.ui.plots.series import Floats, every
from cnn_studio.ui.plots.spec import PlotSpec, XAxis

_SMOOTH_POINTS = 240  # a smooth line needs few points, and 2-wide pens are slow in Qt's raster engine
_OVERLAY_POINTS = 160
_MARKERS = 120
_X_TITLES: dict[XAxis, str] = {"epoch": "epoch", "step": "step", "time": "training time"}


class Curves:
    """Raw and smoothed line, validation points, the ring at the best one, other runs, marks, and a cross-hair.

    Attributes:
        widget: what goes into a layout.
        end: the x at which the run will end; infinite if nobody knows.
        axis: what x is.
        is_log: whether y is logarithmic.
    """

    def __init__(
        self,
        spec: PlotSpec,
        on_hover: Callable[[float | None], None] | None = None,
        pen_scale: float = 1.0,
    ) -> None:
        """Make an empty surface.

        Args:
            spec: what is drawn.
            on_hover: told the x at the cursor, or None when it leaves.
            pen_scale: pixels of the target per pixel of the widget; pyqtgraph's pens do not scale by themselves.
        """
        self._pen_scale = pen_scale
        self._spec = spec
        self._on_hover = on_hover
        self.end = float("inf")
        self.axis: XAxis = "epoch"
        self.is_log = False
        self._follows = True
        self._limits: Limits = (0.0, 0.0, 0.0, 0.0)
        self._axes = {"left": NumberAxis("left", spec.kind), "bottom": NumberAxis("bottom", "number")}
        self._plot = pg.PlotWidget(enableMenu=False, axisItems=self._axes)
        self.widget: QWidget = self._plot
        self._plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._plot.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # the plot around it has one
        self._item = self._plot.getPlotItem()
        self._item.hideButtons()
        self._box = self._item.getViewBox()
        self._box.disableAutoRange()
        # lines of our own: the axes' grid takes 5 ms a repaint, these take none
        self._grid = self._line(antialias=False, connect="pairs")
        self._raw = self._line(antialias=False)
        self._others: list[Any] = []
        self._other_points: list[Any] = []
        self._smooth = self._line(antialias=True)  # a few hundred points at most
        self._smooth.setZValue(2)
        self._points = pg.ScatterPlotItem()
        self._ring = pg.ScatterPlotItem()
        self._label = pg.TextItem(anchor=(0.5, 0))
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        self._level = pg.InfiniteLine(angle=0, movable=False)
        for item in (self._points, self._ring, self._label, self._cursor, self._level):
            item.setZValue(3)
            self._item.addItem(item, ignoreBounds=True)
        for item in (self._label, self._cursor, self._level):
            item.setVisible(False)
        self._marks = Marks(self._item, self._box)
        self._box.sigRangeChangedManually.connect(self._zoomed)
        self._box.sigRangeChanged.connect(self._rule)
        scene = self._plot.scene()
        scene.sigMouseMoved.connect(self._mouse_moved)
        scene.sigMouseClicked.connect(self._clicked)
        self.restyle()

    def _line(self, antialias: bool, connect: str = "finite") -> Any:
        line = pg.PlotCurveItem(connect=connect, antialias=antialias)
        self._item.addItem(line, ignoreBounds=True)
        return line

    def _pen(self, width: float) -> float:
        """Return the width of a line's pen; what is under 1 is a hair line, which Qt draws fastest."""
        return (theme.px(width) if width >= 1 else 1) * self._pen_scale

    def restyle(self) -> None:
        """Take colours and sizes from the theme of now."""
        tokens = theme.current()
        self._grid.setPen(pg.mkPen(theme.qcolor("line", 0.7), width=self._pen(0.9)))
        self._plot.setBackground(tokens.panel)
        self._points.setBrush(pg.mkBrush(tokens.validation))
        self._points.setPen(pg.mkPen(tokens.panel, width=1))
        self._points.setSize(theme.px(8))
        self._ring.setBrush(None)
        self._ring.setPen(pg.mkPen(tokens.text, width=theme.px(2)))
        self._ring.setSize(theme.px(14))
        self._label.setColor(tokens.text)
        self._label.setFont(theme.ui_font(tokens.type.small, tokens.type.strong))
        for line in (self._cursor, self._level):
            line.setPen(pg.mkPen(tokens.muted, width=1, style=Qt.PenStyle.DashLine))
        for axis in self._axes.values():
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setStyle(
                tickFont=theme.ui_font(tokens.type.caption), tickLength=0, tickTextOffset=theme.px(4)
            )
        self._title_axes()
        self._axes["left"].setScale(100.0 if self._spec.percent and not self.is_log else 1.0)
        # a fixed width: the plots would jump sideways as the numbers grow or shrink
        self._axes["left"].setWidth(theme.px(62 if self._spec.kind in ("bytes", "count") else 52))
        self._axes["bottom"].setHeight(theme.px(34))

    def _title_axes(self) -> None:
        tokens = theme.current()
        size = f"{theme.ui_font(tokens.type.caption).pointSizeF():.2f}pt"
        for side, title in (("left", self._spec.axis), ("bottom", _X_TITLES[self.axis])):
            self._axes[side].setLabel(title, color=tokens.muted, **{"font-size": size})
            self._axes[side].enableAutoSIPrefix(False)

    def set_scales(self, axis: XAxis, is_log: bool) -> None:
        """Show another x, or y on another scale."""
        if (axis, is_log) == (self.axis, self.is_log):
            return
        self.axis, self.is_log = axis, is_log
        self._axes["left"].is_log = is_log
        self._axes["bottom"].kind = "time" if axis == "time" else "number"
        self._axes["left"].setScale(100.0 if self._spec.percent and not is_log else 1.0)
        self._title_axes()
        self._limits = (0.0, 0.0, 0.0, 0.0)
        self._follows = True

    def _y(self, y: Floats) -> Floats:
        """Return where values lie on the y axis; on a logarithmic one what is not above 0 lies nowhere."""
        if not self.is_log:
            return y
        return np.log10(np.where(y > 0, y, np.nan))

    def show(self, drawing: Drawing) -> None:
        """Show what there is now, thinned to the pixels of the widget."""
        if self._follows:
            self._follow(drawing)
        (first, last), _ = self._box.viewRange()
        columns = max(16, int(self._box.width()))
        self._show_train(drawing, first, last, columns)
        self._show_others(drawing, first, last)
        validation = drawing.validation
        part = validation.visible(first, last, self.axis)
        at = np.arange(part.start, part.stop)
        x, y = every(validation.xs_at(at, self.axis), self._y(validation.y[part]), _MARKERS)
        good = np.isfinite(y)
        self._points.setData(x[good], y[good])
        self._show_best(drawing.best)
        self._marks.show(drawing.marks)

    def _show_train(self, drawing: Drawing, first: float, last: float, columns: int) -> None:
        train, tokens = drawing.train, theme.current()
        color = tokens.color(self._spec.line)
        part = train.visible(first, last, self.axis)
        if drawing.style == "line":
            self._raw.setData(*_NOTHING)
        else:
            faint = drawing.style == "both"
            self._raw.setPen(pg.mkPen(theme.qcolor(color, 0.32 if faint else 1.0), width=self._pen(0.9)))
            x, y = train.envelope(part, columns, self.axis)
            self._raw.setData(*_drawable(x, self._y(y)))
        if drawing.style == "raw":
            self._smooth.setData(*_NOTHING)
            return
        self._smooth.setPen(pg.mkPen(color, width=self._pen(2)))
        x, y = train.line(part, min(columns, _SMOOTH_POINTS), self.axis)
        if (
            len(train) == 1 and not self._spec.smooth
        ):  # one value is no line yet; it was measured from the start
            x, y = np.append(0.0, x), np.append(y, y)
        self._smooth.setData(*_drawable(x, self._y(y)))

    def _show_others(self, drawing: Drawing, first: float, last: float) -> None:
        while len(self._others) < len(drawing.others):
            self._others.append(self._line(antialias=True))
            points = pg.ScatterPlotItem()
            self._item.addItem(points, ignoreBounds=True)
            self._other_points.append(points)
        for at, (line, points) in enumerate(zip(self._others, self._other_points, strict=True)):
            if at >= len(drawing.others):
                line.setData(*_NOTHING)
                points.setData([], [])
                continue
            other = drawing.others[at]
            color, series, epochs = other.color, other.batches, other.epochs
            line.setPen(pg.mkPen(theme.qcolor(color), width=self._pen(2)))
            part = series.visible(first, last, self.axis)
            x, y = series.line(part, _OVERLAY_POINTS, self.axis)
            line.setData(*_drawable(x, self._y(y)))
            places = np.arange(len(epochs))
            x, y = every(epochs.xs_at(places, self.axis), self._y(epochs.y), _MARKERS)
            good = np.isfinite(y)
            points.setBrush(pg.mkBrush(theme.qcolor("panel")))
            points.setPen(pg.mkPen(theme.qcolor(color), width=theme.px(1.5)))
            points.setSize(theme.px(6))
            points.setData(x[good], y[good])

    def _show_best(self, best: Best | None) -> None:
        y = float(self._y(np.array([best.y]))[0]) if best is not None else np.nan
        if best is None or not np.isfinite(y):
            self._ring.setData([], [])
            self._label.setVisible(False)
            return
        self._ring.setData([best.x], [y])
        self._label.setVisible(True)
        self._label.setText(best.label)
        # under the ring, or above it where there is no room below, and never over an edge
        (x0, x1), (y0, y1) = self._box.viewRange()
        across = (best.x - x0) / max(x1 - x0, 1e-12)
        up = (y - y0) / max(y1 - y0, 1e-12)
        anchor_x = 1.0 if across > 0.85 else 0.0 if across < 0.15 else 0.5
        below = up > 0.5
        gap = 0.35 if below else -0.35
        self._label.setAnchor((anchor_x, -gap if below else 1 - gap))
        self._label.setPos(best.x, y)

    def _rule(self, *_: object) -> None:
        """Draw a level line at each number of the y axis."""
        (x0, x1), (y0, y1) = self._box.viewRange()
        levels = self._axes["left"].tickValues(y0, y1, max(1.0, float(self._box.height())))
        at = np.array(levels[0][1] if levels else [], dtype=np.float64)
        self._grid.setData(np.tile([x0, x1], len(at)), np.repeat(at, 2))

    def _follow(self, drawing: Drawing) -> None:
        """Fit the axes to the smoothed lines and the validation, not to single wild batches."""
        shown = list(drawing.all_series())
        if not shown:
            return
        x1 = max(series.x_at(len(series) - 1, self.axis) for series in shown)
        ranges = [series.smooth_range() for series in shown]
        lows = [low for low, _, positive in ranges for low in (positive if self.is_log else low,)]
        low, high = min(lows), max(high for _, high, _ in ranges)
        if not (np.isfinite(low) and np.isfinite(high)):
            low, high = 0.1, 1.0
        if self.is_log:
            low, high = float(np.log10(low)), float(np.log10(max(high, low)))
        elif self._spec.from_zero:
            low = 0.0
        end = max(self._end(drawing), x1)
        limits = fitted(
            self._limits,
            max(x1, 1e-9),
            end,
            (low, high),
            kind="log" if self.is_log else "percent" if self._spec.percent else "plain",
            least=0.25 if self.axis == "epoch" else 1.0,
        )
        if limits != self._limits:
            self._limits = limits
            self._apply_limits()

    def _end(self, drawing: Drawing) -> float:
        """Return the x at which nothing more will come."""
        if not len(drawing.train):
            return 0.0  # other runs alone, which have ended
        if self.axis == "time":
            return float("inf")
        return self.end if self.axis == "epoch" else self.end * drawing.train.steps_per_epoch

    def _apply_limits(self) -> None:
        x0, x1, y0, y1 = self._limits
        self._box.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0, disableAutoRange=False)

    def show_range(self, other: Curves) -> None:
        """Show the part that another surface shows."""
        x, y = other._box.viewRange()
        self._follows = False
        self._box.setRange(xRange=x, yRange=y, padding=0, disableAutoRange=False)

    def render(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is shown into a picture, as strokes and text."""
        self._item.layout.activate()
        painter.setBrush(Qt.BrushStyle.NoBrush)  # pyqtgraph's lines would be filled with what was set before
        self._plot.scene().prepareForPaint()
        self._plot.scene().render(painter, area, QRectF(self._plot.rect()))

    def show_all(self) -> None:
        """Leave a zoomed view and follow the run again."""
        self._follows = True
        if self._limits[1] > 0:
            self._apply_limits()

    @property
    def follows(self) -> bool:
        """Whether the axes follow the run; zooming or panning by hand ends it."""
        return self._follows

    def _zoomed(self, *_: object) -> None:
        self._follows = False

    def _mouse_moved(self, at: QPointF) -> None:
        if not self._box.sceneBoundingRect().contains(at):
            self.leave()
            return
        place = self._box.mapSceneToView(at)
        self._cursor.setPos(float(place.x()))
        self._level.setPos(float(place.y()))
        self._cursor.setVisible(True)
        self._level.setVisible(True)
        if self._on_hover is not None:
            self._on_hover(float(place.x()))

    def leave(self) -> None:
        """The mouse is elsewhere: hide the lines at the cursor."""
        if self._cursor.isVisible():
            self._cursor.setVisible(False)
            self._level.setVisible(False)
            if self._on_hover is not None:
                self._on_hover(None)

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.show_all()


_NOTHING = (np.zeros(0), np.zeros(0))


def _drawable(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Turn what is infinite into gaps, and a line of gaps alone into none.

    pyqtgraph warns about either while Qt asks for the size of the line, where no error may be raised.
    """
    good = np.isfinite(y)
    if not good.any():
        return x[:0], y[:0]
    return x, y if good.all() else np.where(good, y, np.nan)
