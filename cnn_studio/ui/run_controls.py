"""What Train, Pause and Stop do, and when they can: between the actions, the panel and the controller."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QMessageBox, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.actions import Actions
from cnn_studio.ui.panels.run_curves import RunOverlay
from cnn_studio.ui.training_controller import TrainingController
from cnn_studio.ui.workspace import Workspace


class RunControls(QObject):
    """The actions of runs.

    Attributes:
        train_pressed: a run was started or put in the queue.
    """

    train_pressed = Signal()

    def __init__(
        self, training: TrainingController, workspace: Workspace, actions: Actions, window: QWidget
    ) -> None:
        super().__init__(window)
        self._training = training
        self._workspace = workspace
        self._panel = workspace.training
        self._actions = actions.all
        self._window = window
        self._panel.controls_changed.connect(self.refresh)
        self._panel.details_requested.connect(self._show_details)
        self._panel.side.rate_changed.connect(self._change_rate)
        training.started.connect(self._started)
        runs = workspace.runs
        runs.repeat_requested.connect(training.repeat)
        runs.resume_requested.connect(training.go_on)
        runs.overlay_changed.connect(self._overlay)
        runs.message.connect(workspace.say)
        training.running_changed.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Let the actions be what makes sense now."""
        now, actions, waiting = self._panel.controls, self._actions, self._training.waiting
        queues = self._training.is_training
        actions["train"].setEnabled(now.can_train)
        help_ = (
            "Train this network next, when the run that goes on has ended" if queues else "Train the network"
        )
        actions["train"].setToolTip(now.reason or f"{help_} (Ctrl+T)")
        actions["pause"].setEnabled(now.can_pause)
        actions["pause"].setText("Continue" if now.is_paused else "Pause")
        theme.bind_icon(actions["pause"], "play" if now.is_paused else "pause")
        actions["step"].setEnabled(now.can_pause)
        actions["stop"].setEnabled(now.can_stop)
        actions["discard"].setEnabled(now.can_stop)
        actions["forget_waiting"].setEnabled(bool(waiting))
        actions["forget_waiting"].setToolTip(
            "\n".join(["Let these runs not start:", *waiting]) if waiting else "No run waits"
        )

    @Slot()
    def train(self) -> None:
        """Start a run, or let it wait for the one that goes on, if there is nothing in the way."""
        if not self._panel.controls.can_train:
            return
        self.train_pressed.emit()
        self._workspace.data.put_off_report()
        self._workspace.show_training()
        waits = self._training.is_training
        self._training.train()
        if waits:
            count = len(self._training.waiting)
            ahead = "The run starts" if count == 1 else f"{count:,} runs wait now. This one starts"
            self._workspace.say(
                f"{ahead} when those before it have ended, with network and settings as they are now."
            )

    @Slot(str)
    def _started(self, name: str) -> None:
        self._workspace.show_training()
        self._workspace.runs_changed()  # one that goes on can no longer be resumed or deleted
        self._panel.set_state("preparing")
        self._workspace.show_families()

    @Slot()
    def pause_or_resume(self) -> None:
        """Let the run wait after this batch, or go on."""
        control = self._training.control
        if control is None:
            return
        if self._panel.state == "paused":
            control.resume()
        else:
            control.pause()

    @Slot()
    def step_once(self) -> None:
        """Take one batch and wait; a run that goes on waits after it."""
        if self._training.control is not None:
            self._training.control.step_once()

    @Slot()
    def stop(self) -> None:
        """End the run after this batch; its best weights are kept."""
        if self._training.is_training:
            self._panel.set_state("stopping")
            self._training.stop()

    @Slot()
    def discard(self) -> None:
        """End the run and keep nothing of it."""
        if self._training.is_training and self._may_discard():
            self._panel.set_state("stopping")
            self._training.stop("discard")

    def _may_discard(self) -> bool:
        """Ask before a run goes that was kept before; one that only began is discarded as said."""
        if not self._training.is_resumed:
            return True
        box = QMessageBox(self._window)
        box.setWindowTitle("Discard the whole run?")
        box.setText(
            "This run was kept before it went on. Discarding it deletes that too: its curves and its network."
        )
        discard = box.addButton("Discard it all", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is discard

    @Slot(list)
    def _overlay(self, runs: list[RunOverlay]) -> None:
        """Lay the curves of ticked runs over those of the present one."""
        self._panel.deck.set_overlays([run.loss for run in runs], [run.accuracy for run in runs])

    @Slot(float)
    def _change_rate(self, rate: float) -> None:
        if self._training.control is not None:
            self._training.control.set_learning_rate(rate)

    @Slot(str)
    def _show_details(self, details: str) -> None:
        box = QMessageBox(self._window)
        box.setWindowTitle("What the program reported")
        box.setText("The run failed. This is what the program reported:")
        box.setDetailedText(details)
        box.open()

    def may_close(self) -> bool:
        """Ask about a run that goes on; return whether the window may close."""
        if not self._training.is_training:
            return True
        box = QMessageBox(self._window)
        box.setWindowTitle("Training is running")
        box.setText(
            "A run is going on. It is interrupted when the program closes, and can go on from there later: Runs, Resume."
            + (" The runs that wait are forgotten." if self._training.waiting else "")
        )
        stop = box.addButton("Interrupt and close", QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(box.addButton("Keep training", QMessageBox.ButtonRole.RejectRole))
        box.exec()
        return box.clickedButton() is stop
