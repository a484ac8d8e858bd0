"""What keys, menus and panels do to the places of the selected cards: align, distribute, space, move by a step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_studio.graph.commands import Macro, MoveLayers
from cnn_studio.ui.canvas.alignment import (
    Axis,
    Edge,
    Places,
    aligned,
    distributed,
    on_each_other,
    spaced,
)
from cnn_studio.ui.canvas.folding import place

if TYPE_CHECKING:
    from collections.abc import Callable

    from cnn_studio.ui.canvas.view import CanvasView

NUDGE = 8.0
"""How far a key moves the selected cards, in canvas units."""

_ROUNDS = 6  # a card that passes rows taken out by folding changes which are taken out


class AlignActions:
    """Moves the selected cards of one canvas, folded blocks as a whole; each is one undo step."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    def align(self, edge: Edge) -> bool:
        """Put the selected cards in one line; return whether it was done."""
        return self._arrange(f"align {edge}", 2, lambda places: aligned(places, edge))

    def distribute(self, along: Axis) -> bool:
        """Put the selected cards at equal distances, the outermost stay; return whether it was done."""
        return self._arrange(f"distribute {along}", 3, lambda places: distributed(places, along))

    def space_evenly(self) -> bool:
        """Put the selected cards at the usual distance, the first stays; return whether it was done."""
        direction = self._view.network.picture.direction
        return self._arrange("space evenly", 2, lambda places: spaced(places, direction))

    def nudge(self, dx: int, dy: int) -> None:
        """Move the selected cards by a step; steps that follow each other are undone at once."""
        view = self._view
        keys = view.network.keys_of(view.selection.ids)
        if keys:
            moves = view.network.picture.moved(view.context.document, keys, dx * NUDGE, dy * NUDGE)
            view.edit(MoveLayers(places=moves))
            if view.selection.current is not None:
                view.show_card(view.selection.current)

    def _arrange(self, text: str, least: int, target: Callable[[Places], Places]) -> bool:
        view = self._view
        picture = view.network.picture
        keys = view.network.keys_of(view.selection.ids)
        if len(keys) < least:
            view.complain(
                f"Select at least {least} cards first: Ctrl+click, or drag a rectangle around them."
            )
            return False
        before = {key: picture.places[key] for key in keys}
        wanted = target(before)
        covered = on_each_other(wanted)
        if covered is not None and on_each_other(before) is None:
            one, other = (view.network.name_of(key) for key in covered)
            view.complain(f"{one} and {other} would lie on each other. Move them apart the other way first.")
            return False
        if wanted == before:
            return False
        stack = view.context.stack
        stack.seal()
        done = view.edit(Macro(text=text, commands=(MoveLayers(places=self._moves(wanted)),)))
        stack.seal()
        return done

    def _moves(self, wanted: Places) -> Places:
        """Return where the layers of cards go in the document so that the cards are shown at the wanted places."""
        view = self._view
        document = view.context.document.copy()
        now = view.network.picture
        picture = type(now)(
            now.faces, dict(now.places), now.folded, squeeze=now.squeeze, direction=now.direction
        )
        moves: Places = {}
        for _ in range(_ROUNDS):
            off = {
                key: (x - picture.places[key][0], y - picture.places[key][1])
                for key, (x, y) in wanted.items()
            }
            step: Places = {}
            for key, by in off.items():
                if abs(by[0]) + abs(by[1]) > 0.01:
                    step |= picture.moved(document, {key}, *by)
            if not step:
                break
            moves |= step
            for layer_id, (x, y) in step.items():
                document.change_layer(layer_id, x=x, y=y)
            place(document, picture)
        return moves
