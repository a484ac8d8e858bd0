"""The Training tab: settings and progress on the left, live plots on the right."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    Event,
    GradientsMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
)
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.ui import theme
from cnn_studio.ui.panels.run_progress import RunProgress, State
from cnn_studio.ui.panels.settings_form import SettingsForm
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.gradient_bars import GradientBars
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, LivePlot

_BASIC = ("optimizer", "learning_rate", "momentum", "weight_decay", "batch_size", "epochs")


@dataclass(frozen=True, slots=True)
class Controls:
    """Which controls of a run make sense now.

    Attributes:
        can_train, can_pause, can_stop: whether each does something.
        is_paused: pausing again means going on.
        reason: the sentence that says why a run cannot start, or nothing.
    """

    can_train: bool = True
    can_pause: bool = False
    can_stop: bool = False
    is_paused: bool = False
    reason: str = ""


class TrainingPanel(QWidget):
    """Settings of the next run, and progress and curves of the present one. Never blocks.

    Attributes:
        controls_changed: ask `controls` which of train, pause and stop make sense now.
        settings_changed: after every edit of a setting, right or wrong; ask `settings`.
        details_requested: with the traceback of a failed run.
    """

    controls_changed = Signal()
    settings_changed = Signal()
    details_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)  # the plots paint the panel's ground too
        self._state: State = "idle"
        self._ready = (True, "")
        self._controls = Controls()
        self._now = now
        self._progress = RunProgress(now)
        self._clock = RepaintClock(self)
        self._form = SettingsForm(TrainSettings(), _BASIC)
        self._form.changed.connect(self._edited)
        self.loss = LivePlot(LOSS, self._clock)
        self.accuracy = LivePlot(ACCURACY, self._clock)
        self.gradients = GradientBars(self._clock)
        self._build()
        self._refresh()

    def _build(self) -> None:
        space = theme.current().space
        right = QSplitter(Qt.Orientation.Horizontal)
        for at, plot in enumerate((self.loss, self.accuracy, self.gradients)):
            holder = QWidget()
            inside = QVBoxLayout(holder)
            inside.setContentsMargins(*(theme.px(n) for n in (space.m, space.m, space.m, space.xs)))
            inside.addWidget(plot)
            right.addWidget(holder)
            right.setStretchFactor(at, 4 if at < 2 else 3)
        whole = QSplitter(Qt.Orientation.Horizontal, self)
        whole.addWidget(self._build_left())
        whole.addWidget(right)
        whole.setStretchFactor(0, 0)
        whole.setStretchFactor(1, 1)
        whole.setSizes([theme.px(316), theme.px(1200)])
        right.setSizes([theme.px(n) for n in (480, 480, 320)])
        for splitter in (whole, right):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(whole)

    def _build_left(self) -> QWidget:
        space = theme.current().space
        self._data = QLabel("No data yet")
        self._data.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.set_role(self._data, "strong")
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self._form)
        self._bar = QProgressBar()
        self._bar.setRange(0, 1000)
        self._bar.setTextVisible(False)
        self._line = QLabel()
        self._line.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._line.setWordWrap(True)
        self._line.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPushButton("Details")
        theme.set_role(self._details, "quiet")
        self._details.setToolTip("Show what the program reported when the run failed")
        self._details.clicked.connect(self._details_clicked)
        left = QWidget()
        left.setMinimumWidth(theme.px(236))
        layout = QVBoxLayout(left)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.s, space.s)))
        layout.setSpacing(theme.px(6))
        layout.addWidget(self._data)
        layout.addWidget(scroll, 1)
        layout.addWidget(self._bar)
        layout.addWidget(self._line)
        layout.addWidget(self._details, 0, Qt.AlignmentFlag.AlignLeft)
        return left

    def activate(self) -> None:
        """Load the plot library now (0.3 to 0.9 s the first time), not when the first run starts."""
        self.loss.activate()
        self.accuracy.activate()

    def settings(self) -> TrainSettings | None:
        """Return the settings as typed, or None while a field is wrong; the panel shows the reason."""
        value = self._form.value()
        return value if isinstance(value, TrainSettings) else None

    def set_settings(self, settings: TrainSettings) -> None:
        """Show these settings; `settings_changed` is emitted if they differ."""
        self._form.set_value(settings)

    def set_data_text(self, text: str) -> None:
        """Show which data the run will use, such as ``Digits · 1,437 + 360``."""
        self._data.setText(text)
        self._data.setToolTip(f"{text} (training + validation images)" if text else "")

    def set_families(self, families: Mapping[str, str]) -> None:
        """Colour the gradient bars: family key by layer path."""
        self.gradients.set_families(families)

    def set_ready(self, ready: bool, reason: str = "") -> None:
        """Allow training or not; the reason is the sentence that says what is missing."""
        self._ready = (ready, reason)
        self._refresh()

    @property
    def controls(self) -> Controls:
        """Which controls make sense now; `controls_changed` says when that changes."""
        return self._controls

    @property
    def state(self) -> State:
        """What the run does, as told by `set_state` or the events."""
        return self._state

    def set_state(self, state: State) -> None:
        """Say what the run does; its events say it too, so only ``preparing`` and ``stopping`` must be told."""
        self._state = state
        self._refresh()

    def forget_run(self) -> None:
        """Show the empty state again, because another network is open; a run that goes on stays in view."""
        if self._state != "idle":
            return
        self._progress = RunProgress(self._now)
        for plot in (self.loss, self.accuracy, self.gradients):
            plot.clear()
        self._refresh()

    @Slot(list)
    def handle(self, events: Sequence[Event]) -> None:
        """Take what a run reported since the last time, in order."""
        for event in events:
            self._progress.take(event)
            self._take(event)
        if not all(isinstance(event, BatchDone | GradientsMeasured) for event in events):
            self._refresh()
        elif events:
            self._clock.request(self)

    def repaint_now(self) -> None:
        """Bring progress and text up to date; called by the clock, because 30 times a second nobody can read."""
        self._refresh()

    def _take(self, event: Event) -> None:
        match event:
            case BatchDone():
                self.loss.append(event.step, event.loss)
                self.accuracy.append(event.step, event.accuracy)
            case GradientsMeasured():
                self.gradients.set_norms(event.norms)
            case EpochDone():
                best = event.is_best
                self.loss.append_epoch(event.step, event.epoch, event.val_loss, is_best=best)
                self.accuracy.append_epoch(event.step, event.epoch, event.val_accuracy, is_best=best)
            case RunStarted():
                self.loss.start(event.steps_per_epoch, event.num_epochs)
                self.accuracy.start(event.steps_per_epoch, event.num_epochs)
                self.gradients.clear()
                self._state = "running"
            case RunPaused():
                self._state = "paused"
            case RunContinued():
                self._state = "running"
            case RunFinished():
                self._state = "idle"
                self._clock.tick()  # the last points must not wait for their turn

    def _refresh(self) -> None:
        """Bring controls, bar and line in step with state, settings and readiness."""
        state, (ready, reason) = self._state, self._ready
        idle = state == "idle"
        error = self._form.error()
        blocked = error or ("" if ready else reason or "The network or the data is not ready.")
        controls = Controls(
            idle and not blocked,
            state in ("running", "paused"),
            state in ("preparing", "running", "paused"),
            state == "paused",
            blocked if idle else "",
        )
        if controls != self._controls:
            self._controls = controls
            self.controls_changed.emit()
        self._form.set_enabled(idle)
        # Adam keeps averages of its own
        self._form.field("momentum").setEnabled(self._form.field("optimizer").value() == "sgd")
        end = self._progress.finished
        failed = idle and end is not None and end.status == "failed"
        self._details.setVisible(bool(failed and end is not None and end.details))
        self._bar.setRange(0, 0 if state == "preparing" else 1000)
        self._bar.setValue(round(1000 * self._progress.fraction))
        text, role = self._progress.text() or self._ready_text(), "error" if failed else "small"
        if idle and blocked:
            text, role = blocked, "error" if error else "warning"
        elif state == "preparing":
            text = "building the network and reading the data"
        elif state == "stopping":
            text = "stopping after this batch"
        self._line.setText(text)
        theme.set_role(self._line, role)

    def _ready_text(self) -> str:
        goes_on = self._form.field("start").value() == "trained"
        return "ready to go on from the trained weights" if goes_on else "ready to train new weights"

    @Slot()
    def _edited(self) -> None:
        self._refresh()
        self.settings_changed.emit()

    @Slot()
    def _details_clicked(self) -> None:
        end = self._progress.finished
        if end is not None:
            self.details_requested.emit(end.details)
