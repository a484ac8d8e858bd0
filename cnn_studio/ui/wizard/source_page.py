"""The page of the network to begin from: published ones, own projects and runs, or a file with weights."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, Slot
from PySide6.QtWidgets import (
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLineEdit,
    QMenu,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.jobs import JobEnded
from cnn_studio.app.project import SUFFIX
from cnn_studio.app.runs import RunStore
from cnn_studio.app.sources import RUN
from cnn_studio.transfer.card import ALWAYS_HERE
from cnn_studio.ui import theme
from cnn_studio.ui.panels.network_table import Key, ListedNetworks, NetworkTable
from cnn_studio.ui.panels.run_menu import fill_run_menu
from cnn_studio.ui.try_dialog import TryDialog
from cnn_studio.ui.widgets.windows import bring_forward
from cnn_studio.ui.wizard.cost_chart import CostChart
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.source_work import (
    Opened,
    card_facts,
    list_published,
    network_facts,
    open_named,
)
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard

_WEIGHT_FILES = "Weights (*.safetensors *.pth *.pt *.bin *.ckpt);;All files (*)"
_COLUMNS: tuple[Key, ...] = (
    "name",
    "weights",
    "accuracy",
    "macs",
    "params",
    "input",
    "library",
    "licence",
)


class SourcePage(WizardPage):
    """A gallery; choosing a network whose weights are here opens it at once."""

    title = "Source"
    question = "Which trained network do you begin from?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._lists, self._opens = state.work.line(self), state.work.line(self)
        self._loads = state.work.line(self, is_costly=True)
        self._lists.told.connect(self._take_list)
        self._opens.told.connect(self._take_opened)
        self._loads.told.connect(self._take_weights)
        self._loading: NetworkCard | None = None
        self._failed = ""
        self.table = NetworkTable(_COLUMNS)
        self.chart = CostChart()
        self.search = QLineEdit()
        self.own, self.runs, self.file = (
            QPushButton("Own project…"),
            QPushButton("Own run"),
            QPushButton("Weights file…"),
        )
        self.download, self.attempt = QPushButton("Download"), QPushButton("Try an image…")
        self.trial: TryDialog | None = None
        self.chosen, self.facts, self.notes = (
            text_label(role="strong"),
            text_label(role="muted"),
            text_label(role="muted"),
        )
        self._runs_menu = QMenu(self)
        self._build()
        self._connect()

    def _build(self) -> None:
        space = theme.current().space
        self.search.setPlaceholderText("Find a network by name, library or licence, such as resnet")
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName("Find a network")
        self.own.setToolTip("Begin from a project that you trained and saved")
        self.runs.setToolTip("Begin from the network of a kept run")
        self.runs.setMenu(self._runs_menu)
        self.file.setToolTip("Take the weights of the chosen network from a file on this machine")
        theme.set_role(self.download, "primary")
        self.attempt.setToolTip("See what the network says of an image, before anything is transferred")
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(self.search, 1)
        for button in (self.own, self.runs, self.file):
            top.addWidget(button)
        self.table.setAccessibleName("Pre-trained networks")
        card = QFrame()
        theme.set_role(card, "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(*(theme.px(space.m),) * 4)
        inside.setSpacing(theme.px(space.xs))
        head = QHBoxLayout()
        head.addWidget(self.chosen, 1)
        head.addWidget(self.attempt)
        head.addWidget(self.download)
        inside.addLayout(head)
        inside.addWidget(self.facts)
        inside.addWidget(self.notes)
        inside.addStretch(1)
        below = QHBoxLayout()
        below.setSpacing(theme.px(space.m))
        below.addWidget(card, 1)
        below.addWidget(self.chart, 1)
        self.body.addLayout(top)
        self.body.addWidget(self.table, 3)
        self.body.addLayout(below, 2)

    def _connect(self) -> None:
        self.state.changed.connect(self._changed)
        self.search.textChanged.connect(self.table.search)
        self.table.selectionModel().selectionChanged.connect(self._selected)
        self.table.row_entered.connect(self._entered)
        self.chart.chosen.connect(self.select)
        self.own.clicked.connect(self._ask_project)
        self.file.clicked.connect(self._ask_weights)
        self.download.clicked.connect(self.fetch)
        self.attempt.clicked.connect(self.try_image)
        self._runs_menu.aboutToShow.connect(self._list_runs)

    # ------------------------------------------------------------------------------------------------------- the list

    @Slot()
    def _changed(self) -> None:
        """Open a network that was named elsewhere, such as by a recipe."""
        state, name = self.state, self.state.recipe.source
        if state.has_source and state.opened is None and not self._opens.is_busy and name != self._failed:
            self._start(name, Path(state.recipe.weights) if state.recipe.weights else None)

    def enter(self) -> None:
        """Read the list of networks the first time; open what a recipe named."""
        self._failed = ""
        if not self.table.cards and not self._lists.is_busy:
            self._lists.start("Reading the list of networks", list_published)
        self._show_state()

    @Slot(object)
    def _take_list(self, event: object) -> None:
        match event:
            case ListedNetworks(cards, present):
                self._show_cards(cards, present)
                self._select_present()
            case JobEnded("failed", message):
                self.say(message)

    def _show_cards(self, cards: Sequence[NetworkCard], present: Collection[str]) -> None:
        self.table.set_cards(cards, present)
        self.chart.set_cards(cards, present)

    def _select_present(self) -> None:
        """Choose the network of the recipe, or open what the recipe names beside the list."""
        recipe = self.state.recipe
        if self.state.opened is None and not self._opens.is_busy:
            self._start(recipe.source, Path(recipe.weights) if recipe.weights else None)
        self._mark_row(recipe.source)

    def _mark_row(self, name: str) -> None:
        """Select the row of a network without opening it again."""
        row = self._row_of(name)
        if row is not None:
            self.table.selectionModel().blockSignals(True)
            self.table.selectRow(row)
            self.table.selectionModel().blockSignals(False)
            self.table.viewport().update()
        self._show_state()

    def _row_of(self, name: str) -> int | None:
        if name == ALWAYS_HERE and self.table.cards:
            name = self.table.cards[0].full_name
        return self.table.row_of(name)

    @Slot(str)
    def select(self, name: str) -> None:
        """Choose a published network by its full name."""
        if self._row_of(name) is None:
            self.search.clear()
        row = self._row_of(name)
        if row is not None:
            self.table.selectRow(row)
            self.table.scrollTo(self.table.model().index(row, 0))

    @Slot()
    def _selected(self) -> None:
        card = self.table.card
        if card is None:
            return
        self.say("")
        if self._is_open(card) and not self.state.recipe.weights:
            self._opens.drop()
        elif card.full_name in self.table.present:
            self._start(card.full_name, None)
        else:
            self._opens.drop()
        self._show_state()

    @Slot(QModelIndex)
    def _entered(self, index: QModelIndex) -> None:
        if index.isValid() and not self.problem():
            self.go_on.emit()

    # -------------------------------------------------------------------------------------------------------- opening

    def _start(self, name: str, weights: Path | None) -> None:
        state = self.state
        if state.opened is not None and (state.recipe.source, state.recipe.weights) == (
            name,
            str(weights or ""),
        ):
            return
        self._opens.start(f"Opening {name}", partial(open_named, name, weights))

    @Slot(object)
    def _take_opened(self, event: object) -> None:
        match event:
            case Opened(name, weights, source):
                self.say("")
                self.state.take_source(name, weights, source)
                if self._row_of(name) is None:
                    self.table.clearSelection()
            case JobEnded("failed", message):
                self._failed = self.state.recipe.source
                self.say(message)
        self._show_state()

    @Slot()
    def _ask_project(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Begin from a project", "", f"CNN Studio projects (*{SUFFIX})"
        )
        if name:
            self.open_other(name)

    def open_other(self, name: str, weights: Path | None = None) -> None:
        """Open a project file or a run, or a network with weights from a file."""
        self.say("")
        self._start(name, weights)
        self._show_state()

    @Slot()
    def _ask_weights(self) -> None:
        card = self.table.card
        if card is None:
            self.say(
                "Select the network in the list that the weights are for, then choose their file.", "notice"
            )
            return
        name, _ = QFileDialog.getOpenFileName(self, f"Weights for {card.name}", "", _WEIGHT_FILES)
        if name:
            self.open_other(card.full_name, Path(name))

    @Slot()
    def _list_runs(self) -> None:
        fill_run_menu(self._runs_menu, RunStore(), lambda run: self.open_other(f"{RUN}{run.id}"))

    # ------------------------------------------------------------------------------------------------------ downloads

    @Slot()
    def fetch(self) -> None:
        """Fetch the weights of the selected network; the footer shows how far it is."""
        card = self.table.card
        if card is None or self._loads.is_busy:
            return
        from cnn_studio.app.weight_download import weight_download_job  # with the web libraries

        self.say("")
        self._loading = card
        self._loads.start_job(weight_download_job(card))
        self._show_state()

    @Slot(object)
    def _take_weights(self, event: object) -> None:
        card = self._loading
        match event:
            case Path() if card is not None:
                selected = self.table.card
                self._show_cards(self.table.cards, self.table.present | {card.full_name})
                if selected is card:
                    self.select(card.full_name)
            case JobEnded("failed", message):
                self.say(message)
            case JobEnded("cancelled"):
                self.say("Cancelled. What came is kept; Download goes on from there.", "notice")
        self._show_state()

    @Slot()
    def try_image(self) -> None:
        """Open a window in which the source is tried on images, with the classes that it knows."""
        if self.trial is None:
            self.trial = TryDialog(
                lambda: self.state.opened.project if self.state.opened is not None else None,
                self.state.jobs,
                self,
            )
        bring_forward(self.trial)

    # -------------------------------------------------------------------------------------------------------- showing

    def _show_state(self) -> None:
        card, opened = self.table.card, self.state.opened
        self.chart.select(card.full_name if card is not None else "")
        can_load = card is not None and card.full_name not in self.table.present and not self._is_own(card)
        self.download.setVisible(can_load)
        self.attempt.setVisible(opened is not None and (card is None or self._is_open(card)))
        if card is not None:
            size = f" {card.num_bytes / 1e6:,.0f} MB" if card.num_bytes else ""
            self.download.setText(f"Download{size}")
            self.download.setEnabled(bool(card.url) and not self._loads.is_busy)
            self.chosen.setText(card.name)
            self.facts.setText(card_facts(card))
            self.notes.setText(self._standing(card))
        elif opened is not None:
            self.chosen.setText(opened.title)
            self.facts.setText(network_facts(opened))
            self.notes.setText(" ".join(opened.notes))
        else:
            self.chosen.setText("No network is chosen yet")
            self.facts.setText("")
            self.notes.setText("")
        self.answered.emit()

    def _is_own(self, card: NetworkCard) -> bool:
        """Whether a network is open with weights from a file."""
        return self._is_open(card) and bool(self.state.recipe.weights)

    def _is_open(self, card: NetworkCard) -> bool:
        opened, name = self.state.opened, self.state.recipe.source
        return opened is not None and card.full_name == (name if ":" in name else opened.title)

    def _standing(self, card: NetworkCard) -> str:
        opened = self.state.opened
        if opened is not None and self._is_open(card):
            return " ".join(["Open.", *opened.notes])
        if self._opens.is_busy:
            return "Opening it."
        if card.full_name not in self.table.present:
            return (
                "Its weights are not on this machine. Nothing is fetched before you press Download; without a connection take "
                "another network, or a file with its weights."
            )
        return ""

    def problem(self) -> str:
        """Say what is missing."""
        card, opened = self.table.card, self.state.opened
        if self._opens.is_busy:
            return "The network is being opened."
        if card is not None and not self._is_open(card):
            if card.full_name not in self.table.present:
                return f"The weights of {card.name} are not on this machine: download them, or choose another network."
            return "Choose a network that can be opened."
        if opened is None:
            return "Choose a network whose weights are on this machine."
        return ""
