"""The quick search: the list of layers and blocks as a popup right where one is working."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.graph.document import Link
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.catalogue import Catalogue
from cnn_studio.ui.canvas.layer_list import LayerList
from cnn_studio.ui.canvas.search_field import SearchField

NOTHING_FOUND = "No layer of that name. Try conv, pool, dense or norm."

_WIDTH, _HEIGHT = 350, 340


class QuickSearch(QFrame):
    """A popup with the search and what can be put into a network.

    Attributes:
        layer_chosen: with an entry's key; closing the popup is the receiver's business.
        link: the link that the layer is to go into, or None.
    """

    layer_chosen = Signal(str)

    def __init__(self, parent: QWidget, catalogue: Catalogue, link: Link | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.link = link
        theme.set_role(self, "panel")
        self.layers = LayerList(catalogue, self)
        self.field = SearchField(self.layers, "Enter", self)
        self._nothing = QLabel(NOTHING_FOUND, self)
        self._nothing.setWordWrap(True)
        theme.set_role(self._nothing, "muted")
        self._nothing.hide()
        margin = theme.px(theme.current().space.s)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(margin, margin, margin, margin)
        layout.setSpacing(margin)
        layout.addWidget(self.field)
        layout.addWidget(self._nothing)
        layout.addWidget(self.layers, 1)
        self.field.found_nothing.connect(self._nothing.setVisible)
        self.layers.layer_chosen.connect(self.layer_chosen)
        self.setFixedSize(theme.px(_WIDTH), theme.px(_HEIGHT))

    def open_at(self, place: QPoint) -> None:
        """Open with the upper left corner at a place of the screen, or as near as fits on it."""
        screen = QGuiApplication.screenAt(place) or QGuiApplication.primaryScreen()
        area = screen.availableGeometry()
        x = max(area.left(), min(place.x(), area.right() - self.width()))
        y = max(area.top(), min(place.y(), area.bottom() - self.height()))
        self.move(x, y)
        self.layers.move_current(0)
        self.show()
        self.field.setFocus(Qt.FocusReason.PopupFocusReason)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setPen(theme.qcolor("line"))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()
