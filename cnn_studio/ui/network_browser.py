"""The dialog that opens a network of torchvision or timm; reading the lists and the network is done by jobs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.importing import OpenedNetwork, open_library_network
from cnn_studio.app.jobs import Job, JobEnded, JobList
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, FilteredRows, SortedTable
from cnn_studio.ui.status import macs_text

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard

_COLUMNS = (
    ("Name", "What the library calls it"),
    ("Family", "Kind of architecture"),
    ("Parameters", "Numbers that training can change"),
    ("MAC", "Multiply-accumulate operations for one image"),
    ("Top-1", "Share of ImageNet's validation images that its published weights name right"),
    ("Input", "Size of the images it was trained on"),
    ("Weights", "Whether its trained weights are on this machine; nothing is downloaded here"),
)
_TEXT_COLUMNS = (0, 1, 6)


@dataclass(frozen=True, slots=True)
class _Listed:
    """The networks of a library, with what is known of their weights here."""

    source: str
    cards: tuple[NetworkCard, ...]
    present: frozenset[str]


def _list(source: str, job: Job) -> None:
    # importing the libraries takes seconds: only in the job's thread
    from cnn_studio.transfer.opening import list_networks
    from cnn_studio.transfer.weights import find_weights

    cards = list_networks(source)
    present = frozenset(card.name for card in cards if find_weights(card) is not None)
    job.report(_Listed(source, cards, present))


def _open(name: str, job: Job) -> None:
    job.report(open_library_network(name))


class CardTable(RowModel):
    """One row per network."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self.cards: Sequence[NetworkCard] = ()
        self._present: frozenset[str] = frozenset()

    def set_cards(self, cards: Sequence[NetworkCard], present: frozenset[str]) -> None:
        """Show other networks; `present` names those whose weights are on this machine."""
        self.beginResetModel()
        self.cards, self._present = cards, present
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self.cards)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignLeft if column in _TEXT_COLUMNS else Qt.AlignmentFlag.AlignRight
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card, column = self.cards[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return self._texts(card)[column]
        if role == SORT_ROLE:
            return self._values(card)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.FontRole and column == 0:
            return theme.ui_font(weight=theme.current().type.strong)
        if role == Qt.ItemDataRole.ForegroundRole and column in (1, 6):
            return theme.qcolor("muted")
        return None

    def _texts(self, card: NetworkCard) -> tuple[str, ...]:
        _, height, width = card.input_size
        return (
            card.name,
            card.family,
            "–" if card.params is None else f"{card.params:,}",
            "–" if card.macs is None else macs_text(card.macs).removesuffix(" MAC"),
            "–" if card.accuracy is None else f"{card.accuracy:.1f} %",
            f"{height}×{width}",
            "on this machine" if card.name in self._present else "not here",
        )

    def _values(self, card: NetworkCard) -> tuple[str | float, ...]:
        numbers = (card.params, card.macs, card.accuracy, card.input_size[1] * card.input_size[2])
        known = (-1.0 if number is None else float(number) for number in numbers)
        return (card.name, card.family, *known, "a" if card.name in self._present else "b")


class NetworkBrowser(QDialog):
    """Lists networks, and opens one.

    Attributes:
        opened: emitted with the `OpenedNetwork` that was chosen.
    """

    opened = Signal(object)

    def __init__(self, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open a network of torchvision or timm")
        self._jobs = jobs
        self._job: Job | None = None
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self._model = CardTable(self)
        self._rows = FilteredRows(self._model, (0, 1), self)
        self.table = SortedTable(self._rows, stretched=6, least=110, text_columns=_TEXT_COLUMNS)
        self._source = QComboBox()
        self._filter = QLineEdit()
        self._status = QLabel()
        self._busy = QProgressBar()
        self._build()
        self._load()

    def _build(self) -> None:
        space = theme.current().space
        self._source.addItem("torchvision", "torchvision")
        self._source.addItem("timm (PyTorch image models)", "timm")
        self._source.setAccessibleName("Library")
        self._source.currentIndexChanged.connect(self._load)
        self._filter.setPlaceholderText("Filter by name or family, such as resnet")
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName("Filter by name or family")
        self._filter.textChanged.connect(self._narrow)
        top = QHBoxLayout()
        top.addWidget(self._source)
        top.addWidget(self._filter, 1)
        self.table.setSelectionMode(SortedTable.SelectionMode.SingleSelection)
        self.table.setAccessibleName("Networks")
        self.table.row_entered.connect(self._open_index)
        self.table.selectionModel().selectionChanged.connect(self._show_readiness)
        self._status.setWordWrap(True)
        theme.set_role(self._status, "muted")
        self._busy.setRange(0, 0)
        self._busy.setTextVisible(False)
        self._busy.setFixedHeight(theme.px(4))
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Open | QDialogButtonBox.StandardButton.Cancel
        )
        self._ok = buttons.button(QDialogButtonBox.StandardButton.Open)
        theme.set_role(self._ok, "primary")
        buttons.accepted.connect(self.open_selected)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(space.l) for _ in range(4)))
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(top)
        layout.addWidget(self.table, 1)
        layout.addWidget(self._busy)
        layout.addWidget(self._status)
        layout.addWidget(buttons)
        self.resize(theme.px(860), theme.px(560))
        self._filter.setFocus()  # people know the name: they type it and press Enter

    # ----------------------------------------------------------------------------------------------------- work

    def _start(self, title: str, job: Job) -> None:
        self._stop()
        self._job = job
        self._status.setText(f"{title}…")
        self._busy.show()
        self._show_readiness()
        self._bridge.watch(job.mailbox)
        self._jobs.start(job)

    def _stop(self) -> None:
        """Forget the present work: what it still finds is not taken any more."""
        if self._job is not None:
            self._job.cancel()
            self._job = None
            self._bridge.unwatch()

    @Slot()
    def _load(self) -> None:
        source = str(self._source.currentData())
        self._model.set_cards((), frozenset())
        self._start(f"Reading the list of {source}", Job(f"Networks of {source}", partial(_list, source)))

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            if self._job is None:
                return
            match event:
                case _Listed(cards=cards, present=present):
                    self._model.set_cards(cards, present)
                    self.table.sort_by(0)
                    self.table.fit_columns()
                    self._narrow(self._filter.text())
                case OpenedNetwork():
                    self._stop()
                    self.opened.emit(event)
                    self.accept()
                case JobEnded(status, message):
                    self._job = None
                    self._bridge.unwatch()
                    self._busy.hide()
                    self._status.setText(message if status == "failed" else self._counted())
        self._show_readiness()

    def _counted(self) -> str:
        shown, known = self._rows.rowCount(), len(self._model.cards)
        count = f"{known:,} networks" if shown == known else f"{shown:,} of {known:,} networks"
        return f"{count}. Whichever you open can be edited, trained and exported like one of your own."

    # ----------------------------------------------------------------------------------------------------- input

    @Slot(str)
    def _narrow(self, text: str) -> None:
        self._rows.set_needle(text)
        if self._rows.rowCount() and not self.table.selected_rows():
            self.table.selectRow(0)
        if self._job is None:
            self._status.setText(self._counted())
        self._show_readiness()

    @Slot()
    def _show_readiness(self) -> None:
        self._ok.setEnabled(self._job is None and bool(self.table.selected_rows()))

    @Slot()
    def open_selected(self) -> None:
        """Open the selected network."""
        rows = self.table.selected_rows()
        if rows and self._job is None:
            card = self._model.cards[self._rows.mapToSource(self._rows.index(rows[0], 0)).row()]
            self._start(f"Opening {card.name}", Job(f"Opening {card.name}", partial(_open, card.full_name)))

    @Slot(QModelIndex)
    def _open_index(self, index: QModelIndex) -> None:
        if index.isValid():
            self.open_selected()

    @override
    def reject(self) -> None:
        self._stop()
        super().reject()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._stop()
        super().closeEvent(event)
