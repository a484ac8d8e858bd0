"""The right side of the Runs tab: curves over each other, what differs, and what was done to a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QStackedWidget,
    QTableView,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.run_compare import Difference, differences
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.run_curves import RunCurves
from cnn_studio.ui.panels.run_table import data_text, linear_text
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, LivePlot

_NO_CURVE = "No epoch was finished, so there is no curve"
_LINEAR = "A linear classifier was fitted on CNN codes at once, without epochs, so there is no curve"
_NOTHING = "Select a run to see its curves; tick others to lay theirs over it"
_PAGES = (
    ("Loss", "Loss of the selected runs, and of those that are ticked"),
    ("Accuracy", "Accuracy of the selected runs, and of those that are ticked"),
    ("Settings", "What differs between the ticked runs: results, settings, data, versions"),
    ("Notes", "What was done to the selected run, and how it ended"),
)


class _Differences(RowModel):
    """One row per thing in which runs differ, one column per run."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__((), parent)
        self._rows: Sequence[Difference] = ()

    def show_runs(self, runs: Sequence[RunSummary]) -> None:
        self.beginResetModel()
        self._columns = (
            ("", "Where the difference is"),
            *((f"{run.name} ({run.id})", f"Run {run.id}") for run in runs),
        )
        self._rows = differences(runs, data_text) if runs else ()
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self._rows)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row, column = self._rows[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return row.name if column == 0 else row.values[column - 1]
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{row.group}: {row.name}" if column == 0 else row.values[column - 1]
        if role == Qt.ItemDataRole.ForegroundRole and column == 0:
            return theme.qcolor("muted")
        return None

    def text(self) -> str:
        """Return the table with tabs between its columns."""
        lines = ["\t".join(title for title, _ in self._columns)]
        lines += ["\t".join((row.name, *row.values)) for row in self._rows]
        return "\n".join(lines) + "\n"


class RunComparison(QWidget):
    """Curves, differences and notes of the runs that the table hands over.

    Attributes:
        message: what was copied or written, or why not.
    """

    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        clock = RepaintClock(self)
        self.loss, self.accuracy = LivePlot(LOSS, clock), LivePlot(ACCURACY, clock)
        for plot in (self.loss, self.accuracy):
            plot.message.connect(self.message)
            plot.set_empty_text(_NOTHING)
        self.differences = _Differences(self)
        self.table = QTableView()
        self.table.setModel(self.differences)
        self.table.setAccessibleName("What differs between the runs")
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
        self.table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self._same = QLabel("These runs do not differ in anything that is known")
        self._same.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self._same, "muted")
        self.notes = QPlainTextEdit()
        self.notes.setReadOnly(True)
        self.notes.setAccessibleName("What was done to the run")
        self.notes.setFrameShape(QPlainTextEdit.Shape.NoFrame)
        self._build()

    def _build(self) -> None:
        space = theme.current().space
        self._pages = QStackedWidget()
        settings = QStackedWidget()
        settings.addWidget(self.table)
        settings.addWidget(self._same)
        self._settings = settings
        for page in (self.loss, self.accuracy, settings, self.notes):
            self._pages.addWidget(page)
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(2))
        self._group = QButtonGroup(self)
        for number, (name, help_) in enumerate(_PAGES):
            button = QPushButton(name)
            button.setCheckable(True)
            button.setToolTip(help_)
            theme.set_role(button, "segment")
            self._group.addButton(button, number)
            bar.addWidget(button)
        bar.addStretch(1)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.show_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.xs, space.m, space.xs)))
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)

    @Slot(int)
    def show_page(self, number: int) -> None:
        """Show 0 the loss, 1 the accuracy, 2 what differs, 3 the notes."""
        self._group.button(number).setChecked(True)
        self._pages.setCurrentIndex(number)

    @property
    def page(self) -> int:
        """Which page is shown."""
        return self._pages.currentIndex()

    def show_message(self, text: str) -> None:
        """Show a sentence in place of the curves."""
        for plot in (self.loss, self.accuracy):
            plot.set_overlays(())
            plot.clear()
            plot.set_empty_text(text)

    def show_curves(self, selected: RunCurves | None, others: Sequence[RunCurves]) -> None:
        """Show one run with its batches, and others over it."""
        over = [
            curves.overlays() for curves in others if selected is None or curves.run.id != selected.run.id
        ]
        self.loss.set_overlays([other.loss for other in over])
        self.accuracy.set_overlays([other.accuracy for other in over])
        for plot in (self.loss, self.accuracy):
            plot.set_empty_text(_why_no_curve(selected))
            if selected is None or not len(selected.steps):
                plot.clear()
        if selected is not None and len(selected.steps):
            self._show_selected(selected)
        self.notes.setPlainText("" if selected is None else notes_text(selected))

    def _show_selected(self, curves: RunCurves) -> None:
        last = float(curves.steps[-1]) / curves.steps_per_epoch
        for plot, name in ((self.loss, "loss"), (self.accuracy, "accuracy")):
            plot.start(curves.steps_per_epoch, max(1, math.ceil(last)))
            plot.extend(curves.steps, getattr(curves, name), curves.seconds)
            for row in curves.epochs:
                train, value = getattr(row, f"train_{name}"), getattr(row, f"val_{name}")
                plot.append_epoch(
                    row.step, row.epoch, value, is_best=row.epoch == curves.run.epoch, train=train
                )
            for note in curves.notes:
                if note.kind == "rate":
                    plot.mark(note.step, note.text.removeprefix("learning "))

    def show_differences(self, runs: Sequence[RunSummary]) -> None:
        """Show in what these runs differ; of one alone, all that is known."""
        self.differences.show_runs(runs)
        self._settings.setCurrentIndex(1 if len(runs) > 1 and not self.differences.rowCount() else 0)


def _why_no_curve(selected: RunCurves | None) -> str:
    if selected is None:
        return _NOTHING
    return _LINEAR if selected.run.kind == "linear" else _NO_CURVE


def notes_text(curves: RunCurves) -> str:
    """Return what was done to a run and how it ended, one line each."""
    run = curves.run
    lines = [f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}: started"]
    if run.kind == "linear":
        lines.append(f"{linear_text(run)}, fitted on the codes that {_place(run)} gives")
    lines += [f"step {note.step:,}: {note.text}" for note in curves.notes]
    if run.ended is not None:
        lines.append(f"{datetime.fromtimestamp(run.ended):%Y-%m-%d %H:%M:%S}: {run.status}")
    elif run.status == "interrupted":
        lines.append("interrupted: the program ended before the run did")
    if run.can_resume:
        lines.append("It can go on from its last checkpoint: press Resume.")
    if run.frozen_proof is not None:
        lines.append(run.frozen_proof.text)
    if run.message:
        lines += ["", run.message]
    return "\n".join(lines)


def _place(run: RunSummary) -> str:
    return f"{run.settings.get('source', 'the network')} behind {run.settings.get('cut', 'its cut')}"
