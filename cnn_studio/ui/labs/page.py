"""One experiment: its question, the user's prediction, the runs, and what was seen in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.jobs import Job, JobEnded, JobList
from cnn_studio.app.labs.lab import Findings, Lab, Setup
from cnn_studio.app.labs.running import ArmFinished, ArmStarted, LabOutcome
from cnn_studio.app.runs import RunStore
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.events import BatchDone, RunStarted
from cnn_studio.ui import theme
from cnn_studio.ui.job_line import JobLine
from cnn_studio.ui.labs.bars import LabBars
from cnn_studio.ui.labs.curves import LabCurves
from cnn_studio.ui.labs.images import LabImages
from cnn_studio.ui.labs.numbers import NumberTable
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.page import Notice, text_label

_MOST_SEED = 9_999


class LabPage(QWidget):
    """An experiment that can be run; a prediction comes first.

    Attributes:
        runs_changed: a run was kept.
        runs_requested: with the numbers of the runs that are to be compared in the main window.
    """

    runs_changed = Signal()
    runs_requested = Signal(list)

    def __init__(
        self,
        lab: Lab,
        jobs: JobList,
        store: RunStore,
        trains_elsewhere: Callable[[], bool],
        project_data: Callable[[], DataSource],
        parent: QWidget | None = None,
    ) -> None:
        """Make the page of an experiment.

        Args:
            lab: the experiment.
            jobs: all jobs of the program.
            store: where its runs are kept.
            trains_elsewhere: tells whether another run or experiment goes on.
            project_data: tells the images of the open project.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._store = store
        self.lab = lab
        self.outcome: LabOutcome | None = None
        self._trains_elsewhere = trains_elsewhere
        self._line = JobLine(jobs, self)
        self._line.told.connect(self._take)
        self._line.progress.connect(self._show_progress)
        self._line.busy_changed.connect(self.refresh)
        self._place = ""
        self.options = QButtonGroup(self)
        self.seed = QSpinBox()
        self.run, self.cancel, self.compare = (
            QPushButton("Run"),
            QPushButton("Cancel"),
            QPushButton("Compare in the Runs tab"),
        )
        self.bar, self.doing = QProgressBar(), QLabel()
        self.notice = Notice()
        self.images = LabImages(lab.images_hint, project_data, self)
        self.picture: LabBars | LabCurves = LabBars(lab) if lab.is_grouped else LabCurves()
        self.numbers = NumberTable()
        self.verdict, self.seen = text_label(role="strong"), text_label()
        self._build()
        self.refresh()

    def _build(self) -> None:
        space = theme.current().space
        column = QVBoxLayout(self)
        column.setContentsMargins(*(theme.px(n) for n in (space.xl, space.l, space.xl, space.l)))
        column.setSpacing(theme.px(space.s))
        column.addWidget(text_label(self.lab.title, "title"))
        column.addWidget(text_label(self.lab.question))
        column.addWidget(self._answers())
        column.addWidget(self.images)
        self.images.setVisible(self.lab.takes_images)
        column.addWidget(self.notice)
        column.addLayout(self._controls())
        column.addWidget(self.picture, 3)
        self.found = QFrame()
        theme.set_role(self.found, "card")
        inside = QVBoxLayout(self.found)
        inside.setContentsMargins(*(theme.px(space.m),) * 4)
        inside.setSpacing(theme.px(space.s))
        self.seen.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for widget in (self.verdict, self.seen, self.numbers):
            inside.addWidget(widget)
        inside.addStretch(1)
        self._area = scrolled(self.found)
        column.addWidget(self._area, 3 if self.lab.is_grouped else 2)

    def _answers(self) -> QFrame:
        space = theme.current().space
        card = QFrame()
        theme.set_role(card, "card")
        column = QVBoxLayout(card)
        column.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        column.setSpacing(theme.px(space.xs))
        column.addWidget(text_label("What do you expect?", "caption"))
        for number, option in enumerate(self.lab.options):
            button = QRadioButton(option.text)
            self.options.addButton(button, number)
            column.addWidget(button)
        self.options.idToggled.connect(self.refresh)
        return card

    def _controls(self) -> QHBoxLayout:
        theme.set_role(self.run, "primary")
        theme.set_role(self.doing, "muted")
        self.seed.setRange(0, _MOST_SEED)
        self.seed.setAccessibleName("Seed")
        self.seed.setToolTip(
            "Another seed draws other weights and another order of the images: does the answer stay?"
        )
        self.cancel.setToolTip("End the experiment; runs that are over are kept")
        self.compare.setToolTip("Show the runs of this experiment in the main window, with all their curves")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        self.run.clicked.connect(self.start)
        self.cancel.clicked.connect(self.end)
        self.compare.clicked.connect(self._ask_runs)
        row = QHBoxLayout()
        row.setSpacing(theme.px(theme.current().space.s))
        row.addWidget(self.run)
        row.addWidget(QLabel("Seed"))
        row.addWidget(self.seed)
        row.addWidget(self.doing)
        row.addWidget(self.bar, 1)
        row.addWidget(self.cancel)
        row.addStretch(0)
        row.addWidget(self.compare)
        return row

    # ------------------------------------------------------------------------------------------------------- running

    @property
    def predicted(self) -> str:
        """Id of the option that the user expects; empty before there is one."""
        number = self.options.checkedId()
        return self.lab.options[number].id if number >= 0 else ""

    @property
    def is_busy(self) -> bool:
        """Whether the experiment goes on."""
        return self._line.is_busy

    @Slot()
    def start(self) -> None:
        """Run the experiment."""
        if self._line.is_busy or not self.predicted:
            return
        if self._trains_elsewhere():
            self.notice.say(
                "A run goes on in the main window, and both would disturb each other. Stop it, or wait for its end.",
                "notice",
            )
            return
        self.notice.say("")
        self.outcome = None
        self.picture.clear()
        lab, seed, store = self.lab, self.seed.value(), self._store
        images = self.images.choice if lab.takes_images else DataSource()

        def work(job: Job) -> None:
            from cnn_studio.app.labs.running import run_lab
            from cnn_studio.datasets.detect import detect_source

            data = detect_source(images, DataSource()) if isinstance(images, Path) else images
            with KeptAwake():
                job.report(run_lab(lab, Setup(seed, data), job.report, job.control, store=store))

        self._line.start(lab.title, work)

    @Slot(object)
    def _take(self, event: object) -> None:
        self.picture.take(event)
        match event:
            case ArmStarted(number, total, name):
                self._place = f"{number} of {total}: {name}"
                self.doing.setText(self._place)
                self.bar.setRange(0, 0)
            case RunStarted():
                self.doing.setText(self._place)
                self.bar.setRange(0, event.steps_per_epoch * event.num_epochs)
            case BatchDone():
                self.bar.setValue(event.step)
            case ArmFinished():
                self.runs_changed.emit()
            case LabOutcome():
                self.outcome = event
            case JobEnded("failed", message):
                self.notice.say(message, "error-notice")
        self.refresh()

    @Slot(str, int, int)
    def _show_progress(self, text: str, done: int, total: int) -> None:
        """Show how far loading images or computing codes is; runs tell their steps themselves."""
        if total and self._place:
            self.doing.setText(f"{self._place} · {text}")
            self.bar.setRange(0, total)
            self.bar.setValue(done)

    @Slot()
    def _ask_runs(self) -> None:
        if self.outcome is not None:
            self.runs_requested.emit([one.run for one in self.outcome.results if one.run is not None])

    @Slot()
    def end(self) -> None:
        """Ask the experiment to end, if it goes on."""
        self._line.cancel()

    # -------------------------------------------------------------------------------------------------------- showing

    @Slot()
    def refresh(self) -> None:
        """Bring buttons and findings in step with what goes on."""
        busy, outcome = self._line.is_busy, self.outcome
        self.run.setEnabled(bool(self.predicted) and not busy)
        self.run.setText("Run again" if outcome is not None else "Run")
        self.run.setToolTip(
            "" if self.predicted else "Say first what you expect: it is how one learns most from the answer"
        )
        for button in self.options.buttons():
            button.setEnabled(not busy)
        self.seed.setEnabled(not busy)
        self.images.setEnabled(not busy)
        for widget in (self.bar, self.doing, self.cancel):
            widget.setVisible(busy)
        self.compare.setVisible(outcome is not None and not busy)
        findings = outcome.findings if outcome is not None else None
        self._area.setVisible(outcome is not None and not busy)
        if outcome is not None and not busy:
            self.verdict.setText(verdict_text(self.lab, findings, self.predicted))
            self.seen.setText("\n".join(findings.sentences) if findings is not None else "")
            self.numbers.show_numbers(findings.numbers if findings is not None else {})


def verdict_text(lab: Lab, findings: Findings | None, predicted: str) -> str:
    """Return what came true, and whether it was expected."""
    if findings is None:
        return "Stopped before all networks were trained, so the question stays open."
    came = lab.option(findings.came_true)
    if came is None:
        return "The runs do not decide the question."
    if came.id == predicted:
        return f"As you expected: {came.text[:1].lower()}{came.text[1:]}."
    expected = lab.option(predicted)
    other = f" You expected: {expected.text[:1].lower()}{expected.text[1:]}." if expected is not None else ""
    return f"{came.text}.{other}"
