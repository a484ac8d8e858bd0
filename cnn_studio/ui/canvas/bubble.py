"""A small speech bubble on the canvas: why something cannot be done, said where the mouse is."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

Tone = Literal["error", "warning", "info"]

_ROLES = {"error": "error-notice", "warning": "notice", "info": "info-notice"}
_MAX_WIDTH = 300
_SHOWN_MS = 4000


class Bubble(QFrame):
    """One sentence near a place of the view; it takes no mouse events."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._holder = parent
        self._label = QLabel(self)
        self._label.setWordWrap(True)
        space = theme.current().space
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        layout.addWidget(self._label)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @property
    def text(self) -> str:
        """What it says; empty while hidden."""
        return "" if self.isHidden() else self._label.text()

    def say(self, text: str, at: QPoint, tone: Tone = "error", *, stays: bool = False) -> None:
        """Show a sentence below and right of a place in the parent, inside its borders.

        Args:
            text: the sentence; an empty one hides the bubble.
            at: the place, in the parent.
            tone: how it is coloured.
            stays: until it is hidden, not for some seconds.
        """
        if not text:
            self.hide()
            return
        theme.set_role(self, _ROLES[tone])
        self._label.setText(text)
        inner = theme.px(_MAX_WIDTH) - 2 * theme.px(theme.current().space.m)
        needed = self._label.fontMetrics().horizontalAdvance(text) + theme.px(4)
        self._label.setFixedWidth(min(inner, needed))
        self.adjustSize()
        room = self._holder.size()
        margin = theme.px(theme.current().space.s)
        x = min(at.x() + theme.px(theme.current().space.l), room.width() - self.width() - margin)
        y = at.y() + theme.px(theme.current().space.l)
        if y + self.height() > room.height() - margin:
            y = at.y() - self.height() - margin
        self.move(max(margin, x), max(margin, y))
        self.show()
        self.raise_()
        if stays:
            self._timer.stop()
        else:
            self._timer.start(_SHOWN_MS)

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()
        super().hideEvent(event)
