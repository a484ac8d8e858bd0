"""The Training tab: settings and progress on the left, live plots on the right."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from cnn_studio.engine.events import (
    BatchDone,
    Event,
    FrontComputed,
    GradientsMeasured,
    RateChanged,
    ResourcesMeasured,
    RunContinued,
    RunFinished,
    RunPaused,
    RunStarted,
    SpeedTuned,
    TuningStarted,
)
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.ui import theme
from cnn_studio.ui.panels.computing_text import computing_help, computing_text
from cnn_studio.ui.panels.run_progress import RunProgress, State
from cnn_studio.ui.panels.training_side import TrainingSide
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.deck import PlotDeck


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
        message: something the user should know.
    """

    controls_changed = Signal()
    settings_changed = Signal()
    details_requested = Signal(str)
    message = Signal(str)

    def __init__(self, parent: QWidget | None = None, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)  # the plots paint the panel's ground too
        self._state: State = "idle"
        self._ready = (True, "")
        self._estimate = ""
        self._preparing = ""
        self._tuned: SpeedTuned | None = None  # of the run that is about to start
        self._controls = Controls()
        self._now = now
        self._progress = RunProgress(now)
        self._clock = RepaintClock(self)
        self.side = TrainingSide()
        self.side.changed.connect(self._edited)
        self.side.details_requested.connect(self._details_clicked)
        self.side.smaller.clicked.connect(self._take_smaller)
        self.deck = PlotDeck(self._clock)
        self.deck.message.connect(self.message)
        whole = QSplitter(Qt.Orientation.Horizontal, self)
        whole.addWidget(self.side)
        self.deck.setMinimumWidth(theme.px(520))
        whole.addWidget(self.deck)
        whole.setStretchFactor(0, 0)
        whole.setStretchFactor(1, 1)
        whole.setSizes([theme.px(316), theme.px(1200)])
        whole.setChildrenCollapsible(False)
        whole.setHandleWidth(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(whole)
        self._refresh()

    def activate(self) -> None:
        """Load the plot library now (0.3 to 0.9 s the first time), not when the first run starts."""
        self.deck.activate()

    def settings(self) -> TrainSettings | None:
        """Return the settings as typed, or None while a field is wrong; the panel shows the reason."""
        return self.side.settings()

    def set_settings(self, settings: TrainSettings) -> None:
        """Show these settings; `settings_changed` is emitted if they differ."""
        self.side.set_settings(settings)

    def set_data_text(self, text: str, num_train: int | None = None) -> None:
        """Show which data the run will use, such as ``Digits · 1,437 + 360``."""
        self.side.set_data_text(text, num_train)

    def set_families(self, families: Mapping[str, str]) -> None:
        """Colour the gradient bars: family key by layer path."""
        self.deck.set_families(families)

    def set_ready(self, ready: bool, reason: str = "", estimate: str = "") -> None:
        """Allow training or not.

        Args:
            ready: whether a run may start.
            reason: the sentence that says what is missing.
            estimate: what a run will take, in words.
        """
        self._ready = (ready, reason)
        self._estimate = estimate
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
        if state == "preparing":
            self._forget_speed()
            self.side.show_proof(None)
        self._refresh()

    def forget_run(self) -> None:
        """Show the empty state again, because another network is open; a run that goes on stays in view."""
        if self._state != "idle":
            return
        self._progress = RunProgress(self._now)
        self.deck.clear()
        self._forget_speed()
        self.side.show_proof(None)
        self._refresh()

    @Slot(list)
    def handle(self, events: Sequence[Event]) -> None:
        """Take what a run reported since the last time, in order."""
        self.deck.handle(events)
        for event in events:
            self._progress.take(event)
            self._take(event)
        if not all(isinstance(event, BatchDone | GradientsMeasured | ResourcesMeasured) for event in events):
            self._refresh()
        elif events:
            self._clock.request(self)

    def repaint_now(self) -> None:
        """Bring progress and text up to date; called by the clock, because 30 times a second nobody can read."""
        self._refresh()

    def _take(self, event: Event) -> None:
        match event:
            case TuningStarted():
                self._preparing = "measuring the fastest way to compute this network here"
            case SpeedTuned():
                self._preparing, self._tuned = "", event
            case FrontComputed(done, total, layers):
                self._preparing = f"computing the {layers:,} frozen layers once: {done:,} of {total:,} images"
            case RunStarted(learning_rate=rate):
                self._state = "running"
                self._show_speed(event)
                settings = self.settings()
                if rate > 0:
                    self.side.rate.show_rate(rate)
                elif settings is not None:
                    self.side.rate.show_rate(settings.learning_rate)
            case RunPaused():
                self._state = "paused"
            case RunContinued():
                self._state = "running"
            case RateChanged(learning_rate=rate):
                self.side.rate.show_rate(rate)
            case RunFinished():
                self._state, self._preparing = "idle", ""
                self._clock.tick()  # the last points must not wait for their turn
            case _:
                pass

    def _show_speed(self, started: RunStarted) -> None:
        self.side.speed.setText(computing_text(started, self._tuned))
        self.side.speed.setToolTip(computing_help(self._tuned))
        self.side.speed.show()
        self._tuned = None

    def _forget_speed(self) -> None:
        self._preparing, self._tuned = "", None
        self.side.speed.hide()

    def _refresh(self) -> None:
        """Bring controls, bar and line in step with state, settings and readiness."""
        state, (ready, reason), side = self._state, self._ready, self.side
        idle = state == "idle"
        error = side.form.error()
        blocked = error or ("" if ready else reason or "The network or the data is not ready.")
        controls = Controls(
            not blocked,
            state in ("running", "paused"),
            state in ("preparing", "running", "paused"),
            state == "paused",
            blocked,
        )
        if controls != self._controls:
            self._controls = controls
            self.controls_changed.emit()
        side.rate.setVisible(controls.can_pause)
        side.find_rate.setEnabled(idle and not blocked)
        side.find_batch.setEnabled(idle and not blocked)
        end = self._progress.finished
        failed = idle and end is not None and end.status == "failed"
        side.details.setVisible(bool(failed and end is not None and end.details))
        smaller = end.smaller_batch if failed and end is not None else None
        side.smaller.setVisible(smaller is not None)
        side.smaller.setText(f"Take batches of {smaller:,}" if smaller else "")
        side.bar.setVisible(not idle)
        side.bar.setRange(0, 0 if state == "preparing" else 1000)
        side.bar.setValue(round(1000 * self._progress.fraction))
        text, role = self._progress.text() or self._ready_text(), "error" if failed else "small"
        if idle and blocked:
            text, role = blocked, "error" if error else "warning"
        elif state == "preparing":
            text = self._preparing or "building the network and reading the data"
        elif state == "stopping":
            text = "stopping after this batch"
        side.line.setText(text)
        theme.set_role(side.line, role)

    def _ready_text(self) -> str:
        goes_on = self.side.form.field("start").value() == "trained"
        text = "ready to go on from the trained weights" if goes_on else "ready to train new weights"
        return f"{text} · {self._estimate}" if self._estimate else text

    @Slot()
    def _edited(self) -> None:
        self._refresh()
        self.settings_changed.emit()

    @Slot()
    def _details_clicked(self) -> None:
        end = self._progress.finished
        if end is not None:
            self.details_requested.emit(end.details)

    @Slot()
    def _take_smaller(self) -> None:
        end, settings = self._progress.finished, self.settings()
        if end is not None and end.smaller_batch is not None and settings is not None:
            self.set_settings(settings.model_copy(update={"batch_size": end.smaller_batch}))
