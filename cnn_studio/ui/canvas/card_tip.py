"""What hovering over a card shows: the layer's name, what there is to say of it, and the picture of what it does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.tips import tip_at
from cnn_studio.ui.concepts.tip import ConceptTip

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class CardTips:
    """Shows the tip of the card under the mouse; folded blocks and unknown types have words only."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._tip: ConceptTip | None = None

    @property
    def tip(self) -> ConceptTip:
        """The pop-up, made at the first use."""
        if self._tip is None:
            self._tip = ConceptTip(self._view.viewport())
        return self._tip

    def show(self, event: QHelpEvent) -> None:
        """Answer Qt's wish for a tool tip."""
        view, network = self._view, self._view.network
        place = view.mapToScene(event.pos())
        key = network.card_at(place.x(), place.y(), style.BADGE_RADIUS)
        text = tip_at(view, place)
        layer = view.context.document.layers.get(key) if key is not None else None
        if key is None or layer is None or layer.spec is None or key in network.picture.folded:
            QToolTip.showText(event.globalPos(), text, view.viewport(), QRect(0, 0, 1, 1))
            return
        title, _, rest = text.partition("\n\n")
        box = view.mapFromScene(network.cards[key].sceneBoundingRect()).boundingRect()
        box = box.intersected(view.viewport().rect())
        on_screen = QRect(view.viewport().mapToGlobal(box.topLeft()), box.size())
        state = view.context.report().states[layer.id]
        self.tip.show_layer(on_screen, title, rest, layer.type, layer.params, state.inputs, state.shape)
