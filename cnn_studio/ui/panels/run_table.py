"""The kept runs as a table model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from PySide6.QtCore import QObject, Qt, Signal, Slot
from typing_extensions import override

from cnn_studio.app.run_summary import RunSummary
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import describe
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.run_progress import percent_text
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, SortedRows
from cnn_studio.ui.plots.colors import run_color

_COLUMNS = (
    ("Run", "Number of the run; tick it to lay its curves over those of the selected one (Space)"),
    ("Name", "Name of the network that was trained, or the one you gave the run (F2)"),
    ("Started", "Date and time"),
    (
        "Status",
        "done, stopped or failed; running while it goes on; interrupted where the program ended before the run did",
    ),
    ("Kept epoch", "The epoch whose weights were kept, and how many were asked for"),
    ("Validation", "Accuracy of the kept weights on the validation images"),
    ("Test", "Accuracy of the kept weights on the test images, measured once at the end"),
    ("Images/s", "Training speed"),
    ("Optimizer", "How gradients became steps; of a linear classifier on CNN codes its kind and C"),
    ("Rate", "Learning rate"),
    ("Batch", "Images per step"),
    ("Seed", "Fixes first weights, order and dropout"),
    ("Data", "Where the images came from"),
)
TEXT_COLUMNS = (1, 2, 3, 8, 12)
"""Columns that stand left and sort from A to Z."""

DATA_COLUMN = 12
NAME_COLUMN = 1
_OPTIMIZERS = {
    "sgd": "SGD",
    "sgd-2012": "SGD 2012",
    "nesterov": "Nesterov",
    "adam": "Adam",
    "adamw": "AdamW",
    "rmsprop": "RMSprop",
}


Cells = tuple[tuple[str, Any], ...]
"""Text and value to sort by of each column."""


def run_cells(run: RunSummary) -> Cells:
    """Return the text and the value to sort by of each column."""
    settings = run.settings
    epochs, optimizer = settings.get("epochs"), str(settings.get("optimizer", ""))
    how = linear_text(run) if run.kind == "linear" else _OPTIMIZERS.get(optimizer, optimizer)
    kept = "–" if not run.epoch else f"{run.epoch:,}"
    return (
        (str(run.id), run.id),
        (run.name, run.name),
        (_when(run.started), run.started),
        (run.status, run.status),
        (f"{kept} of {epochs:,}" if isinstance(epochs, int) else kept, run.epoch or 0),
        _fraction(run.val_accuracy),
        _fraction(run.test_accuracy),
        ("–", None)
        if not run.images_per_second
        else (f"{run.images_per_second:,.0f}", run.images_per_second),
        (how, how),
        _number(settings.get("learning_rate")),
        _number(settings.get("batch_size")),
        _number(settings.get("seed")),
        (_short_data(run), data_text(run)),
    )


def linear_text(run: RunSummary) -> str:
    """Return how a linear classifier was fitted, such as ``linear SVM, C = 0.01``."""
    kind = {"svm": "Linear SVM", "softmax": "Softmax"}.get(str(run.settings.get("strategy")), "Linear")
    c = run.settings.get("c")
    return f"{kind}, C = {c:g}" if isinstance(c, int | float) else kind


def _when(seconds: float) -> str:
    """Return ``23 Nov, 06:38``, with the year where it is not this one."""
    when = datetime.fromtimestamp(seconds)
    year = "" if when.year == datetime.now().year else f" {when.year}"
    return f"{when.day} {when:%b}{year}, {when:%H:%M}"


def data_text(run: RunSummary) -> str:
    """Return a run's data source in words."""
    try:
        return describe(DataSource.model_validate(run.data))
    except ValidationError:  # written by another version
        return str(run.data.get("kind", ""))


def _short_data(run: RunSummary) -> str:
    folder = str(run.data.get("folder", ""))
    if run.data.get("kind") in ("folder", "csv"):
        return Path(folder).name or folder
    return {"digits": "Digits", "mnist": "MNIST"}.get(str(run.data.get("kind", "")), data_text(run))


def _fraction(value: float | None) -> tuple[str, float | None]:
    return ("–", None) if value is None else (percent_text(value), value)


def _number(value: object) -> tuple[str, float | None]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return "–", None
    return (f"{value:,}" if isinstance(value, int) else f"{value:g}"), float(value)


