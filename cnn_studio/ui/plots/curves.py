"""The drawing surface of `LivePlot`: the one place that imports pyqtgraph, which takes 0.3 to 0.9 s.

Import this module late, in `LivePlot.activate`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QPointF, Qt
from PySide6.QtWidgets import QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.series import Floats, Series, envelope, every, visible

_SMOOTH_POINTS = 240  # a smooth line needs few points, and 2-wide pens are slow in Qt's raster engine
_MARKERS = 120
_GROWTH = 1.6  # how much further than the run the x axis reaches when it must grow
_MARGIN = 1.015  # the last marker stays whole
_FIRST_EPOCHS = 0.25  # what the x axis shows at the least
_SLACK = 1.3  # how much higher than the values the y axis may be
_NEAR_ZERO = 0.3  # a lowest value under this share of the highest lets the axis begin at 0

Limits = tuple[float, float, float, float]
"""First and last x, lowest and highest y of the axes."""


@dataclass(frozen=True, slots=True)
class Best:
    """The best validation so far: where, and the label beside its ring."""

    x: float
    y: float
    label: str


class Curves:
    """Raw and smoothed line, validation points, the ring at the best one, and a line at the cursor.

    Attributes:
        widget: what goes into a layout.
        end: the x at which the run will end; infinite if nobody knows.
    """

    def __init__(
        self,
        line_token: str,
        x_title: str,
        y_title: str,
        percent: bool,
        on_hover: Callable[[float | None], None],
    ) -> None:
        self._line_token = line_token
        self._titles = {"bottom": x_title, "left": y_title}
        self._percent = percent
        self._on_hover = on_hover
        self.end = float("inf")
        self._follows = True
        self._limits: Limits = (0.0, 0.0, 0.0, 0.0)
        self._plot = pg.PlotWidget(enableMenu=False)
        self.widget: QWidget = self._plot
        self._plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
        self._plot.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._item = self._plot.getPlotItem()
        self._item.hideButtons()
        self._box = self._item.getViewBox()
        self._box.disableAutoRange()
        # lines of our own: the axes' grid takes 5 ms a repaint, these take none
        self._grid = self._line(antialias=False, connect="pairs")
        self._raw = self._line(antialias=False)
        self._smooth = self._line(antialias=True)  # a few hundred points at most
        self._points = pg.ScatterPlotItem()
        self._ring = pg.ScatterPlotItem()
        self._label = pg.TextItem(anchor=(0.5, 0))
        self._cursor = pg.InfiniteLine(angle=90, movable=False)
        for item in (self._points, self._ring, self._label, self._cursor):
            self._item.addItem(item, ignoreBounds=True)
        self._label.setVisible(False)
        self._cursor.setVisible(False)
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

    def restyle(self) -> None:
        """Take colours and sizes from the theme of now."""
        tokens = theme.current()
        color = tokens.color(self._line_token)
        self._grid.setPen(pg.mkPen(theme.qcolor("line", 0.7), width=1))
        self._plot.setBackground(tokens.panel)
        self._raw.setPen(pg.mkPen(theme.qcolor(color, 0.32), width=1))
        self._smooth.setPen(pg.mkPen(color, width=theme.px(2)))
        self._points.setBrush(pg.mkBrush(tokens.validation))
        self._points.setPen(pg.mkPen(tokens.panel, width=1))
        self._points.setSize(theme.px(8))
        self._ring.setBrush(None)
        self._ring.setPen(pg.mkPen(tokens.text, width=theme.px(2)))
        self._ring.setSize(theme.px(14))
        self._label.setColor(tokens.text)
        self._label.setFont(theme.ui_font(tokens.type.small, tokens.type.strong))
        self._cursor.setPen(pg.mkPen(tokens.muted, width=1, style=Qt.PenStyle.DashLine))
        for side, title in self._titles.items():
            axis = self._item.getAxis(side)
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setStyle(
                tickFont=theme.ui_font(tokens.type.caption), tickLength=0, tickTextOffset=theme.px(4)
            )
            size = f"{theme.ui_font(tokens.type.caption).pointSizeF():.2f}pt"
            axis.setLabel(title, color=tokens.muted, **{"font-size": size})
            axis.enableAutoSIPrefix(False)
        left = self._item.getAxis("left")
        left.setScale(100.0 if self._percent else 1.0)
        # a fixed width: the plots would jump sideways as the numbers grow or shrink
        left.setWidth(theme.px(52))
        self._item.getAxis("bottom").setHeight(theme.px(34))

    def show(self, train: Series, validation: Series, best: Best | None) -> None:
        """Show the series as they are now, thinned to the pixels of the widget."""
        if self._follows:
            self._follow(train, validation)
        (first, last), _ = self._box.viewRange()
        columns = max(16, int(self._box.width()))
        part = visible(train.x, first, last)
        self._raw.setData(*_drawable(*envelope(train.x[part], train.y[part], columns)))
        thin = every(train.x[part], train.smooth[part], min(columns, _SMOOTH_POINTS))
        self._smooth.setData(*_drawable(*thin))
        part = visible(validation.x, first, last)
        x, y = every(validation.x[part], validation.y[part], _MARKERS)
        good = np.isfinite(y)
        self._points.setData(x[good], y[good])
        self._ring.setData(*(([best.x], [best.y]) if best else ([], [])))
        self._label.setVisible(best is not None)
        if best is not None:
            self._label.setText(best.label)
            self._place_label(best)

    def _place_label(self, best: Best) -> None:
        """Put the label under the ring, or above it where there is no room below, and never over an edge."""
        (x0, x1), (y0, y1) = self._box.viewRange()
        across = (best.x - x0) / max(x1 - x0, 1e-12)
        up = (best.y - y0) / max(y1 - y0, 1e-12)
        anchor_x = 1.0 if across > 0.85 else 0.0 if across < 0.15 else 0.5
        below = up > 0.5
        gap = 0.35 if below else -0.35
        self._label.setAnchor((anchor_x, -gap if below else 1 - gap))
        self._label.setPos(best.x, best.y)

    def _rule(self, *_: object) -> None:
        """Draw a level line at each number of the y axis."""
        (x0, x1), (y0, y1) = self._box.viewRange()
        axis = self._item.getAxis("left")
        levels = axis.tickValues(y0, y1, max(1.0, float(self._box.height())))
        at = np.array(levels[0][1] if levels else [], dtype=np.float64)
        self._grid.setData(np.tile([x0, x1], len(at)), np.repeat(at, 2))

    def _follow(self, train: Series, validation: Series) -> None:
        """Fit the axes to the smoothed line and the validation, not to single wild batches."""
        if not len(train) and not len(validation):
            return
        x1 = max(float(s.x[-1]) for s in (train, validation) if len(s))
        seen: Floats = np.concatenate([train.smooth, validation.y])
        seen = seen[np.isfinite(seen)]
        low, high = (float(seen.min()), float(seen.max())) if len(seen) else (0.0, 1.0)
        x1 = max(_MARGIN * x1, 1e-9)
        if self._percent:
            low, high = min(low, 0.9), 1.0
        _, last, bottom, top = self._limits
        if not _x_fits(last, x1):
            ahead = max(_GROWTH * x1, _FIRST_EPOCHS)
            last = max(x1, min(ahead, _MARGIN * self.end))  # a run that ends soon needs no more room
        if not _y_fits(bottom, top, low, high):
            room = 0.03 if self._percent else 0.08 * max(high - low, 1e-3 * max(abs(high), 1e-6))
            bottom, top = 0.0 if low < _NEAR_ZERO * high else max(0.0, low - room), high + room
        if self._limits != (0.0, last, bottom, top):
            self._limits = (0.0, last, bottom, top)
            self._apply_limits()

    def _apply_limits(self) -> None:
        x0, x1, y0, y1 = self._limits
        self._box.setRange(xRange=(x0, x1), yRange=(y0, y1), padding=0, disableAutoRange=False)

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
        x = float(self._box.mapSceneToView(at).x())
        self._cursor.setPos(x)
        self._cursor.setVisible(True)
        self._on_hover(x)

    def leave(self) -> None:
        """The mouse is elsewhere: hide the line at the cursor."""
        if self._cursor.isVisible():
            self._cursor.setVisible(False)
            self._on_hover(None)

    def _clicked(self, event: Any) -> None:
        if event.double():
            self.show_all()


# An axis is laid out anew whenever its range changes, which takes longer than all the rest of a repaint. So a range
# stays while it shows what is wanted, and not much else.


def _x_fits(last: float, wanted: float) -> bool:
    return wanted <= last <= max(wanted * _GROWTH**2, _FIRST_EPOCHS)


def _y_fits(bottom: float, top: float, low: float, high: float) -> bool:
    return bottom <= low and high <= top and top - bottom <= (high - min(low, bottom)) * _SLACK


def _drawable(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Turn what is infinite into gaps, and a line of gaps alone into none.

    pyqtgraph warns about either while Qt asks for the size of the line, where no error may be raised.
    """
    good = np.isfinite(y)
    if not good.any():
        return x[:0], y[:0]
    return x, y if good.all() else np.where(good, y, np.nan)
