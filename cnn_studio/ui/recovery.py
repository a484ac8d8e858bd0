"""Offers what a window that ended without a goodbye had not saved."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.journal import Journal, LostWork, find_lost, restore
from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.ui.widgets.strip import Strip


class Recovery(QObject):
    """Keeps the journal of a session, and a strip for what was lost before it.

    Attributes:
        message: emitted with a sentence on how a restoration went.
    """

    message = Signal(str)

    def __init__(
        self, session: Session, strip: Strip, may_leave: Callable[[], bool], parent: QObject
    ) -> None:
        """Begin a journal.

        Args:
            session: what is edited.
            strip: where lost work is offered.
            may_leave: asks about unsaved changes before another project takes the place of the present one.
            parent: the object it belongs to.
        """
        super().__init__(parent)
        self._session = session
        self._may_leave = may_leave
        self._strip = strip
        self._lost: list[LostWork] = []
        self._restore = strip.add_button(
            "Restore", "Open it as it was, with its undo steps", self._bring_back
        )
        self._discard = strip.add_button("Discard", "Give it up for good", self._give_up)
        strip.hide()
        self.journal = Journal(session)

    def look(self) -> None:
        """Show the strip if there is something to bring back."""
        self._lost = find_lost()
        self._offer()

    def _offer(self) -> None:
        if not self._lost:
            self._strip.hide()
            return
        lost = self._lost[0]
        when = datetime.fromtimestamp(lost.seconds)
        edits = (
            f"one edit to {lost.name} was" if lost.edits == 1 else f"{lost.edits:,} edits to {lost.name} were"
        )
        self._strip.label.setText(
            f"CNN Studio ended unexpectedly on {when:%d %B at %H:%M}; {edits} not saved."
        )
        self._strip.show()

    @Slot()
    def _bring_back(self) -> None:
        if not self._may_leave():
            return
        lost = self._lost.pop(0)
        try:
            count = restore(lost, self._session)
        except (StudioError, OSError) as error:
            self.message.emit(f"{lost.name} could not be restored: {error}")
        else:
            whole = "all" if count == lost.edits else f"the first {count:,} of {lost.edits:,}"
            self.message.emit(f"{lost.name} is back, with {whole} edits. Save it to keep it.")
        self._offer()

    @Slot()
    def _give_up(self) -> None:
        self._lost.pop(0).discard()
        self._offer()
