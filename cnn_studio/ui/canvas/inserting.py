"""Adding layers by name: from the palette's list, the quick search, and the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QPointF, Slot

from cnn_studio.graph.document import Link
from cnn_studio.graph.registry import get_spec
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.drop import Planner, Spot, free_spot_above, spot_below
from cnn_studio.ui.canvas.palette_drag import PaletteDrag
from cnn_studio.ui.canvas.quick_search import QuickSearch

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class Inserter(QObject):
    """Adds layers to one canvas.

    Attributes:
        planner: works out what an insertion leads to.
        search: the quick search while it is open, else None.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self.planner = Planner()
        self.search: QuickSearch | None = None

    def append(self, type_id: str) -> None:
        """Add a layer behind the current one, or behind the output if nothing is selected, and select it."""
        document = self._view.context.document
        if get_spec(type_id).max_inputs == 0:
            spot = free_spot_above(document)
        else:
            spot = spot_below(document, self._view.selection.current)
        self._insert(type_id, spot)

    def insert_at(self, place: QPointF, type_id: str) -> None:
        """Add a layer where a drop at that place of the scene would put it, and select it."""
        drag = PaletteDrag(self._view, self.planner, type_id)
        spot = drag.spot_at(place)
        drag.end()
        self._insert(type_id, spot)

    def _insert(self, type_id: str, spot: Spot) -> None:
        view = self._view
        plan = self.planner.plan(view.context.report(), type_id, spot)
        if plan.command is None:
            view.complain(plan.refusal)
        elif view.edit(plan.command):
            view.selection.select({plan.new_id}, plan.new_id)
            view.show_card(plan.new_id)

    def open_search(self, at: QPoint | None, link: Link | None) -> None:
        """Open the quick search at a place of the viewport, about its middle if None."""
        self.close_search()
        view = self._view
        if at is None:
            at = view.viewport().rect().center() - QPoint(theme.px(130), theme.px(120))
        self.search = QuickSearch(view, link)
        self.search.layer_chosen.connect(self._take)
        self.search.open_at(view.viewport().mapToGlobal(at))

    def close_search(self) -> None:
        """Close the quick search if it is open."""
        search, self.search = self.search, None
        if search is not None:
            search.close()
            search.deleteLater()

    @Slot(str)
    def _take(self, type_id: str) -> None:
        link = self.search.link if self.search is not None else None
        self.close_search()
        if link is not None and link in self._view.network.wires:
            links = self._view.network.picture.wires[link]
            self._insert(type_id, Spot(link=links[0], others=links[1:]))
        else:
            self.append(type_id)
        self._view.setFocus()
