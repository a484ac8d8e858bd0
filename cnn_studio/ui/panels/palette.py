"""The palette: all layer types, presets and own blocks in groups, to be dragged onto the canvas or chosen by name."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid
from typing_extensions import override

from cnn_studio.graph.document import DocumentChange
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.catalogue import Catalogue
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.layer_list import LayerList
from cnn_studio.ui.canvas.own_blocks import OwnBlockDialogs
from cnn_studio.ui.canvas.quick_search import NOTHING_FOUND
from cnn_studio.ui.canvas.search_field import SearchField
from cnn_studio.ui.canvas.selection import SelectionModel

_SETTLE_MS = 150
_WIDTH = 224


class PalettePanel(QFrame):
    """The palette beside the canvas.

    What would fail behind the selected layer, or in the selected wire, is muted and says why; that is worked out
    some time after the last edit, so that no edit waits for it.

    Attributes:
        layer_chosen: with an entry's key, on Enter or a double click.
        message: a sentence about something that was refused.
        layers: the list.
        field: the search above it.
    """

    layer_chosen = Signal(str)
    message = Signal(str)

    def __init__(
        self,
        context: EditingContext,
        selection: SelectionModel,
        catalogue: Catalogue,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._selection = selection
        self._catalogue = catalogue
        self.layers = LayerList(catalogue, self)
        self.field = SearchField(self.layers, "Ctrl K", self)
        self._own = OwnBlockDialogs(catalogue.blocks, self, self.message.emit)
        self._nothing = QLabel(NOTHING_FOUND, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._build()
        self.layers.layer_chosen.connect(self.layer_chosen)
        self.layers.menu_requested.connect(self._open_menu)
        self._timer.timeout.connect(self._check)
        selection.changed.connect(self._unsettle)
        context.changed.connect(self._note_change)
        context.replaced.connect(self._note_replaced)
        catalogue.blocks.changed.connect(self._note_replaced)

    def _build(self) -> None:
        theme.set_role(self, "panel")
        space = theme.current().space
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(theme.px(space.l), 0, theme.px(space.m), 0)
        theme.set_role(self._nothing, "muted")
        self._nothing.hide()
        self.field.found_nothing.connect(self._nothing.setVisible)
        above = QVBoxLayout()
        above.setContentsMargins(*(theme.px(n) for n in (space.m, space.m, space.m, 0)))
        above.addWidget(self.field)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(above)
        layout.addWidget(self._nothing)
        layout.addWidget(self.layers, 1)
        self.setMinimumWidth(theme.px(_WIDTH) * 3 // 4)
        self.resize(theme.px(_WIDTH), theme.px(_WIDTH) * 3)

    def focus_search(self) -> None:
        """Put the cursor into the search field."""
        self.field.setFocus()
        self.field.selectAll()

    # --------------------------------------------------------------------------------------------- what fits where

    def _note_change(self, change: DocumentChange) -> None:
        if isValid(self) and (change.added or change.removed or change.edited or change.relinked):
            self._unsettle()

    def _note_replaced(self) -> None:
        if isValid(self):
            self._unsettle()

    @Slot()
    def _unsettle(self) -> None:
        if self.isVisible():
            self._timer.start(_SETTLE_MS)

    @Slot()
    def _check(self) -> None:
        # with nothing selected all can be dragged somewhere, and nothing says yet where it would go
        self.layers.set_reasons(self._catalogue.misfits(self._context.report(), self._selection.source))

    @Slot(str, QPoint)
    def _open_menu(self, key: str, place: QPoint) -> None:
        """Offer what can be done to an own block."""
        entry = self._catalogue.find(key)
        if entry is not None and entry.own:
            menu = self._own.menu(entry.own)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(place)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._unsettle()
        skipped, self._catalogue.blocks.skipped = self._catalogue.blocks.skipped, ()
        if skipped:
            self.message.emit(" ".join(skipped[:3]))

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
