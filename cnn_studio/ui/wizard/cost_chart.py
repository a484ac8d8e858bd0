"""Accuracy of published networks against their cost, as a chart."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QSizePolicy, QStackedLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.status import macs_text
from cnn_studio.ui.widgets.hint import hint_label

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard


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
        empty = hint_label("Accuracy against cost is drawn here once the list is read.")
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
            self._plot = pg.PlotWidget(enableMenu=False, axisItems={"bottom": _cost_axis(pg)})
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


def _cost_axis(pg: Any) -> Any:
    """Return an axis of powers of ten that are written out: 0.1, 1, 10, 100."""

    class CostAxis(pg.AxisItem):  # type: ignore[misc]  # the library is not typed
        def logTickStrings(self, values: Sequence[float], scale: float, spacing: float) -> list[str]:
            del scale, spacing
            return [f"{float(f'{10**value:.2g}'):,g}" for value in values]

    return CostAxis("bottom")


def _tip(x: float, y: float, data: NetworkCard) -> str:
    del x
    return f"{data.name}: {y:.1f} %, {macs_text(data.macs or 0)}"
