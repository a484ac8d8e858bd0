"""The Inspect page: an image at the left, all layers beside it, and the chosen layer in full."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.ui import theme
from cnn_studio.ui.insight.cell_view import WrittenCell
from cnn_studio.ui.insight.compare_view import CompareView
from cnn_studio.ui.insight.depth_view import DepthView
from cnn_studio.ui.insight.filters_view import FiltersView
from cnn_studio.ui.insight.image_box import ImageBox
from cnn_studio.ui.insight.layer_list import LayerList
from cnn_studio.ui.insight.map_view import MapView
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.where_view import WhereView
from cnn_studio.ui.widgets.flow_layout import FlowLayout
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.widgets.segments import segment_button

if TYPE_CHECKING:
    from cnn_studio.datasets.records import ImageData

_LEAST_WIDTH = 300


class InspectPage(QWidget):
    """Looks into the network that is open, or that a paused run trains.

    Attributes:
        message: emitted with a sentence about what cannot be shown.
    """

    message = Signal(str)

    def __init__(
        self,
        state: InsightState,
        data: Callable[[], ImageData | None],
        start: Callable[[], Project | None] | None = None,
        store: RunStore | None = None,
        parent: QWidget | None = None,
    ) -> None:
        """Make the page.

        Args:
            state: what it shares with its parts; belongs to it from now on.
            data: returns the images of the project, once they are loaded.
            start: returns the network as training began with it, or None where nobody knows.
            store: the runs whose networks can be compared; the user's if None.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.state = state
        state.setParent(self)
        self.image = ImageBox(state, data)
        self.layers = LayerList(state)
        self.maps = MapView(state)
        self.cell = WrittenCell(state)
        self.where = WhereView(state)
        self.filters = FiltersView(state, start, data)
        self.depths = DepthView(state)
        self.compare = CompareView(state, store or RunStore(), start)
        self.title = QLabel()
        self._views = QStackedWidget()
        self._buttons = QButtonGroup(self)
        self._is_stale = True
        self._build()
        for part in (self.image, self.where):
            part.message.connect(self.message)
        state.layer_changed.connect(self._show_title)
        self.depths.layer_wanted.connect(lambda: self.show_view(0))
        self.maps.grid.doubleClicked.connect(self.show_cell)

    def _build(self) -> None:
        space = theme.current().space
        theme.set_role(self.title, "strong")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        tabs = QWidget()
        flow = FlowLayout(tabs, theme.px(2))
        views = (
            ("Maps", self.maps, "All maps of the chosen layer; double-click a cell to see it written out"),
            ("Written out", self.cell, "How the chosen cell comes about: window, filter, products, sum"),
            ("Where it looked", self.where, "Which part of the image speaks for a class"),
            ("Filters", self.filters, "The filters of the layer, and the images that excite a map most"),
            ("Depths", self.depths, "The strongest maps of a few layers from the first to the last"),
            ("Compare", self.compare, "What another network says of the same image, and where it looked"),
        )
        for number, (name, view, tip) in enumerate(views):
            self._views.addWidget(scrolled(view) if view is self.where else view)
            button = segment_button(name, tip)
            self._buttons.addButton(button, number)
            flow.addWidget(button)
        self._buttons.button(0).setChecked(True)
        self._buttons.idClicked.connect(self.show_view)
        self.title.setMinimumHeight(self._buttons.button(0).sizeHint().height())
        self.title.setContentsMargins(theme.px(space.m), 0, 0, 0)
        flow.addWidget(self.title)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(theme.px(space.m), 0, theme.px(space.m), theme.px(space.s))
        column.setSpacing(theme.px(space.s))
        column.addWidget(tabs)
        column.addWidget(self._views, 1)
        left = scrolled(self.image)
        left.setFixedWidth(self.image.width() + theme.px(20))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
        right.setMinimumWidth(theme.px(_LEAST_WIDTH))
        split.addWidget(self.layers)
        split.addWidget(right)
        split.setStretchFactor(1, 1)
        split.setSizes([theme.px(n) for n in (290, 560)])
        layout = QHBoxLayout(self)
        layout.setContentsMargins(theme.px(space.m), 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(left)
        layout.addWidget(split, 1)
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self, self.image.paste)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)

    @Slot(int)
    def show_view(self, number: int) -> None:
        """Show one of the views of the chosen layer."""
        self._buttons.button(number).setChecked(True)
        self._views.setCurrentIndex(number)

    @Slot()
    def show_cell(self) -> None:
        """Show how the chosen cell comes about; the arrow keys move it."""
        self.show_view(self._views.indexOf(self.cell))
        self.cell.stage.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def _show_title(self) -> None:
        look, chosen = self.state.look, self.state.layer
        layer = look.layers.get(chosen) if look is not None and chosen is not None else None
        self.title.setText(layer.path if layer is not None else "")

    @Slot()
    def network_changed(self, remark: str = "") -> None:
        """Take the network anew: at once where this page is seen, else when it is shown.

        Args:
            remark: from which moment it is, as a sentence.
        """
        self.state.forget_network(remark)
        self._is_stale = True
        if self.isVisible():
            self._begin()

    def _begin(self) -> None:
        if self._is_stale:
            self._is_stale = False
            self.image.begin()

    def close_work(self) -> None:
        """End what goes on."""
        self.state.close()
        self.cell.drop()
        self.where.close_work()
        self.filters.close_work()
        self.compare.close_work()

    # ---------------------------------------------------------------------------------------------------------- events

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._begin()

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasUrls() or event.mimeData().hasImage():
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self.image.take(event.mimeData())
