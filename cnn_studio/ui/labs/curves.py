"""Loss and accuracy of the runs of an experiment, laid over each other while they come."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from PySide6.QtCore import Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.app.labs.running import ArmStarted
from cnn_studio.engine.events import BatchDone, EpochDone, RunStarted
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import RUN_TOKENS
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, LivePlot
from cnn_studio.ui.plots.spec import Overlay
from cnn_studio.ui.widgets.clear import clear_layout

_MARK = 10
BEFORE = "Choose what you expect, then press Run"
"""What an empty picture says."""


@dataclass
class _Arm:
    name: str
    color: str
    steps: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    rights: list[float] = field(default_factory=list)
    val_losses: list[tuple[float, float]] = field(default_factory=list)
    val_rights: list[tuple[float, float]] = field(default_factory=list)
    steps_per_epoch: float = 1.0

    def overlay(self, values: list[float], epochs: list[tuple[float, float]]) -> Overlay:
        return Overlay(
            self.name, self.color, self.steps, values, self.seconds, self.steps_per_epoch, list(epochs)
        )


class LabCurves(QWidget):
    """Two plots with a line per run: of the training batches, with a mark for each validation."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        clock = RepaintClock(self)
        empty = {"empty": BEFORE}
        self.loss, self.accuracy = (
            LivePlot(replace(LOSS, **empty), clock),  # type: ignore[arg-type]  # the one field is a text
            LivePlot(replace(ACCURACY, **empty), clock),  # type: ignore[arg-type]
        )
        self.loss.set_log(True)  # a loss that explodes would flatten all others
        self._arms: list[_Arm] = []
        space = theme.current().space
        self._legend = QHBoxLayout()
        self._legend.setSpacing(theme.px(space.m))
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        row.addWidget(self.loss, 1)
        row.addWidget(self.accuracy, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(space.xs))
        column.addLayout(self._legend)
        column.addLayout(row, 1)
        theme.manager().changed.connect(self._show_legend)

    def clear(self) -> None:
        """Forget all runs."""
        self._arms = []
        self._show()
        self._show_legend()

    def take(self, event: object) -> None:
        """Show what an event of an experiment says; others are passed over."""
        match event:
            case ArmStarted(number, _, name):
                self._arms.append(_Arm(name, RUN_TOKENS[(number - 1) % len(RUN_TOKENS)]))
                self._show_legend()
            case RunStarted() if self._arms:
                self._arms[-1].steps_per_epoch = event.steps_per_epoch
            case BatchDone() if self._arms:
                arm = self._arms[-1]
                arm.steps.append(event.step)
                arm.seconds.append(event.seconds)
                arm.losses.append(event.loss)
                arm.rights.append(event.accuracy)
            case EpochDone() if self._arms:
                arm = self._arms[-1]
                arm.val_losses.append((event.step, event.val_loss))
                arm.val_rights.append((event.step, event.val_accuracy))
                self._show()

    def _show(self) -> None:
        shown = [arm for arm in self._arms if arm.steps]
        self.loss.set_overlays([arm.overlay(arm.losses, arm.val_losses) for arm in shown])
        self.accuracy.set_overlays([arm.overlay(arm.rights, arm.val_rights) for arm in shown])

    @Slot()
    def _show_legend(self) -> None:
        """Name the colours: the names are too long for the line above a plot."""
        clear_layout(self._legend)
        for arm in self._arms:
            mark = QPixmap(theme.px(_MARK), theme.px(_MARK))
            mark.fill(theme.qcolor(arm.color))
            square, name = QLabel(), QLabel(arm.name)
            square.setPixmap(mark)
            theme.set_role(name, "muted")
            self._legend.addWidget(square)
            self._legend.addWidget(name)
        self._legend.addStretch(1)
