"""The dialog that opens a network of torchvision or timm; reading the lists and the network is done by jobs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QModelIndex, Signal, Slot
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
from cnn_studio.ui.job_line import JobLine
from cnn_studio.ui.panels.network_table import Key, ListedNetworks, NetworkTable, list_into

_COLUMNS: tuple[Key, ...] = ("name", "family", "params", "macs", "accuracy", "input", "weights")


def _list(source: str, job: Job) -> None:
    # importing the libraries takes seconds: only in the job's thread
    from cnn_studio.transfer.opening import list_networks

    list_into(job, partial(list_networks, source))


def _open(name: str, job: Job) -> None:
    job.report(open_library_network(name))


class NetworkBrowser(QDialog):
    """Lists networks, and opens one.

    Attributes:
        opened: emitted with the `OpenedNetwork` that was chosen.
    """

    opened = Signal(object)

    def __init__(self, jobs: JobList, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle("Open a network of torchvision or timm")
        self._line = JobLine(jobs, self)
        self._line.told.connect(self._take)
        self.table = NetworkTable(_COLUMNS)
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
        self.resize(theme.px(940), theme.px(560))
        self._filter.setFocus()  # people know the name: they type it and press Enter

    # ----------------------------------------------------------------------------------------------------- work

    def _start(self, title: str, work: Callable[[Job], None]) -> None:
        self._status.setText(f"{title}…")
        self._busy.show()
        self._line.start(title, work)
        self._show_readiness()

    @Slot()
    def _load(self) -> None:
        source = str(self._source.currentData())
        self.table.set_cards((), ())
        self._start(f"Reading the list of {source}", partial(_list, source))

    @Slot(object)
    def _take(self, event: object) -> None:
        match event:
            case ListedNetworks(cards, present):
                self.table.set_cards(cards, present)
                self.table.sort_by(0)
                self._narrow(self._filter.text())
            case OpenedNetwork():
                self._line.drop()
                self.opened.emit(event)
                self.accept()
            case JobEnded(status, message):
                self._busy.hide()
                self._status.setText(message if status == "failed" else self._counted())
        self._show_readiness()

    def _counted(self) -> str:
        shown, known = self.table.num_shown, len(self.table.cards)
        count = f"{known:,} networks" if shown == known else f"{shown:,} of {known:,} networks"
        return (
            f"{count}. Whichever you open can be edited, trained and exported like one of your own. "
            "Nothing is downloaded here: one whose weights are not on this machine opens untrained."
        )

    # ----------------------------------------------------------------------------------------------------- input

    @Slot(str)
    def _narrow(self, text: str) -> None:
        self.table.search(text)
        if self.table.num_shown and not self.table.selected_rows():
            self.table.selectRow(0)
        if not self._line.is_busy:
            self._status.setText(self._counted())
        self._show_readiness()

    @Slot()
    def _show_readiness(self) -> None:
        self._ok.setEnabled(not self._line.is_busy and self.table.card is not None)

    @Slot()
    def open_selected(self) -> None:
        """Open the selected network."""
        card = self.table.card
        if card is not None and not self._line.is_busy:
            self._start(f"Opening {card.name}", partial(_open, card.full_name))

    @Slot(QModelIndex)
    def _open_index(self, index: QModelIndex) -> None:
        if index.isValid():
            self.open_selected()

    @override
    def reject(self) -> None:
        self._line.drop()
        super().reject()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        self._line.drop()
        super().closeEvent(event)