class RunTable(RowModel):
    """One row per run, with a tick, a colour and a name that can be changed.

    Attributes:
        ticked_changed: another run was ticked, or one no longer is.
        renamed: (run, name): the user gave a run another name; the store must hear of it.
    """

    ticked_changed = Signal()
    renamed = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self._ticked: set[int] = set()
        self._runs: Sequence[RunSummary] = ()
        self._cells: list[Cells] = []
        self._texts: list[str] = []

    @property
    def runs(self) -> Sequence[RunSummary]:
        """The runs, the latest first."""
        return self._runs

    def set_runs(self, runs: Sequence[RunSummary], cells: Sequence[Cells] | None = None) -> None:
        """Show other runs; those that were ticked stay so.

        Args:
            runs: the latest first.
            cells: `run_cells` of each, where they were worked out already.
        """
        self.beginResetModel()
        self._runs = runs
        self._cells = [run_cells(run) for run in runs] if cells is None else list(cells)
        self._texts = [" ".join(text for text, _ in row).casefold() for row in self._cells]
        known = {run.id for run in runs}
        gone = self._ticked - known
        self._ticked &= known
        self.endResetModel()
        if gone:
            self.ticked_changed.emit()

    @property
    def ticked(self) -> list[RunSummary]:
        """The ticked runs, the latest first."""
        return [run for run in self._runs if run.id in self._ticked]

    def text_of(self, row: int) -> str:
        """Return all cells of a row as one text in lower case, to search in."""
        return self._texts[row]

    def tick(self, runs: Collection[int], on: bool) -> None:
        """Tick runs, or take their ticks away."""
        before = set(self._ticked)
        self._ticked = before | set(runs) if on else before - set(runs)
        if before != self._ticked and self._runs:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self._runs) - 1, 0))
            self.ticked_changed.emit()

    @override
    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        if index.column() == 0:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == NAME_COLUMN else flags

    @override
    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        if not index.isValid():
            return False
        run = self._runs[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and index.column() == 0:
            self.tick({run.id}, Qt.CheckState(value) == Qt.CheckState.Checked)
            return True
        name = str(value).strip()
        if role == Qt.ItemDataRole.EditRole and index.column() == NAME_COLUMN and name and name != run.name:
            self.renamed.emit(run.id, name)
            return True
        return False

    @override
    def num_rows(self) -> int:
        return len(self._runs)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        return _alignment(column)

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        column = index.column()
        text, value = self._cells[index.row()][column]
        if role == SORT_ROLE:  # first, because sorting asks for it most
            # Qt's own integers end at 2**31, and what is unknown comes after all that is known
            return value.casefold() if isinstance(value, str) else float(-1 if value is None else value)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return text
        run = self._runs[index.row()]
        if role == Qt.ItemDataRole.CheckStateRole and column == 0:
            return Qt.CheckState.Checked if run.id in self._ticked else Qt.CheckState.Unchecked
        if role == Qt.ItemDataRole.DecorationRole and column == NAME_COLUMN:
            return theme.qcolor(run_color(run.id, run.color))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            if column == 3 and value == "failed":
                return theme.qcolor("error")
            if column == 3 and value == "interrupted":
                return theme.qcolor("warning")
            return theme.qcolor("muted") if column in (2, 12) or text == "–" else None
        if role == Qt.ItemDataRole.FontRole and column == 1:
            return theme.ui_font(weight=theme.current().type.strong)
        if role == Qt.ItemDataRole.ToolTipRole:
            full = {
                1: run.name,
                2: f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}",
                3: run.message,
                DATA_COLUMN: value,
            }
            return full.get(column) or None
        return None


class RunRows(SortedRows):
    """The runs that hold a text in any column."""

    def __init__(self, source: RunTable, parent: QObject | None = None) -> None:
        self._table, self._needle = source, ""
        super().__init__(source, parent)

    @Slot(str)
    def set_needle(self, text: str) -> None:
        """Show the runs that hold a text, whatever its case."""
        self._needle = text.strip().casefold()
        self.invalidate()

    @override
    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        return not self._needle or self._needle in self._table.text_of(row)


def _alignment(column: int) -> Qt.AlignmentFlag:
    across = Qt.AlignmentFlag.AlignLeft if column in TEXT_COLUMNS else Qt.AlignmentFlag.AlignRight
    return across | Qt.AlignmentFlag.AlignVCenter


def rows_text(runs: Sequence[RunSummary]) -> str:
    """Return runs as text with tabs between the columns and headings first, for spreadsheets."""
    lines = ["\t".join(title for title, _ in _COLUMNS)]
    for run in runs:
        plain = [_plain_text(run, at, text, value) for at, (text, value) in enumerate(run_cells(run))]
        lines.append("\t".join(" ".join(cell.split()) for cell in plain))
    return "\n".join(lines) + "\n"


def _plain_text(run: RunSummary, column: int, text: str, value: Any) -> str:
    if column == 2:
        return f"{datetime.fromtimestamp(run.started):%Y-%m-%d %H:%M:%S}"
    if column == DATA_COLUMN:
        return str(value)
    if column in TEXT_COLUMNS or column == 4:
        return text
    return "" if value is None else f"{value:.10g}"
