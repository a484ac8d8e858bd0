"""What is dragged from the palette over one canvas and dropped on it, whatever the event that says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, QPoint

from cnn_studio.ui.canvas.palette_drag import PaletteDrag, dragged_key

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView


class LayerDrops:
    """At most one drag at a time; places are in the viewport."""

    def __init__(self, view: CanvasView) -> None:
        self._view = view
        self._drag: PaletteDrag | None = None

    @property
    def is_busy(self) -> bool:
        """Whether something is dragged over the canvas."""
        return self._drag is not None

    def enter(self, mime: QMimeData) -> bool:
        """Begin to show what a drop would do; return whether it comes from the palette."""
        inserter = self._view.inserter
        entry = inserter.catalogue.find(dragged_key(mime) or "")
        if entry is None:
            return False
        self.end()
        self._drag = PaletteDrag(self._view, inserter.planner, entry)
        return True

    def move(self, at: QPoint) -> bool:
        """Follow the mouse; return whether a drop is possible here."""
        if self._drag is None:
            return False
        self._view.scroller.follow(at, self._drag.move)
        return self._drag.move(at)

    def end(self) -> None:
        """Show nothing any more."""
        drag, self._drag = self._drag, None
        if drag is not None:
            self._view.scroller.stop()
            drag.end()

    def drop(self, at: QPoint) -> bool:
        """Add what is dragged and select it; return whether that was done."""
        drag = self._drag
        if drag is None:
            return False
        drag.move(at)
        plan = drag.plan
        self.end()
        if plan is None or plan.command is None or not self._view.edit(plan.command):
            return False
        self._view.selection.select(plan.new_ids, plan.result)
        self._view.setFocus()
        return True
