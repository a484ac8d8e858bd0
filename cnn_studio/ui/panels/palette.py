"""The palette: all layer types by family, to be dragged onto the canvas or chosen by name."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget
from shiboken6 import isValid
from typing_extensions import override

from cnn_studio.graph.document import DocumentChange
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.context import EditingContext
from cnn_studio.ui.canvas.drop import Planner, spot_below
from cnn_studio.ui.canvas.layer_list import LayerList
from cnn_studio.ui.canvas.quick_search import NOTHING_FOUND
from cnn_studio.ui.canvas.search_field import SearchField
from cnn_studio.ui.canvas.selection import SelectionModel

_SETTLE_MS = 150
_WIDTH = 224


class PalettePanel(QFrame):
    """The palette beside the canvas.

    Types that cannot work behind the selected layer are muted and say why; that is worked out some time
    after the last edit, one type at a time, so that no edit waits for it.

    Attributes:
        layer_chosen: with a type's id, on Enter or a double click.
        layers: the list.
        field: the search above it.
    """

    layer_chosen = Signal(str)

    def __init__(
        self, context: EditingContext, selection: SelectionModel, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._selection = selection
        self._planner = Planner()
        self._waiting: list[str] = []
        self._reasons: dict[str, str] = {}
        self.layers = LayerList(self)
        self.field = SearchField(self.layers, "Ctrl K", self)
        self._nothing = QLabel(NOTHING_FOUND, self)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._build()
        self.layers.layer_chosen.connect(self.layer_chosen)
        self._timer.timeout.connect(self._check_next)
        selection.changed.connect(self._unsettle)
        context.changed.connect(self._note_change)
        context.replaced.connect(self._note_replaced)

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
        self._waiting.clear()
        self._planner.forget()
        if self.isVisible():
            self._timer.start(_SETTLE_MS)

    @Slot()
    def _check_next(self) -> None:
        """Work out the next type, and leave the thread to others in between."""
        if not self._waiting:
            self._waiting = [spec.id for spec in all_specs()]
            self._reasons = {}
        type_id = self._waiting.pop()
        report = self._context.report()
        # with nothing selected all can be dragged somewhere, and nothing says yet where it would go
        if self._selection.current is not None:
            plan = self._planner.plan(report, type_id, spot_below(report.document, self._selection.current))
            if plan.misfit and get_spec(type_id).max_inputs != 0:  # an input goes above, not behind
                self._reasons[type_id] = plan.misfit
        if self._waiting:
            self._timer.start(0)
        else:
            self.layers.set_reasons(self._reasons)

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._unsettle()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
