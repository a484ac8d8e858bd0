"""Adding layers and blocks by name: from the palette's list, the quick search, and the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, Slot
from shiboken6 import isValid

from cnn_studio.graph.document import Link
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.catalogue import Catalogue, Entry
from cnn_studio.ui.canvas.drop import Planner, Spot, free_spot_above, spot_below
from cnn_studio.ui.canvas.palette_drag import PaletteDrag
from cnn_studio.ui.canvas.quick_search import QuickSearch

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class Inserter(QObject):
    """Adds layers and blocks to one canvas.

    Attributes:
        catalogue: what there is; palettes that belong to the canvas offer the same.
        planner: works out what an insertion leads to.
        search: the quick search while it is open, else None.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.catalogue = Catalogue()
        self.catalogue.blocks.changed.connect(self._forget)  # psygnal holds bound methods weakly
        self.planner = Planner()
        self.search: QuickSearch | None = None

    def append(self, key: str) -> None:
        """Add an entry of the catalogue into the selected wire or behind the current layer, and select it.

        With nothing selected it goes in front of the classifier, or else to the end of the network.
        """
        entry, document = self.catalogue.find(key), self._view.context.document
        if entry is None:
            return
        links = self._view.selection.links
        if not entry.takes_input:
            spot = free_spot_above(document)
        elif links:
            spot = Spot(link=links[0], others=links[1:])
        elif self._view.selection.current is not None:
            spot = spot_below(document, self._view.selection.current)
        else:
            spot = self.planner.place_for(self._view.context.report(), entry)
        self._insert(entry, spot)

    def insert_at(self, place: QPointF, key: str) -> None:
        """Add an entry of the catalogue where a drop at that place of the scene would put it, and select it."""
        entry = self.catalogue.find(key)
        if entry is None:
            return
        drag = PaletteDrag(self._view, self.planner, entry)
        spot = drag.spot_at(place)
        drag.end()
        self._insert(entry, spot)

    def _insert(self, entry: Entry, spot: Spot) -> None:
        view = self._view
        plan = self.planner.plan(view.context.report(), entry, spot)
        if plan.command is None:
            view.complain(plan.refusal)
        elif view.edit(plan.command):
            view.selection.select(plan.new_ids, plan.result)
            view.show_card(plan.result)

    def _forget(self) -> None:
        if isValid(self):
            self.planner.forget()

    def open_search(self, at: QPoint | None, link: Link | None) -> None:
        """Open the quick search at a place of the viewport, about its middle if None."""
        self.close_search()
        view = self._view
        if at is None:
            at = view.viewport().rect().center() - QPoint(theme.px(130), theme.px(120))
        source = view.network.picture.wires[link][0].source if link is not None else view.selection.source
        self.search = QuickSearch(view, self.catalogue, link)
        self.search.layers.set_reasons(self.catalogue.misfits(view.context.report(), source))
        self.search.layer_chosen.connect(self._take)
        self.search.open_at(view.viewport().mapToGlobal(at))

    def close_search(self) -> None:
        """Close the quick search if it is open."""
        search, self.search = self.search, None
        if search is not None:
            search.close()
            search.deleteLater()

    @Slot(str)
    def _take(self, key: str) -> None:
        link = self.search.link if self.search is not None else None
        self.close_search()
        entry, wires = self.catalogue.find(key), self._view.network.picture.wires
        if entry is not None and entry.takes_input and link is not None and link in wires:
            links = wires[link]
            self._insert(entry, Spot(link=links[0], others=links[1:]))
        else:
            self.append(key)
        self._view.setFocus()
