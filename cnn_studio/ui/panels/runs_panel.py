"""The Runs tab: every kept run, how it was set, how well it did, and its loss curve."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication, QHideEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.runs import RunStore, RunSummary
from cnn_studio.core.errors import StorageError
from cnn_studio.ui import theme
from cnn_studio.ui.panels.loss_preview import LossPreview
from cnn_studio.ui.panels.run_table import DATA_COLUMN, TEXT_COLUMNS, RunTable, rows_text
from cnn_studio.ui.panels.sorted_table import SortedRows, SortedTable

_EMPTY = (
    "No runs yet. Press Train: every run is kept here with its settings, its curve and its trained network."
)
_MOST_POINTS = 20_000  # of the preview; a long run has millions
_CURVE_DELAY_MS = 80  # while the arrow keys run through the table, no curve is read


class RunsPanel(QWidget):
    """The table of runs, read only when `refresh` is called; nothing is read when the panel is made.

    Attributes:
        open_requested: emitted with the `Path` of the project file of the run to open.
    """

    open_requested = Signal(object)

    def __init__(self, store: RunStore, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self.model = RunTable(self)
        self._sorted = SortedRows(self.model, self)
        self.table = SortedTable(
            self._sorted, stretched=DATA_COLUMN, least=90, text_columns=[c for c in TEXT_COLUMNS if c != 2]
        )
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setAccessibleName("Kept runs")
        self.preview = LossPreview()
        self._title = QLabel()
        self._empty = QLabel(_EMPTY)
        self._open = self._button("Open network", "open", self._open_run)
        self._copy = self._button("Copy row", "copy", self.copy)
        self._copy.setToolTip("Copy the run's row with its headings, ready for a spreadsheet (Ctrl+C)")
        self._curve_timer = QTimer(self)
        self._curve_timer.setSingleShot(True)
        self._curve_timer.setInterval(_CURVE_DELAY_MS)
        self._curve_timer.timeout.connect(self._read_curve)
        self._build()
        self.table.selectionModel().selectionChanged.connect(self._selection_changed)
        self.table.row_entered.connect(self._open_run)
        self.table.copy_requested.connect(self.copy)

    @staticmethod
    def _button(text: str, icon: str, slot: object) -> QPushButton:
        button = QPushButton(text)
        theme.bind_icon(button, icon, "muted")
        button.clicked.connect(slot)
        button.setEnabled(False)
        return button

    def _build(self) -> None:
        space = theme.current().space
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        theme.set_role(self._empty, "muted")
        theme.set_role(self._title, "strong")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        column.setSpacing(theme.px(space.s))
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(space.s))
        buttons.addWidget(self._open)
        buttons.addWidget(self._copy)
        buttons.addStretch(1)
        column.addWidget(self._title)
        column.addWidget(self.preview, 1)
        column.addLayout(buttons)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.table)
        splitter.addWidget(side)
        splitter.setStretchFactor(0, 1)
        splitter.setSizes([theme.px(1100), theme.px(284)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(splitter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._pages)

    # ---------------------------------------------------------------------------------------------------- content

    @Slot()
    def refresh(self) -> None:
        """Read the runs again; the selected one stays selected, otherwise the latest is."""
        before = self.selected_run
        try:
            runs = self._store.runs()
        except StorageError as error:
            self._empty.setText(str(error))
            self._pages.setCurrentIndex(0)
            return
        self._empty.setText(_EMPTY)
        self.model.set_runs(runs)
        self.table.fit_columns()
        self._pages.setCurrentIndex(1 if runs else 0)
        if runs:
            wanted = 0 if before is None else next((n for n, r in enumerate(runs) if r.id == before.id), 0)
            self.table.selectRow(self._sorted.mapFromSource(self.model.index(wanted, 0)).row())
        self._selection_changed()
        if runs:
            self._read_curve()

    @property
    def selected_run(self) -> RunSummary | None:
        """The run whose curve is shown."""
        rows = self.table.selected_rows()
        if not rows:
            return None
        return self.model.runs[self._sorted.mapToSource(self._sorted.index(rows[0], 0)).row()]

    @Slot()
    def _selection_changed(self) -> None:
        run = self.selected_run
        can_open = run is not None and self._store.project_file(run.id).exists()
        self._open.setEnabled(can_open)
        self._open.setToolTip(
            "Open the network as this run trained it, with its weights (Enter)"
            if can_open
            else "This run kept no network: it ended before the first epoch did, or it still goes on"
        )
        self._copy.setEnabled(run is not None)
        if run is not None:
            self._curve_timer.start()

    @Slot()
    def _read_curve(self) -> None:
        self._curve_timer.stop()
        run = self.selected_run
        if run is None:
            return
        try:
            curve = self._store.curve(run.id, _MOST_POINTS)
        except StorageError as error:
            self.preview.show_curve((), str(error))
            return
        self.preview.show_curve(curve, "No epoch was finished, so there is no curve")
        self._title.setText(self.preview.summary or f"Run {run.id}")

    # ---------------------------------------------------------------------------------------------------- actions

    @Slot()
    def _open_run(self) -> None:
        run = self.selected_run
        if run is not None and (path := self._store.project_file(run.id)).exists():
            self.open_requested.emit(path)

    @Slot()
    def copy(self) -> None:
        """Copy the selected run's row to the clipboard."""
        run = self.selected_run
        if run is not None:
            QGuiApplication.clipboard().setText(rows_text([run]))

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._curve_timer.stop()
