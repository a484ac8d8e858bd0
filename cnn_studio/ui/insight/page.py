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
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.insight.image_box import ImageBox
from cnn_studio.ui.insight.layer_list import LayerList
from cnn_studio.ui.insight.map_view import MapView
from cnn_studio.ui.insight.state import InsightState

if TYPE_CHECKING:
    from cnn_studio.datasets.records import ImageData

_VIEWS = ("Maps", "Written out", "Where it looked", "Filters")


class InspectPage(QWidget):
    """Looks into the network that is open, or that a paused run trains.

    Attributes:
        message: emitted with a sentence about what cannot be shown.
    """

    message = Signal(str)

    def __init__(
        self, state: InsightState, data: Callable[[], ImageData | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self.state = state
        state.setParent(self)
        self.image = ImageBox(state, data)
        self.layers = LayerList(state)
        self.maps = MapView(state)
        self.title = QLabel()
        self._views = QStackedWidget()
        self._buttons = QButtonGroup(self)
        self._is_stale = True
        self._build()
        self.image.message.connect(self.message)
        state.layer_changed.connect(self._show_title)

    def _build(self) -> None:
        space = theme.current().space
        theme.set_role(self.title, "strong")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        for view in (self.maps,):
            self._views.addWidget(view)
        head = QHBoxLayout()
        head.setSpacing(theme.px(2))
        for number in range(self._views.count()):
            button = QPushButton(_VIEWS[number])
            button.setCheckable(True)
            theme.set_role(button, "segment")
            self._buttons.addButton(button, number)
            head.addWidget(button)
        self._buttons.button(0).setChecked(True)
        self._buttons.idClicked.connect(self._views.setCurrentIndex)
        head.addStretch(1)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(theme.px(space.m), 0, theme.px(space.m), theme.px(space.s))
        column.setSpacing(theme.px(space.s))
        column.addWidget(self.title)
        column.addLayout(head)
        column.addWidget(self._views, 1)
        left = QScrollArea()
        left.setWidget(self.image)
        left.setWidgetResizable(True)
        left.setFrameShape(QScrollArea.Shape.NoFrame)
        left.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        left.setFixedWidth(self.image.width() + theme.px(20))
        split = QSplitter(Qt.Orientation.Horizontal)
        split.setChildrenCollapsible(False)
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

    @Slot()
    def _show_title(self) -> None:
        look, chosen = self.state.look, self.state.layer
        layer = look.layers.get(chosen) if look is not None and chosen is not None else None
        self.title.setText(layer.path if layer is not None else "")

    @Slot()
    def network_changed(self) -> None:
        """Take the network anew: at once where this page is seen, else when it is shown."""
        self.state.forget_network()
        self._is_stale = True
        if self.isVisible():
            self._begin()

    def _begin(self) -> None:
        if self._is_stale:
            self._is_stale = False
            self.image.begin()

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
