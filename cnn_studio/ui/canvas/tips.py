"""What hovering says: over a card, and over the name of a block's frame."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from cnn_studio.graph.blocks import Totals, totals
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.content import quantity

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


def tip_at(view: CanvasView, place: QPointF) -> str:
    """Return what hovering over a place of the scene says; empty where there is nothing to say."""
    card = view.network.card_at(place.x(), place.y(), style.BADGE_RADIUS)
    if card is not None:
        return card_tip(view, card)
    frame = view.network.frames.at(place.x(), place.y()) if view.zoom >= style.TILE_ZOOM else None
    return block_tip(view, frame.path) if frame is not None else ""


def card_tip(view: CanvasView, key: int) -> str:
    """Return what hovering over a card says: its whole name, and its problems or what the layer does."""
    if key in view.network.picture.folded:
        card = view.network.cards[key].content
        lines = [f"{card.name}: a block, {card.caption[2:]}", *view.network.messages(key)]
        return "\n\n".join([*lines, "Double click or Enter unfolds it."])
    layer = view.context.document.layer(key)
    lines = [f"{layer.path}: {layer.spec.title if layer.spec is not None else layer.type}"]
    messages = view.network.messages(key)
    lines += messages
    if not layer.trainable:
        lines.append("Frozen: training leaves it exactly as it is.")
    if not messages and layer.spec is not None:
        lines.append(layer.spec.help)
    return "\n\n".join(lines)


def block_tip(view: CanvasView, path: str) -> str:
    """Return what hovering over the name of an unfolded block says: its whole name, and what it comes to."""
    sums: Totals = totals(view.context.report(), view.network.tree[path].members)
    facts = [f"{sums.num_layers:,} layers"]
    if sums.num_params:
        facts.append(f"{sums.num_params:,} parameters")
    if sums.macs:
        facts.append(f"{quantity(sums.macs)} MAC")
    return f"{path}: a block, {', '.join(facts)}\n\nA click selects it; the mark before its name folds it."
