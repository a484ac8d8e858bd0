"""The table of published networks that can be sorted and searched; whoever shows it says which columns it has."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QWidget
from typing_extensions import override

from cnn_studio.app.jobs import Job
from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE, FilteredRows, SortedTable
from cnn_studio.ui.status import macs_text

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard

Key = Literal["name", "family", "weights", "accuracy", "macs", "params", "input", "licence", "library"]

_UNKNOWN = "–"
_LEAST = 140  # "on this machine" in strong letters


@dataclass(frozen=True, slots=True)
class ListedNetworks:
    """Published networks, and the full names of those whose weights are on this machine."""

    cards: tuple[NetworkCard, ...]
    present: frozenset[str]


def list_into(job: Job, read: Callable[[], tuple[NetworkCard, ...]]) -> None:
    """Report the networks that `read` gives, as `ListedNetworks`; in the job's thread, for reading takes seconds."""
    from cnn_studio.transfer.weights import find_weights

    cards = read()
    job.report(ListedNetworks(cards, frozenset(c.full_name for c in cards if find_weights(c) is not None)))


@dataclass(frozen=True, slots=True)
class _Column:
    """What a column says of a network.

    Attributes:
        heading, tip: of the column.
        text: for people; the second argument says whether the weights are here.
        value: what it sorts by, the text if None.
        help: the tool tip of a network, its text if None.
    """

    heading: str
    tip: str
    text: Callable[[NetworkCard, bool], str]
    value: Callable[[NetworkCard, bool], float | None] | None = None
    help: Callable[[NetworkCard], str] | None = None


def _weights_text(card: NetworkCard, is_here: bool) -> str:
    if is_here:
        return "on this machine"
    return "to download" if card.num_bytes is None else f"{card.num_bytes / 1e6:,.0f} MB to load"


def _accuracy_help(card: NetworkCard) -> str:
    if card.accuracy is None:
        return "No accuracy is published with these weights"
    return f"{card.accuracy:.1f} %, {card.accuracy_source or f'stated by {card.source}'}"


_COLUMNS: dict[Key, _Column] = {
    "name": _Column("Network", "What the library calls it", lambda card, _: card.name),
    "family": _Column("Family", "Kind of architecture", lambda card, _: card.family),
    "weights": _Column(
        "Weights",
        "Whether its trained weights are on this machine, or how much there is to download",
        _weights_text,
        lambda card, is_here: -1 if is_here else card.num_bytes or 1e12,
    ),
    "accuracy": _Column(
        "Top-1",
        "Share of ImageNet's validation images that its published weights name right",
        lambda card, _: _UNKNOWN if card.accuracy is None else f"{card.accuracy:.1f} %",
        lambda card, _: card.accuracy,
        _accuracy_help,
    ),
    "macs": _Column(
        "MAC",
        "Multiply-accumulate operations for one image: what a prediction costs",
        lambda card, _: _UNKNOWN if card.macs is None else macs_text(card.macs).removesuffix(" MAC"),
        lambda card, _: card.macs,
    ),
    "params": _Column(
        "Parameters",
        "Numbers that training can change",
        lambda card, _: _UNKNOWN if card.params is None else f"{card.params / 1e6:.1f} M",
        lambda card, _: card.params,
    ),
    "input": _Column(
        "Input",
        "Height and width of the images it was trained on",
        lambda card, _: f"{card.input_size[1]}×{card.input_size[2]}",
        lambda card, _: card.input_size[1] * card.input_size[2],
    ),
    "licence": _Column(
        "Licence", "Of the weights, as far as stated", lambda card, _: card.licence or "not stated"
    ),
    "library": _Column("Library", "Who publishes it", lambda card, _: card.source),
}
_LEFT: frozenset[Key] = frozenset({"name", "family", "weights", "licence", "library"})
_SEARCHED: frozenset[Key] = frozenset({"name", "family", "licence", "library"})


class _NetworkRows(RowModel):
    """One row per network."""

    def __init__(self, keys: Sequence[Key], parent: QObject | None = None) -> None:
        self._keys = keys
        self._shown = [_COLUMNS[key] for key in keys]
        super().__init__([(column.heading, column.tip) for column in self._shown], parent)
        self.cards: Sequence[NetworkCard] = ()
        self.present: frozenset[str] = frozenset()

    def set_cards(self, cards: Sequence[NetworkCard], present: Collection[str]) -> None:
        self.beginResetModel()
        self.cards, self.present = cards, frozenset(present)
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self.cards)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignLeft if self._keys[column] in _LEFT else Qt.AlignmentFlag.AlignRight
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card, column, key = self.cards[index.row()], self._shown[index.column()], self._keys[index.column()]
        is_here = card.full_name in self.present
        if role == Qt.ItemDataRole.ToolTipRole and column.help is not None:
            return column.help(card)
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(card, is_here)
        if role == SORT_ROLE:
            if column.value is None:
                return column.text(card, is_here)
            value = column.value(card, is_here)
            return -1.0 if value is None else float(value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.FontRole and (key == "name" or (key == "weights" and is_here)):
            return theme.ui_font(weight=theme.current().type.strong)
        if role == Qt.ItemDataRole.ForegroundRole and key in ("weights", "family"):
            return theme.qcolor("ok" if key == "weights" and is_here else "muted")
        return None


class NetworkTable(SortedTable):
    """Published networks, of which one can be selected; Enter and a double click enter it."""

    def __init__(self, columns: Sequence[Key], parent: QWidget | None = None) -> None:
        """Make an empty table.

        Args:
            columns: what is shown of each network, its name first; the last one takes the room left over.
            parent: the widget it belongs to.
        """
        self._networks = _NetworkRows(columns)
        places = {key: at for at, key in enumerate(columns)}
        self._shown = FilteredRows(self._networks, [places[key] for key in columns if key in _SEARCHED])
        super().__init__(
            self._shown,
            stretched=len(columns) - 1,
            least=_LEAST,
            text_columns=[places[key] for key in columns if key in _LEFT],
            parent=parent,
        )
        self._networks.setParent(self)
        self._shown.setParent(self)
        self.setSelectionMode(SortedTable.SelectionMode.SingleSelection)

    @property
    def cards(self) -> Sequence[NetworkCard]:
        """All networks, shown or not."""
        return self._networks.cards

    @property
    def present(self) -> frozenset[str]:
        """Full names of the networks whose weights are on this machine."""
        return self._networks.present

    @property
    def num_shown(self) -> int:
        """How many networks the search leaves."""
        return self._shown.rowCount()

    @property
    def card(self) -> NetworkCard | None:
        """The network that is selected."""
        rows = self.selected_rows()
        return self._card_at(rows[0]) if rows else None

    def set_cards(self, cards: Sequence[NetworkCard], present: Collection[str]) -> None:
        """Show other networks; `present` has the full names of those whose weights are on this machine."""
        self._networks.set_cards(cards, present)
        self.fit_columns()

    def search(self, text: str) -> None:
        """Show the networks that hold a text in their name, family, licence or library."""
        self._shown.set_needle(text)

    def row_of(self, name: str) -> int | None:
        """Return the row of a network by its full name or its short one; None where it is not shown."""
        for row in range(self.num_shown):
            card = self._card_at(row)
            if name in (card.full_name, card.name):
                return row
        return None

    def _card_at(self, row: int) -> NetworkCard:
        return self.cards[self._shown.mapToSource(self._shown.index(row, 0)).row()]
