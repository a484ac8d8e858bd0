"""The Runs tab: every kept run, how it was set, how well it did, and its curves beside those of others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLineEdit,
    QMessageBox,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.jobs import Job
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.core.errors import StudioError
from cnn_studio.ui import theme
from cnn_studio.ui.panels.reader import Reader
from cnn_studio.ui.panels.run_actions import RunActions
from cnn_studio.ui.panels.run_comparison import RunComparison
from cnn_studio.ui.panels.run_curves import RunCurves, read_curves
from cnn_studio.ui.panels.run_exporter import RunExporter
from cnn_studio.ui.panels.run_table import (
    DATA_COLUMN,
    NAME_COLUMN,
    TEXT_COLUMNS,
    Cells,
    RunRows,
    RunTable,
    rows_text,
    run_cells,
)
from cnn_studio.ui.panels.sorted_table import SortedTable
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.widgets.waiting import run_waiting

_EMPTY = (
    "No runs yet. Press Train: every run is kept here with its settings, its curves and its trained network."
)
_CURVE_DELAY_MS = 80  # while the arrow keys run through the table, no curve is read
_KEPT_CURVES = 24
_MOST_OVERLAID = 12  # of the selected runs; more colours cannot be told apart


class RunsPanel(QWidget):
    """The table of runs, read only when `refresh` is called; nothing is read when the panel is made.

    Attributes:
        open_requested: emitted with the `Path` of the project file of the run to open.
        repeat_requested: with the number of the run to train again as it was.
        resume_requested: with the number of the run to go on with.
        overlay_changed: with the `RunOverlay` of every ticked run, to lay over the present one.
        message: what was done, or why not.
    """

    open_requested = Signal(object)
    repeat_requested = Signal(int)
    resume_requested = Signal(int)
    overlay_changed = Signal(list)
    message = Signal(str)

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._curves: OrderedDict[int, RunCurves] = OrderedDict()
        self._overlaid: list[int] = []
        self._runs_reader = Reader("Reading the runs", self)
        self._curves_reader = Reader("Reading the curves of runs", self)
        self.model = RunTable(self)
        self._sorted = RunRows(self.model, self)
        self.table = SortedTable(
            self._sorted, stretched=DATA_COLUMN, least=90, text_columns=[c for c in TEXT_COLUMNS if c != 2]
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.table.setAccessibleName("Kept runs")
        self.comparison = RunComparison()
        self.exporter = RunExporter(store)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText("Filter runs")
        self.filter.setClearButtonEnabled(True)
        self.filter.setToolTip("Show only runs that hold this text in any column, such as adam or failed")
        self.actions_ = RunActions(self)
        self._empty = hint_label(_EMPTY)
        self._curve_timer = QTimer(self)
        self._curve_timer.setSingleShot(True)
        self._curve_timer.setInterval(_CURVE_DELAY_MS)
        self._curve_timer.timeout.connect(self._read_curves)
        self._build()
        self._connect()

    def _build(self) -> None:
        space = theme.current().space
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, theme.px(space.xs), 0, 0)
        column.setSpacing(theme.px(space.xs))
        column.addLayout(self.actions_.bar(self.filter))
        column.addWidget(self.table, 1)
        column.addWidget(self.exporter)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self.comparison)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setSizes([theme.px(900), theme.px(520)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    def _connect(self) -> None:
        self.filter.textChanged.connect(self._sorted.set_needle)
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.row_entered.connect(self.open_run)
        self.table.copy_requested.connect(self.copy)
        self.model.ticked_changed.connect(self._ticked_changed)
        self.model.renamed.connect(self.rename)
        self.comparison.message.connect(self.message)
        self.exporter.message.connect(self.message)

    # ---------------------------------------------------------------------------------------------------- content

    @Slot()
    def refresh(self) -> None:
        """Read the runs again; the selected one stays selected, otherwise the latest is."""
        store = self._store

        def work(job: Job) -> tuple[list[RunSummary], list[Cells]]:
            del job
            runs = store.runs()
            return runs, [run_cells(run) for run in runs]

        self._runs_reader.ask(work, self._show_runs, self._show_failure)

    def _show_failure(self, text: str) -> None:
        self._empty.setText(text)
        self._pages.setCurrentIndex(0)

    def _show_runs(self, found: tuple[list[RunSummary], list[Cells]]) -> None:
        runs, cells = found
        before = self.selected_run
        known = {run.id: run for run in runs}
        # the curves of a run that goes on, or did until now, have grown
        for number, curves in list(self._curves.items()):
            run = known.get(number)
            if run is None or run.status == "running" or run != curves.run:
                del self._curves[number]
        self._empty.setText(_EMPTY)
        self.model.set_runs(runs, cells)
        self.table.fit_columns()
        self._pages.setCurrentIndex(1 if runs else 0)
        if runs:
            wanted = 0 if before is None else next((n for n, r in enumerate(runs) if r.id == before.id), 0)
            shown = self._sorted.mapFromSource(self.model.index(wanted, 0))
            self.table.selectRow(shown.row() if shown.isValid() else 0)
        self._selection_changed()
        if runs:
            self._read_curves()

    @property
    def selected_runs(self) -> list[RunSummary]:
        """The selected runs, in the order of the table."""
        rows = self.table.selected_rows()
        return [self.model.runs[self._sorted.mapToSource(self._sorted.index(row, 0)).row()] for row in rows]

    @property
    def selected_run(self) -> RunSummary | None:
        """The run whose curve is shown: the one that the keys are on, if several are selected."""
        runs = self.selected_runs
        current = self._sorted.mapToSource(self.table.currentIndex())
        if current.isValid() and (run := self.model.runs[current.row()]) in runs:
            return run
        return runs[0] if runs else None

    def project_file(self, run: RunSummary) -> Path | None:
        """Return the file of the network that a run trained, if it kept one."""
        path = self._store.project_file(run.id)
        return path if path.exists() else None

    @Slot()
    def _selection_changed(self) -> None:
        self.actions_.update_for(self.selected_run, self.selected_runs)
        self._show_differences()
        if self.selected_run is not None:
            self._curve_timer.start()

    @Slot()
    def _ticked_changed(self) -> None:
        self.actions_.update_for(self.selected_run, self.selected_runs)
        self._show_differences()
        self._curve_timer.start()

    def _show_differences(self) -> None:
        ticked, selected = self.model.ticked, self.selected_run
        chosen = ticked if len(ticked) > 1 else self.selected_runs
        if len(ticked) == 1 and selected is not None and selected.id != ticked[0].id:
            chosen = [selected, *ticked]
        self.comparison.show_differences(chosen)

    @Slot()
    def _read_curves(self) -> None:
        self._curve_timer.stop()
        selected, ticked = self.selected_run, self.model.ticked
        wanted = {run.id: run for run in [*self.selected_runs[:_MOST_OVERLAID], *ticked]}
        if selected is not None:
            wanted[selected.id] = selected
        missing = [run for number, run in wanted.items() if number not in self._curves]
        store = self._store

        def show(found: list[RunCurves]) -> None:
            for curves in found:
                self._curves[curves.run.id] = curves
            self._show_curves(selected, list(wanted.values()), ticked)

        if missing:
            self._curves_reader.ask(
                lambda job: [read_curves(store, run) for run in missing], show, self.comparison.show_message
            )
        else:
            self._show_curves(selected, list(wanted.values()), ticked)

    def _show_curves(
        self, selected: RunSummary | None, compared: Sequence[RunSummary], ticked: Sequence[RunSummary]
    ) -> None:
        known = self._curves
        self.comparison.show_curves(
            None if selected is None else known.get(selected.id),
            [known[run.id] for run in compared if run.id in known],
        )
        over = [known[run.id] for run in ticked if run.id in known]
        numbers = [curves.run.id for curves in over]
        if numbers != self._overlaid:
            self._overlaid = numbers
            self.overlay_changed.emit([curves.overlays() for curves in over])
        while len(self._curves) > max(_KEPT_CURVES, len(ticked) + 1):
            self._curves.popitem(last=False)

    # ---------------------------------------------------------------------------------------------------- actions

    @Slot()
    def open_run(self) -> None:
        """Open the network of the selected run, if it kept one."""
        run = self.selected_run
        if run is not None and (path := self.project_file(run)) is not None:
            self.open_requested.emit(path)

    @Slot()
    def repeat(self) -> None:
        """Ask for the selected run to be trained again as it was."""
        if (run := self.selected_run) is not None:
            self.repeat_requested.emit(run.id)

    @Slot()
    def resume(self) -> None:
        """Ask for the selected run to go on from its last checkpoint."""
        if (run := self.selected_run) is not None and run.can_resume:
            self.resume_requested.emit(run.id)

    @Slot()
    def copy(self) -> None:
        """Copy the selected runs' rows to the clipboard."""
        if runs := self.selected_runs:
            QGuiApplication.clipboard().setText(rows_text(runs))

    @Slot()
    def toggle_ticks(self) -> None:
        """Tick the selected runs, or take their ticks away if all have one."""
        numbers = {run.id for run in self.selected_runs}
        self.model.tick(numbers, on=not numbers <= {run.id for run in self.model.ticked})

    @Slot()
    def edit_name(self) -> None:
        """Let the user type another name for the selected run."""
        if (run := self.selected_run) is not None:
            row = next(at for at, known in enumerate(self.model.runs) if known.id == run.id)
            self.table.edit(self._sorted.mapFromSource(self.model.index(row, NAME_COLUMN)))

    @Slot(int, str)
    def rename(self, run: int, name: str) -> None:
        """Give a run another name."""
        self._change(f"Renaming run {run}", lambda: self._store.rename(run, name))

    def set_color(self, color: str) -> None:
        """Give the selected runs a colour, ``#rrggbb``, or none for the one of their number."""
        numbers = [run.id for run in self.selected_runs]

        def work() -> None:
            for number in numbers:
                self._store.set_color(number, color)

        self._overlaid = []  # the same runs, but they look different
        self._change("Colouring runs", work)

    def _change(self, text: str, work: object) -> bool:
        """Change the store while the window waits, and show what it holds then; return whether it went well."""
        try:
            run_waiting(self, text, work)  # type: ignore[arg-type]  # a function without arguments
        except StudioError as error:
            self.message.emit(str(error))
            return False
        self.refresh()
        return True

    @Slot()
    def ask_delete(self) -> None:
        """Delete the selected runs after a question: there is no undo."""
        runs = self.selected_runs
        if not runs:
            return
        what = f"run {runs[0].id}, {runs[0].name}," if len(runs) == 1 else f"{len(runs):,} runs"
        question = QMessageBox(
            QMessageBox.Icon.Warning,
            "Delete runs",
            f"Delete {what} with curves, settings and trained weights? This cannot be undone.",
            QMessageBox.StandardButton.Cancel,
            self,
        )
        yes = question.addButton("Delete", QMessageBox.ButtonRole.DestructiveRole)
        question.exec()
        if question.clickedButton() is yes:
            self.delete([run.id for run in runs])

    def delete(self, numbers: Sequence[int]) -> None:
        """Delete runs; those that go on stay."""
        running = [run.id for run in self.model.runs if run.id in numbers and run.status == "running"]
        gone = [number for number in numbers if number not in running]

        def work() -> None:
            for number in gone:
                self._store.delete(number)

        if gone and not self._change("Deleting runs", work):
            self.refresh()
        if running:
            self.message.emit(f"Run {running[0]} goes on, so it was not deleted. Stop it first.")

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._curve_timer.stop()
