"""What the canvas needs to know of the open project: the document, its undo stack, and its shapes."""

from __future__ import annotations

from typing import Protocol

from psygnal import SignalInstance

from cnn_studio.app.view_state import ViewState
from cnn_studio.core.commands import CommandStack
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import ShapeReport


class EditingContext(Protocol):
    """The open document and the ways to change it; document and stack are other objects after `replaced`.

    Attributes:
        view: which blocks are folded and where the network runs to; saved with the project, but no edit.
    """

    view: ViewState

    @property
    def document(self) -> NetworkDocument:
        """The open network."""

    @property
    def stack(self) -> CommandStack[NetworkDocument]:
        """Its undo steps; every edit goes through `push`."""

    @property
    def changed(self) -> SignalInstance:
        """The signal after every edit."""

    @property
    def replaced(self) -> SignalInstance:
        """The signal after another document was opened."""

    def report(self) -> ShapeReport:
        """Return shapes and problems of the document as it is now."""
