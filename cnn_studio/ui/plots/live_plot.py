"""A curve that grows while a run trains: loss, accuracy, learning rate, speed or memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QAction, QContextMenuEvent, QHideEvent, QPainter, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.header import Part, PlotHeader, paint_header
from cnn_studio.ui.plots.plot_menu import PlotMenu
from cnn_studio.ui.plots.spec import ACCURACY, LOSS, MEMORY, RATE, SPEED, Overlay, PlotSpec, XAxis
from cnn_studio.ui.widgets.hint import hint_label

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cnn_studio.ui.plots.curve_data import CurveData
    from cnn_studio.ui.plots.curves import Curves

__all__ = ["ACCURACY", "LOSS", "MEMORY", "RATE", "SPEED", "LivePlot", "Overlay", "PlotSpec"]


_X_AXES: tuple[tuple[XAxis, str], ...] = (("epoch", "Epochs"), ("step", "Steps"), ("time", "Training time"))
_SMOOTHING: tuple[tuple[float | None, str], ...] = (
    (None, "Fitted to the run"),
    (0.0, "Off"),
    (10.0, "10 batches"),
    (50.0, "50 batches"),
    (200.0, "200 batches"),
)


class LivePlot(QWidget):
    """Faint raw line per batch, bold smoothed line, points for the validation, the best epoch and moments marked.

    Until `activate` it is a light placeholder. Values may come at any rate; they are drawn when the clock says so.

    Attributes:
        message: what was copied or written, or why not.
    """

    message = Signal(str)

    def __init__(self, spec: PlotSpec, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec = spec
        self._clock = clock
        self._curves: Curves | None = None
        self._data: CurveData | None = None
        self._num_epochs: int | None = None
        self._is_log = False
        self._hover: float | None = None
        self.smoothing_actions: dict[float | None, QAction] = {}
        self._is_dirty = False

        self._header = PlotHeader(spec.title, self)
        self.menu = PlotMenu(self, self)
        self.menu.message.connect(self.message)
        self.log_action = self.menu.add_check(
            "Logarithmic scale", "One step up is ten times as much", self.set_log
        )
        self.x_actions = self.menu.add_choice("x axis", _X_AXES, self.set_x_axis)
        self.x_actions["epoch"].setChecked(True)
        if spec.smooth:
            self.smoothing_actions = self.menu.add_choice("Smoothing", _SMOOTHING, self.set_smoothing)
            self.smoothing_actions[None].setChecked(True)
        self.menu.add_entry("Show all", self.show_all)
        self._empty = hint_label(spec.empty, self)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        top = QHBoxLayout()
        top.setSpacing(theme.px(4))
        top.addWidget(self._header, 1)
        top.addWidget(self.menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(2))
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.manager().changed.connect(self._restyle)

    @property
    def title(self) -> str:
        """What the plot shows."""
        return self._spec.title

    @property
    def header_text(self) -> str:
        """The line above the plot as plain text."""
        return self._header.text

    @property
    def is_active(self) -> bool:
        """Whether pyqtgraph is loaded and the plot can draw."""
        return self._curves is not None

    def activate(self) -> None:
        """Load pyqtgraph (0.3 to 0.9 s the first time) and build the plot; harmless when done already."""
        if self._curves is not None:
            return
        from cnn_studio.ui.plots.curves import Curves

        self._curves = Curves(self._spec, self._hovered)
        self._stack.addWidget(self._curves.widget)
        if self._has_points():
            self._request()

    @property
    def data(self) -> CurveData:
        """The numbers behind the curves."""
        if self._data is None:
            from cnn_studio.ui.plots.curve_data import (
                CurveData,
            )  # numpy: 0.1 s that the first paint can spare

            self._data = CurveData(self._spec)
        return self._data

    def _has_points(self) -> bool:
        return self._data is not None and not self._data.is_empty

    # ------------------------------------------------------------------------------------------------------ points

    def start(self, steps_per_epoch: int, num_epochs: int | None = None) -> None:
        """Begin a new run: forget the last one's points.

        Args:
            steps_per_epoch: turns steps into the epochs of the x axis; it also sets how far the smoothed line
                looks back.
            num_epochs: where the x axis ends at the latest; None if nobody knows.
        """
        self.activate()
        self._num_epochs = num_epochs
        self.data.start(steps_per_epoch)
        if self._curves is not None:
            self._curves.end = math.inf if num_epochs is None else num_epochs
            self._curves.show_all()
        self._request()

    def clear(self) -> None:
        """Show the empty state again; other runs stay."""
        if self._data is not None:
            self._data.clear()
        self._request()

    def append(self, step: int, value: float, seconds: float = math.nan) -> None:
        """Add a batch; a value that is no finite number leaves a gap.

        Args:
            step: counts from 1.
            value: of the batch.
            seconds: training time until then; NaN where nobody knows.
        """
        self.data.train.append(step, value, seconds)
        self._request()

    def extend(self, steps: ArrayLike, values: ArrayLike, seconds: ArrayLike | None = None) -> None:
        """Add many batches at once."""
        self.data.train.extend(steps, values, seconds)
        self._request()

    def append_epoch(
        self, step: int, epoch: int, value: float, *, is_best: bool, train: float = math.nan
    ) -> None:
        """Add the validation after an epoch; `is_best` moves the ring here, `train` is the epoch's training value."""
        self.data.append_epoch(step, epoch, value, is_best=is_best, train=train)
        self._request()

    def mark(self, step: int, text: str) -> None:
        """Mark a moment of the run, such as another learning rate."""
        self.data.mark(step, text)
        self._request()

    def set_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Show the curves of other runs, bold and smoothed, in place of those shown before."""
        if overlays:
            self.activate()
        self.data.set_overlays(overlays)
        if self._curves is not None:
            self._curves.show_all()
        self._request()

    def extend_overlay(self, at: int, steps: ArrayLike, values: ArrayLike, seconds: ArrayLike) -> None:
        """Add batches to one of the other runs, which may go on too."""
        self.data.extend_overlay(at, steps, values, seconds)
        self._request()

    # ------------------------------------------------------------------------------------------------------- looks

    def set_empty_text(self, text: str) -> None:
        """Say something else where there is nothing to draw."""
        self._empty.setText(text)

    def set_smoothing(self, window: float | None) -> None:
        """Smooth over about this many batches: None fits it to the run, 1 or less turns it off."""
        self.data.set_window(window)
        for value, action in self.smoothing_actions.items():
            action.setChecked(value == window)
        self._request()

    @property
    def smoothing_window(self) -> float:
        """Over how many batches the line is smoothed; 1 is not at all."""
        return 1 / (1 - self.data.beta)

    def set_x_axis(self, axis: XAxis) -> None:
        """Show epochs, steps or training time."""
        self.data.axis = axis
        self.x_actions[axis].setChecked(True)
        self._request()

    @Slot(bool)
    def set_log(self, on: bool) -> None:
        """Show the values on a logarithmic scale or not."""
        self._is_log = on
        self.log_action.setChecked(on)
        self._request()

    @property
    def is_log(self) -> bool:
        """Whether the scale is logarithmic."""
        return self._is_log

    @Slot()
    def show_all(self) -> None:
        """Leave a zoomed view (a double click does it too)."""
        if self._curves is not None:
            self._curves.show_all()
        self._request()

    def _request(self) -> None:
        if not self._is_dirty:
            self._is_dirty = True
            if self.isVisible():
                self._clock.request(self)

    def repaint_now(self) -> None:
        """Show all that has come since the last time; called by the clock."""
        self._is_dirty = False
        self._header.set_parts(self._parts())
        if self._curves is None:
            return
        self._stack.setCurrentWidget(self._curves.widget if self._has_points() else self._empty)
        if self._has_points():
            self._curves.set_scales(self.data.axis, self._is_log)
            self._curves.show(self.data.drawing())

    def _parts(self) -> tuple[Part, ...]:
        if not self._has_points():
            return ()
        return self.data.parts() if self._hover is None else self.data.parts_at(self._hover)

    def _hovered(self, x: float | None) -> None:
        self._hover = x
        self._header.set_parts(self._parts())

    # ------------------------------------------------------------------------------------------------------ export

    def figure_size(self) -> QSize:
        """Return how large the plot's picture is."""
        return QSize(820, 460)

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is seen now into a picture, in the colours of now."""
        from cnn_studio.ui.plots.curves import Curves

        self.activate()
        line = float(self._header.sizeHint().height())
        parts = self.data.parts() if self._has_points() else ()
        paint_header(painter, self.title, parts, QRectF(area.left(), area.top(), area.width(), line))
        below = area.adjusted(0, line + theme.px(6), 0, 0)
        # the one of the window has the window's size and colours
        copy = Curves(self._spec, pen_scale=painter.device().devicePixelRatio())
        copy.widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        copy.widget.resize(round(below.width()), round(below.height()))
        copy.widget.show()
        copy.end = math.inf if self._num_epochs is None else self._num_epochs
        copy.set_scales(self.data.axis, self._is_log)
        if self._curves is not None and not self._curves.follows:
            copy.show_range(self._curves)
        if self._has_points():
            copy.show(self.data.drawing())
            copy.render(painter, below)
        copy.widget.close()
        copy.widget.deleteLater()

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the numbers as CSV, from a copy of those of now."""
        from cnn_studio.ui.plots.curve_csv import CurveTable

        data = self.data
        table = CurveTable(self.title)
        table.add("train" if self._spec.smooth else self.title.lower(), data.train)
        table.add("validation", data.validation)
        for overlay, line, epochs in data.overlays:
            table.add(overlay.name, line)
            table.add(f"{overlay.name}, validation", epochs)
        return table.text

    # ------------------------------------------------------------------------------------------------------ window

    def _restyle(self) -> None:
        self._header.update()
        if self._curves is not None:
            self._curves.restyle()
            self._request()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(150), theme.px(96))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(380), theme.px(200))

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_dirty:
            self._clock.request(self)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._hover = None
        super().hideEvent(event)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._has_points():
            self._request()  # another width, another thinning

    @override
    def leaveEvent(self, event: QEvent) -> None:
        if self._curves is not None:
            self._curves.leave()
        super().leaveEvent(event)
