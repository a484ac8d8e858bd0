"""A curve that grows while a run trains: loss or accuracy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHideEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedLayout, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.header import Part, PlotHeader

if TYPE_CHECKING:
    from cnn_studio.ui.plots.curves import Best, Curves
    from cnn_studio.ui.plots.series import Series


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """What a plot shows.

    Attributes:
        title: name of the quantity.
        axis: title of the y axis, with the unit.
        line: token of the line's colour.
        percent: values are fractions, shown as per cent, and more is better.
        empty: what to do to see something here.
    """

    title: str
    axis: str
    line: str
    percent: bool
    empty: str

    def text(self, value: float) -> str:
        """Return a value as people read it."""
        if not math.isfinite(value):
            return "not a number"
        return f"{100 * value:.1f} %" if self.percent else f"{value:.3g}" if value < 1e-3 else f"{value:.3f}"


LOSS = PlotSpec("Loss", "cross-entropy", "loss", False, "Press Train (Ctrl+T) to see the loss fall here")
ACCURACY = PlotSpec(
    "Accuracy", "right, %", "accuracy", True, "Press Train (Ctrl+T) to see the accuracy rise here"
)


class LivePlot(QWidget):
    """Faint raw line per batch, bold smoothed line, points for the validation, the best epoch marked.

    Until `activate` it is a light placeholder. Values may come at any rate; they are drawn when the clock says so.
    """

    def __init__(self, spec: PlotSpec, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._spec = spec
        self._clock = clock
        self._curves: Curves | None = None
        self._train: Series | None = None
        self._val: Series | None = None
        self._steps_per_epoch = 1
        self._best: tuple[int, float, float] | None = None  # epoch, x, y
        self._hover: float | None = None
        self._is_dirty = False

        self._header = PlotHeader(spec.title, self)
        self._empty = QLabel(spec.empty, self)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        theme.set_role(self._empty, "muted")
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(4))
        layout.addWidget(self._header)
        layout.addLayout(self._stack, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        theme.manager().changed.connect(self._restyle)

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

        spec = self._spec
        self._curves = Curves(spec.line, "epoch", spec.axis, spec.percent, self._hovered)
        self._stack.addWidget(self._curves.widget)
        if self._has_points():
            self._request()

    def start(self, steps_per_epoch: int, num_epochs: int | None = None) -> None:
        """Begin a new run: forget the last one's points.

        Args:
            steps_per_epoch: turns steps into the epochs of the x axis; it also sets how far the smoothed line
                looks back.
            num_epochs: where the x axis ends at the latest; None if nobody knows.
        """
        self.activate()
        train, val = self._series()
        self._steps_per_epoch = max(1, steps_per_epoch)
        window = min(max(self._steps_per_epoch / 3, 4), 50)
        train.clear(beta=1 - 1 / window)
        val.clear()
        self._best = None
        if self._curves is not None:
            self._curves.end = math.inf if num_epochs is None else num_epochs
            self._curves.show_all()
        self._request()

    def clear(self) -> None:
        """Show the empty state again."""
        if self._has_points():
            train, val = self._series()
            train.clear()
            val.clear()
        self._best = None
        self._request()

    def append(self, step: int, value: float) -> None:
        """Add a batch; a value that is no finite number leaves a gap."""
        self._series()[0].append(step / self._steps_per_epoch, value)
        self._request()

    def append_epoch(self, step: int, epoch: int, value: float, *, is_best: bool) -> None:
        """Add the validation after an epoch; `is_best` moves the ring here."""
        x = step / self._steps_per_epoch
        self._series()[1].append(x, value)
        if is_best:
            self._best = (epoch, x, value)
        self._request()

    def _series(self) -> tuple[Series, Series]:
        if self._train is None or self._val is None:
            from cnn_studio.ui.plots.series import Series  # numpy: 0.1 s that the first paint can do without

            self._train, self._val = Series(), Series()
        return self._train, self._val

    def _has_points(self) -> bool:
        return bool(self._train) or bool(self._val)

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
            self._curves.show(*self._series(), self._best_mark())

    def _best_mark(self) -> Best | None:
        from cnn_studio.ui.plots.curves import Best

        if self._best is None or not math.isfinite(self._best[2]):
            return None
        epoch, x, y = self._best
        return Best(x, y, f"epoch {epoch}")

    def _parts(self) -> tuple[Part, ...]:
        if not self._has_points():
            return ()
        train, val = self._series()
        if self._hover is not None:
            return self._parts_at(self._hover)
        text = self._spec.text
        now = []
        if (last := train.last) is not None:
            raw = float(train.y[-1])
            now.append(Part(f"{text(last if math.isfinite(raw) else raw)} train", self._spec.line))
        if len(val):
            now.append(Part(f"{text(float(val.y[-1]))} validation", "validation", is_round=True))
        if self._spec.percent and self._best is not None:
            # what comes first is what a narrow plot keeps
            epoch, _, value = self._best
            latest = math.isclose(value, float(val.y[-1])) if len(val) else False
            best = f"best at epoch {epoch}" if latest else f"best {text(value)} at epoch {epoch}"
            return (now[-1], Part(best), *now[:-1])
        return tuple(now)

    def _parts_at(self, x: float) -> tuple[Part, ...]:
        """Return the values at the cursor: of the batch there, and of the epoch whose end is nearest."""
        train, val = self._series()
        text = self._spec.text
        parts = [Part(f"at epoch {max(x, 0):.2f}")]
        if (at := train.nearest(x)) is not None:
            parts.append(Part(f"{text(float(train.smooth[at]))} train", self._spec.line))
        if (at := val.nearest(x)) is not None:
            epoch = round(float(val.x[at]))
            parts.append(
                Part(f"{text(float(val.y[at]))} validation (epoch {epoch})", "validation", is_round=True)
            )
        return tuple(parts)

    def _hovered(self, x: float | None) -> None:
        self._hover = x
        self._header.set_parts(self._parts())

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
