"""The page before a run: the recipe in words, and the run while it goes on."""

from __future__ import annotations

import shlex
from pathlib import Path

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.coding import CodesReady
from cnn_studio.app.comparing import Comparison, WayStarted, ways_of
from cnn_studio.app.jobs import JobEnded
from cnn_studio.app.training import DataReady
from cnn_studio.app.transfer_words import transfer_words
from cnn_studio.app.transferring import StageStarted, TransferOutcome
from cnn_studio.core.errors import StudioError
from cnn_studio.engine.events import BatchDone, EpochDone, FrontComputed, RunStarted, TuningStarted
from cnn_studio.transfer.recipe import load_recipe, save_recipe
from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.live_plot import ACCURACY, LivePlot
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.comparison_view import ComparisonView
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.running import Kept, work_of
from cnn_studio.ui.wizard.state import Answers, WizardState
from cnn_studio.ui.wizard.words import recipe_words

_RECIPES = "Recipes (*.json)"
_IDLE = "The accuracy of each epoch is drawn here while the network trains."


class RunPage(WizardPage):
    """All answers once more; Run carries them out."""

    title = "Review and run"
    question = "Is this what you want?"
    next_text = "Run"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._line = state.work.line(self, is_costly=True)
        self._line.told.connect(self._take)
        state.speed.measured.connect(self._changed)
        self._running: Answers | None = None
        self._codes: CodesReady | None = None
        self._way, self._has_told_data = "", False
        self._steps = self._epochs = 0
        self._words = QGridLayout()
        self.save, self.load, self.again = (
            QPushButton("Save recipe…"),
            QPushButton("Load recipe…"),
            QPushButton("Run again"),
        )
        self.log = QPlainTextEdit()
        self._clock = RepaintClock(self)
        self.plot = LivePlot(ACCURACY, self._clock)
        self.comparison = ComparisonView(self._clock)
        self._build()
        state.changed.connect(self._changed)

    def _build(self) -> None:
        space = theme.current().space
        self.save.setToolTip(
            "Write all answers to a file; the command line takes it too: cnn-studio transfer --recipe FILE"
        )
        self.load.setToolTip("Take all answers from a file")
        self.again.setToolTip("Carry the same recipe out once more")
        self.save.clicked.connect(self._ask_save)
        self.load.clicked.connect(self._ask_load)
        self.again.clicked.connect(self.run)
        card = QFrame()
        theme.set_role(card, "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(*(theme.px(space.l),) * 4)
        column.setSpacing(theme.px(space.m))
        self._words.setHorizontalSpacing(theme.px(space.l))
        self._words.setVerticalSpacing(theme.px(space.s))
        self._words.setColumnStretch(1, 1)
        column.addLayout(self._words)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(space.s))
        for button in (self.save, self.load, self.again):
            buttons.addWidget(button)
        buttons.addStretch(1)
        column.addLayout(buttons)
        self.log.setReadOnly(True)
        self.log.setAccessibleName("What happened")
        self.log.setPlaceholderText("What happens in the run is told here.")
        self.plot.set_empty_text(_IDLE)
        self.comparison.message.connect(lambda text: self.say(text, "info-notice"))
        self._single = QWidget()
        row = QHBoxLayout(self._single)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(space.m))
        row.addWidget(self.log, 1)
        row.addWidget(self.plot, 1)
        self.body.addWidget(card)
        self.body.addWidget(self._single, 1)
        self._several = scrolled(self.comparison)
        self.body.addWidget(self._several, 1)

    # ------------------------------------------------------------------------------------------------------- showing

    def enter(self) -> None:
        """Show the answers of now; the first time, find out how fast this machine is."""
        self.state.speed.ask()
        self._show_state()

    @Slot()
    def _changed(self) -> None:
        if self.isVisible():
            self._show_state()

    def _show_state(self) -> None:
        while self._words.count():
            item = self._words.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()  # until it goes, it would be seen below the new one
                widget.deleteLater()
        for row, (question, answer) in enumerate(recipe_words(self.state, self.state.speed.macs)):
            left = text_label(question, "muted")
            left.setWordWrap(False)
            self._words.addWidget(left, row, 0, Qt.AlignmentFlag.AlignTop)
            self._words.addWidget(text_label(answer), row, 1)
        self._single.setVisible(not self.state.compares)
        self._several.setVisible(self.state.compares)
        self.plot.setVisible(self.state.recipe.strategy not in ("svm", "softmax"))  # those have no epochs
        is_fresh = self._is_fresh()
        self.next_text = "Next" if is_fresh else "Run"
        self.again.setVisible(is_fresh)
        for button in (self.again, self.load):
            button.setEnabled(not self._line.is_busy)
        self.answered.emit()

    def _is_fresh(self) -> bool:
        """Whether the last result is of the answers of now."""
        return self.state.ran is not None and self.state.ran == self.state.answers()

    def problem(self) -> str:
        """Say why nothing can be run now."""
        if self._line.is_busy:
            return "The run goes on."
        if not self.state.has_network or self.state.report is None or self.state.opened is None:
            return "Images and network of this recipe are being read; see Data and Source."
        if not self._is_fresh() and self.state.trains_elsewhere():
            return "A run goes on in the main window, and both would disturb each other. Stop it, or wait for its end."
        return ""

    def pending(self) -> str:
        """Say that there is no result yet."""
        return "" if self.state.outcome is not None or self.state.comparison is not None else "Run it first."

    # ------------------------------------------------------------------------------------------------------- the run

    def proceed(self) -> bool:
        """Run, unless the result is there already."""
        if self._is_fresh():
            return True
        self.run()
        return False

    @Slot()
    def run(self) -> None:
        """Carry the recipe out."""
        if self._line.is_busy:
            return
        self.say("")
        self.log.clear()
        self.plot.clear()
        self._way, self._has_told_data = "", False
        self._codes = None
        answers = self._running = self.state.answers()
        network = self.state.session.document.copy() if answers.marks else None
        work = work_of(answers.recipe, network, self.state.kept, compares=answers.compares)
        if answers.compares:
            self.comparison.start([name for name, _ in ways_of(answers.recipe)])
        self._line.start("Transfer", work)
        self._show_state()

    @Slot(object)
    def _take(self, event: object) -> None:
        text = transfer_words(event)
        if text and not (
            isinstance(event, DataReady) and self._has_told_data
        ):  # every step has the same images
            self.log.appendPlainText(text)
        self._has_told_data = self._has_told_data or isinstance(event, DataReady)
        self.comparison.take(event)
        match event:
            case Kept():
                self.state.kept = event
            case CodesReady():
                self._codes = event
            case WayStarted(number, total, name):
                self._way = f"{number} of {total}, {name}: "
            case StageStarted(number, total):
                self._way = f"Step {number} of {total}: "
            case RunStarted():
                self._steps, self._epochs = event.steps_per_epoch * event.num_epochs, event.num_epochs
                self.plot.start(event.steps_per_epoch, event.num_epochs)
            case TuningStarted():
                text = f"{self._way}measuring the fastest way to compute"
                self._line.progress.emit(text[0].upper() + text[1:], 0, 0)
            case FrontComputed(done, total, _, _):
                self._line.progress.emit(f"{self._way}Computing the frozen layers, once", done, total)
            case BatchDone():
                self.plot.append(event.step, event.accuracy, event.seconds)
                text = f"{self._way}training, epoch {event.epoch} of {self._epochs}"
                self._line.progress.emit(text[0].upper() + text[1:], event.step, self._steps)
            case EpochDone():
                self.plot.append_epoch(
                    event.step,
                    event.epoch,
                    event.val_accuracy,
                    is_best=event.is_best,
                    train=event.train_accuracy,
                )
            case TransferOutcome():
                self._ended(event, event.finished.message, outcome=event, comparison=None)
            case Comparison():
                self._ended(event.best, " ".join(event.verdict), outcome=event.best, comparison=event)
            case JobEnded(status, message):
                if status == "failed":
                    self.say(message)
                self._show_state()
                if status != "failed" and self._running is None and self._is_fresh() and self.isVisible():
                    self.go_on.emit()

    def _ended(self, best: TransferOutcome | None, message: str, **found: object) -> None:
        if best is None or best.project is None or best.finished.val_accuracy is None:
            status = best.finished.status if best is not None else "failed"
            if status == "stopped":
                self.say(
                    "Stopped before there was a result. Run begins anew; codes that were computed are kept.",
                    "notice",
                )
            else:
                self.say(message)
            return
        ran, self._running = self._running, None
        self.state.set(ran=ran, codes=self._codes, **found)

    # -------------------------------------------------------------------------------------------------------- recipes

    @Slot()
    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save recipe", "transfer.json", _RECIPES)
        if name:
            path = Path(name)
            self.save_to(path if path.suffix else path.with_suffix(".json"))

    def save_to(self, path: Path) -> None:
        """Write the recipe of now to a file."""
        try:
            save_recipe(self.state.final_recipe(), path)
        except OSError as error:
            self.say(f"{path} cannot be written: {error.strerror or error}.")
            return
        self.say(
            f"Saved to {path}. The command line takes it too: cnn-studio transfer --recipe {shlex.quote(str(path))}",
            "info-notice",
        )

    @Slot()
    def _ask_load(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Load recipe", "", _RECIPES)
        if name:
            self.load_from(Path(name))

    def load_from(self, path: Path) -> None:
        """Take all answers from a file; images and network are read anew on their pages."""
        try:
            recipe = load_recipe(path)
        except StudioError as error:
            self.say(str(error))
            return
        self.say("")
        self.state.take_recipe(recipe)
