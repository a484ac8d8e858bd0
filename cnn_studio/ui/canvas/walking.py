"""Going from card to card with the keys, along the wires or to the card beside, and from wire to wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn_studio.graph.document import Link

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class Walker:
    """The keyboard's way about one canvas."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view

    @property
    def here(self) -> int | None:
        """The card of the current layer."""
        current = self._view.selection.current
        return self._view.network.face(current) if current is not None else None

    def walk(self, dx: int, dy: int, *, extends: bool = False) -> None:
        """Go from the current card to another: along the wires, or to the nearest one beside it.

        Args:
            dx, dy: one of them is 1 or -1.
            extends: the cards selected so far stay selected.
        """
        view = self._view
        network, here = view.network, self.here
        along = dy if network.picture.direction == "down" else dx
        if view.selected_link is not None:  # off the wire, to one of its ends
            wire = view.selected_link
            self._go(wire.source if (along or dx or dy) < 0 else wire.target)
            return
        if here is None:  # nothing is selected yet: start at the first layer
            self.to_end(last=False)
            return
        if along:
            wires = network.wiring.of_card(here)
            ends = [wire.source for wire in sorted(wires, key=lambda w: w.port) if wire.target == here]
            if along > 0:
                ends = [wire.target for wire in sorted(wires, key=self._age) if wire.source == here]
            self._go(ends[0] if ends else here, extends=extends)
        else:
            self._go(self._beside(here, dx or dy), extends=extends)

    def to_end(self, *, last: bool) -> None:
        """Go to the first or the last layer in the order of execution."""
        order = self._view.context.report().order
        face = self._view.network.face(order[-1 if last else 0]) if order else None
        if face is not None:
            self._go(face)

    def _age(self, wire: Link) -> tuple[int, int]:
        """Return the place of a wire among those of its source, oldest first."""
        link = self._view.network.picture.wires[wire][0]
        return link.source, self._view.context.document.outputs_of(link.source).index(link)

    def _beside(self, key: int, sign: int) -> int:
        """Return the nearest card across the way of the network."""
        picture = self._view.network.picture
        across = 0 if picture.direction == "down" else 1
        here = picture.places[key]
        aside = [
            (sign * (at[across] - here[across]) + 4 * abs(at[1 - across] - here[1 - across]), other)
            for other, at in picture.places.items()
            if sign * (at[across] - here[across]) > max(1.0, abs(at[1 - across] - here[1 - across]) / 2)
        ]
        return min(aside)[1] if aside else key

    def _go(self, key: int, *, extends: bool = False) -> None:
        view = self._view
        lead = view.network.lead(key)
        if extends:
            view.selection.select(view.selection.ids.union(view.network.picture.members(key)), lead)
        else:
            view.select_card(key)
        view.show_card(lead)

    def next_wire(self) -> None:
        """Select the wires of the current card one after the other: those that come in, then those that leave."""
        view = self._view
        chosen, here = view.selected_link, self.here
        if here is None and chosen is not None:
            here = self._around if self._around in (chosen.source, chosen.target) else chosen.source
        if here is None:
            view.complain("Select a card first, then W goes through its wires.")
            return
        wires = view.network.wiring.of_card(here)
        into = sorted((w for w in wires if w.target == here), key=lambda w: (w.port, w.source))
        out = sorted((w for w in wires if w.source == here), key=self._age)
        ring = [*into, *out]
        if not ring:
            view.complain(f"{view.network.name_of(here)} has no wires. L draws one.")
            return
        self._around = here
        at = ring.index(chosen) + 1 if chosen in ring else 0
        view.select_link(ring[at % len(ring)])

    _around: int | None = None  # the card whose wires are gone through
