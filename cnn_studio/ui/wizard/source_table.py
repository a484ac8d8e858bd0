"""The gallery of pre-trained networks: a table that can be sorted and searched, and accuracy against cost as a chart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QSizePolicy, QStackedLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE
from cnn_studio.ui.status import macs_text

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard

COLUMNS = (
    ("Network", "What the library calls it"),
    ("Weights", "Whether its trained weights are on this machine, or how much there is to download"),
    ("Top-1", "Share of ImageNet's validation images that it names right"),
    ("MAC", "Multiply-accumulate operations for one image: what a prediction costs"),
    ("Parameters", "Numbers that were learned"),
    ("Input", "Height and width of the images it was trained on"),
    ("Licence", "Of the weights, as far as stated"),
    ("Library", "Who publishes it"),
)
TEXT_COLUMNS = (0, 1, 6, 7)


class SourceTable(RowModel):
    """One row per network."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(COLUMNS, parent)
        self.cards: Sequence[NetworkCard] = ()
        self.present: frozenset[str] = frozenset()

    def set_cards(self, cards: Sequence[NetworkCard], present: Collection[str]) -> None:
        """Show other networks; `present` names those whose weights are on this machine."""
        self.beginResetModel()
        self.cards, self.present = cards, frozenset(present)
        self.endResetModel()

    @override
    def num_rows(self) -> int:
        return len(self.cards)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignLeft if column in TEXT_COLUMNS else Qt.AlignmentFlag.AlignRight
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        card, column = self.cards[index.row()], index.column()
        is_here = card.full_name in self.present
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return self._texts(card, is_here)[column]
        if role == SORT_ROLE:
            return self._values(card, is_here)[column]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(column)
        if role == Qt.ItemDataRole.FontRole and (column == 0 or (column == 1 and is_here)):
            return theme.ui_font(weight=theme.current().type.strong)
        if role == Qt.ItemDataRole.ForegroundRole and column == 1:
            return theme.qcolor("ok" if is_here else "muted")
        return None

    def _texts(self, card: NetworkCard, is_here: bool) -> tuple[str, ...]:
        _, height, width = card.input_size
        return (
            card.name,
            "on this machine" if is_here else _to_load(card),
            "–" if card.accuracy is None else f"{card.accuracy:.1f} %",
            "–" if card.macs is None else macs_text(card.macs).removesuffix(" MAC"),
            "–" if card.params is None else f"{card.params / 1e6:.1f} M",
            f"{height}×{width}",
            card.licence or "not stated",
            card.source,
        )

    def _values(self, card: NetworkCard, is_here: bool) -> tuple[str | float, ...]:
        size = card.input_size[1] * card.input_size[2]
        numbers = (card.accuracy, card.macs, card.params, size)
        known = (-1.0 if number is None else float(number) for number in numbers)
        here = -1.0 if is_here else float(card.num_bytes or 10**12)
        return (card.name, here, *known, card.licence, card.source)


def _to_load(card: NetworkCard) -> str:
    return "to download" if card.num_bytes is None else f"{card.num_bytes / 1e6:,.0f} MB to load"


class CostChart(QWidget):
    """Accuracy on ImageNet against operations per image, a point a network.

    Attributes:
        chosen: emitted with the full name of the network whose point was clicked.
    """

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._cards: list[NetworkCard] = []
        self._present: frozenset[str] = frozenset()
        self._selected = ""
        self._plot: Any = None
        self._stack = QStackedLayout(self)
        empty = QLabel("Accuracy against cost is drawn here once the list is read.")
        empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        empty.setWordWrap(True)
        theme.set_role(empty, "muted")
        self._stack.addWidget(empty)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self.setMinimumHeight(theme.px(180))
        self.setAccessibleName("Accuracy on ImageNet against operations per image")
        theme.manager().changed.connect(self._draw)

    def set_cards(self, cards: Sequence[NetworkCard], present: Collection[str]) -> None:
        """Show the networks whose accuracy and cost are known."""
        self._cards = [card for card in cards if card.accuracy is not None and card.macs]
        self._present = frozenset(present)
        self._draw()

    def select(self, name: str) -> None:
        """Mark the point of a network."""
        if name != self._selected:
            self._selected = name
            self._draw()

    def _draw(self) -> None:
        if not self._cards:
            return
        import pyqtgraph as pg

        if self._plot is None:
            self._plot = pg.PlotWidget(enableMenu=False)
            self._plot.setFrameShape(pg.PlotWidget.Shape.NoFrame)
            self._plot.getPlotItem().hideButtons()
            self._plot.getPlotItem().setLogMode(x=True)
            self._plot.setMouseEnabled(x=False, y=False)
            self._points = pg.ScatterPlotItem(hoverable=True, tip=_tip)
            self._points.sigClicked.connect(self._clicked)
            self._plot.addItem(self._points)
            self._stack.addWidget(self._plot)
        tokens = theme.current()
        self._plot.setBackground(tokens.panel)
        for side, text in (
            ("left", "top-1 on ImageNet, %"),
            ("bottom", "multiply-accumulate operations per image, G MAC"),
        ):
            axis = self._plot.getPlotItem().getAxis(side)
            axis.enableAutoSIPrefix(False)  # it would scale the numbers and name no unit
            axis.setPen(pg.mkPen(tokens.line))
            axis.setTextPen(pg.mkPen(tokens.muted))
            axis.setLabel(text, color=tokens.muted)
            axis.setStyle(tickFont=theme.ui_font(tokens.type.small))
        self._points.setData([self._spot(pg, card) for card in self._ordered()])
        self._stack.setCurrentWidget(self._plot)

    def _ordered(self) -> list[NetworkCard]:
        """Return the networks so that what matters is painted last."""
        return sorted(
            self._cards, key=lambda c: (c.full_name == self._selected, c.full_name in self._present)
        )

    def _spot(self, pg: Any, card: NetworkCard) -> dict[str, Any]:
        import math

        tokens = theme.current()
        is_here, is_chosen = card.full_name in self._present, card.full_name == self._selected
        fill = theme.qcolor("ok") if is_here else theme.qcolor("accent", 0.35)
        return {
            "pos": (math.log10((card.macs or 1) / 1e9), card.accuracy),
            "data": card,
            "size": theme.px(14 if is_chosen else 11 if is_here else 6),
            "symbol": "s" if is_here else "o",
            "brush": pg.mkBrush(fill),
            "pen": pg.mkPen(tokens.text, width=theme.px(2)) if is_chosen else pg.mkPen(None),
        }

    def _clicked(self, plot: object, points: Sequence[Any], event: object = None) -> None:
        del plot, event
        if len(points):
            self.chosen.emit(points[-1].data().full_name)


def _tip(x: float, y: float, data: NetworkCard) -> str:
    del x
    return f"{data.name}: {y:.1f} %, {macs_text(data.macs or 0)}"
