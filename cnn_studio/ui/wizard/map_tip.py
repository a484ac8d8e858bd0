"""The card beside the mouse on a map of codes: the image there, in large, and what it is."""

from __future__ import annotations

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from cnn_studio.ui import theme

_AWAY = 14


class MapTip(QFrame):
    """A picture and a line or two; moves with the mouse and takes no events."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._room = parent
        theme.set_role(self, "card")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.picture, self.text = QLabel(), QLabel()
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.picture, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout = self._layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(theme.current().space.s),) * 4)
        layout.setSpacing(theme.px(theme.current().space.xs))
        layout.addWidget(self.picture)
        layout.addWidget(self.text)
        self.hide()

    def show_at(self, place: QPointF, picture: QPixmap, text: str) -> None:
        """Show an image beside a place of the parent, inside of it."""
        self.picture.setPixmap(picture)
        self.text.setText(text)
        self._layout.activate()
        size, room, away = self.sizeHint(), self._room.rect(), theme.px(_AWAY)
        x, y = round(place.x()) + away, round(place.y()) + away
        if x + size.width() > room.width():
            x = round(place.x()) - away - size.width()
        if y + size.height() > room.height():
            y = round(place.y()) - away - size.height()
        self.setGeometry(max(0, x), max(0, y), size.width(), size.height())
        self.show()
        self.raise_()
