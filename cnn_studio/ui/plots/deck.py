"""All plots of the present run, in four views; a hidden view only keeps numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    Event,
    GradientsMeasured,
    RateChanged,
    ResourcesMeasured,
    RunFinished,
    RunStarted,
    WeightsMeasured,
)
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.curve_controls import CurveControls
from cnn_studio.ui.plots.gradient_bars import GradientBars
from cnn_studio.ui.plots.layer_plot import LayerHistoryPlot
from cnn_studio.ui.plots.live_plot import LivePlot
from cnn_studio.ui.plots.spec import ACCURACY, LOSS, MEMORY, RATE, SPEED, Overlay, XAxis
from cnn_studio.ui.plots.weight_plot import WeightHistograms

_VIEWS = (
    ("Curves", "Loss and accuracy of every batch and of the validation after each epoch"),
    (
        "Layers",
        "How large the gradient is in each layer, now and over the run: where it vanishes, nothing is learnt",
    ),
    ("Weights", "How the weights of each layer are spread, epoch after epoch"),
    ("Rate && speed", "Learning rate, images per second and memory"),
)


class PlotDeck(QWidget):
    """Takes the events of a run and shows one of four views of it.

    Attributes:
        message: what was copied or written, or why not.
        view_changed: emitted with the number of the view that is shown now.
    """

    message = Signal(str)
    view_changed = Signal(int)

    def __init__(self, clock: RepaintClock, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._clock = clock
        self.loss = LivePlot(LOSS, clock)
        self.accuracy = LivePlot(ACCURACY, clock)
        self.gradients = GradientBars(clock)
        self.layers = LayerHistoryPlot(clock)
        self.weights = WeightHistograms(clock)
        self.rate = LivePlot(RATE, clock)
        self.speed = LivePlot(SPEED, clock)
        self.memory = LivePlot(MEMORY, clock)
        self.controls = CurveControls()
        self._smoothing: float | None = None
        self._curves = (self.loss, self.accuracy)
        self._lines = (*self._curves, self.rate, self.speed, self.memory)
        for plot in (*self._lines, self.gradients, self.layers, self.weights):
            plot.message.connect(self.message)
        self.controls.smoothing_changed.connect(self._smooth)
        self.controls.axis_changed.connect(self._set_axis)
        self.controls.log_changed.connect(self._set_log)
        self._build()

    def _build(self) -> None:
        space = theme.current().space
        self._stack = QStackedWidget()
        for plots, shares in (
            (self._curves, (1, 1)),
            ((self.gradients, self.layers), (2, 3)),
            ((self.weights,), (1,)),
            ((self.rate, self.speed, self.memory), (1, 1, 1)),
        ):
            self._stack.addWidget(self._beside(plots, shares))
        bar = QHBoxLayout()
        bar.setContentsMargins(theme.px(space.m), theme.px(space.xs), theme.px(space.m), 0)
        bar.setSpacing(theme.px(2))
        self._group = QButtonGroup(self)
        for number, (name, help_) in enumerate(_VIEWS):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(help_)
            theme.set_role(button, "segment")
            self._group.addButton(button, number)
            bar.addWidget(button)
        bar.addStretch(1)
        bar.addWidget(self.controls)
        self._bar = bar
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.show_view)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(bar)
        layout.addWidget(self._stack, 1)

    @staticmethod
    def _beside(plots: Sequence[QWidget], shares: Sequence[int]) -> QSplitter:
        space = theme.current().space
        splitter = QSplitter(Qt.Orientation.Horizontal)
        for at, (plot, share) in enumerate(zip(plots, shares, strict=True)):
            holder = QWidget()
            inside = QVBoxLayout(holder)
            inside.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.xs)))
            inside.addWidget(plot)
            splitter.addWidget(holder)
            splitter.setStretchFactor(at, share)
        splitter.setSizes([share * 1000 for share in shares])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        return splitter

    # ------------------------------------------------------------------------------------------------------- views

    @Slot(int)
    def show_view(self, number: int) -> None:
        """Show one of the views: 0 curves, 1 layers, 2 weights, 3 rate and speed."""
        self._group.button(number).setChecked(True)
        if number != self._stack.currentIndex():
            self._stack.setCurrentIndex(number)
            self._fit_controls()
            self.view_changed.emit(number)

    def _fit_controls(self) -> None:
        """Show the controls where they say something and have room; the menu of each plot has them too."""
        buttons = self._group.buttons()
        needed = sum(b.sizeHint().width() for b in buttons) + self.controls.sizeHint().width() + theme.px(60)
        self.controls.setVisible(self.view in (0, 3) and needed <= self.width())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_controls()

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(420), theme.px(140))

    @property
    def view(self) -> int:
        """Which view is shown."""
        return self._stack.currentIndex()

    def activate(self) -> None:
        """Load the plot library now (0.3 to 0.9 s the first time), not when the first run starts."""
        for plot in self._curves:
            plot.activate()

    def set_families(self, families: Mapping[str, str]) -> None:
        """Say what kind of layer each is, by family key: it colours the bars and sorts the layers over time."""
        self.gradients.set_families(families)
        self.layers.set_families(families)

    @Slot(float)
    def _smooth(self, window: float) -> None:
        self._smoothing = window
        for plot in self._curves:
            plot.set_smoothing(window)

    @Slot(str)
    def _set_axis(self, axis: XAxis) -> None:
        for plot in self._lines:
            plot.set_x_axis(axis)

    @Slot(bool)
    def _set_log(self, on: bool) -> None:
        for plot in (self.loss, self.rate):
            plot.set_log(on)

    # -------------------------------------------------------------------------------------------------------- runs

    def start(self, steps_per_epoch: int, num_epochs: int | None = None) -> None:
        """Begin a new run; see `LivePlot.start`."""
        for plot in self._lines:
            plot.start(steps_per_epoch, num_epochs)
        self.layers.start(steps_per_epoch)
        self.weights.clear()
        self.gradients.clear()
        if self._smoothing is None:
            self.controls.show_smoothing(self.loss.smoothing_window)

    def clear(self) -> None:
        """Show the empty states again; runs to compare with stay."""
        for plot in (*self._lines, self.layers, self.weights, self.gradients):
            plot.clear()

    def set_overlays(self, loss: Sequence[Overlay], accuracy: Sequence[Overlay]) -> None:
        """Show the curves of other runs over those of the present one."""
        self.loss.set_overlays(loss)
        self.accuracy.set_overlays(accuracy)

    @Slot(list)
    def handle(self, events: Sequence[Event]) -> None:
        """Take what a run reported since the last time, in order; a `RunStarted` begins anew."""
        for event in events:
            self._take(event)

    def restore(self, events: Sequence[Event]) -> None:
        """Take what a run reported before it was interrupted, read back from the store; call it after `start`.

        Args:
            events: `BatchDone` and the measurements, each kind in order.
        """
        batches = [event for event in events if isinstance(event, BatchDone)]
        if batches:
            steps, seconds = [b.step for b in batches], [b.seconds for b in batches]
            self.loss.extend(steps, [b.loss for b in batches], seconds)
            self.accuracy.extend(steps, [b.accuracy for b in batches], seconds)
            self.rate.extend(steps, [b.learning_rate for b in batches], seconds)
        self.handle([event for event in events if not isinstance(event, BatchDone)])

    def _take(self, event: Event) -> None:
        match event:
            case BatchDone(step, _, loss, accuracy, rate, seconds):
                self.loss.append(step, loss, seconds)
                self.accuracy.append(step, accuracy, seconds)
                self.rate.append(step, rate, seconds)
            case GradientsMeasured():
                self.gradients.set_norms(event.norms)
                self.layers.add(event)
            case ResourcesMeasured():
                self.speed.append(event.step, event.images_per_second, event.seconds)
                self.memory.append(event.step, event.memory, event.seconds)
            case WeightsMeasured():
                self.weights.add(event)
            case RateChanged():
                for plot in (*self._curves, self.rate):
                    plot.mark(event.step, f"rate {event.learning_rate:.3g}")
            case EpochDone():
                best = event.is_best
                self.loss.append_epoch(
                    event.step, event.epoch, event.val_loss, is_best=best, train=event.train_loss
                )
                self.accuracy.append_epoch(
                    event.step, event.epoch, event.val_accuracy, is_best=best, train=event.train_accuracy
                )
            case RunStarted():
                self.start(event.steps_per_epoch, event.num_epochs)
            case RunFinished():
                self._clock.tick()  # the last points must not wait for their turn
