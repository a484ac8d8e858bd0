"""The field that searches a list of layers; its arrow keys move in the list."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.layer_list import LayerList


class SearchField(QLineEdit):
    """A search field above a list of layers.

    Attributes:
        found_nothing: with whether the text fits no layer, after each change of the text.
    """

    found_nothing = Signal(bool)

    def __init__(self, layers: LayerList, keys: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layers = layers
        self.setPlaceholderText("Find a layer")
        self.setAccessibleName("Find a layer")
        self.setClearButtonEnabled(False)
        # an action of the field would be a tool button, which the style sheet makes as tall as other buttons
        self._lens = QLabel(self)
        self._lens.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        theme.manager().changed.connect(self._redress)
        self._redress()
        self._keys = QLabel(keys, self)
        theme.set_role(self._keys, "small")
        self._keys.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.textChanged.connect(self._search)

    @Slot()
    def _redress(self) -> None:
        side = theme.px(theme.current().space.icon)
        self._lens.setPixmap(theme.icon("search", "muted").pixmap(side, side))
        self._lens.resize(side, side)
        self.setTextMargins(side, 0, 0, 0)

    def _search(self, text: str) -> None:
        self._keys.setVisible(not text)
        self._layers.search(text)
        self.found_nothing.emit(self._layers.is_empty)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._keys.adjustSize()
        x = self.width() - self._keys.width() - theme.px(theme.current().space.s)
        self._lens.move(theme.px(theme.current().space.s), (self.height() - self._lens.height()) // 2)
        self._keys.move(x, (self.height() - self._keys.height()) // 2)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: 8, Qt.Key.Key_PageUp: -8}
        if event.key() in steps:
            self._layers.move_current(steps[Qt.Key(event.key())])
        elif event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
            self._layers.choose_current()
        elif event.key() == Qt.Key.Key_Escape and self.text():
            self.clear()
        else:
            super().keyPressEvent(event)
            return
        event.accept()
