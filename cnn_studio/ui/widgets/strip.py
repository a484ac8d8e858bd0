"""Strips above the canvas: messages and offers that never stand in the way."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from cnn_studio.ui import theme

_SHOWN_MS = 15_000


class Strip(QFrame):
    """A line of text with buttons and a cross.

    Attributes:
        closed: the cross was pressed.
    """

    closed = Signal()

    def __init__(self, role: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, role)
        space = theme.current().space
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)  # names of files and layers may hold angle brackets
        self.label.setWordWrap(True)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        cross = QToolButton()
        theme.set_role(cross, "quiet")
        theme.bind_icon(cross, "close", "muted")
        cross.setToolTip("Close this strip")
        cross.setAccessibleName("Close this strip")
        cross.clicked.connect(self._close)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(*(theme.px(n) for n in (space.l, space.xs, space.s, space.xs)))
        self._row.setSpacing(theme.px(space.s))
        self._row.addWidget(self.label, 1)
        self._row.addWidget(cross)

    def add_button(self, text: str, help_: str, clicked: Callable[[], object] | None = None) -> QPushButton:
        """Add a button before the cross; without `clicked` the caller gives it a menu."""
        button = QPushButton(text)
        theme.set_role(button, "fix")
        button.setToolTip(help_)
        if clicked is not None:
            button.clicked.connect(clicked)
        self._row.insertWidget(self._row.count() - 1, button)
        return button

    @Slot()
    def _close(self) -> None:
        self.hide()
        self.closed.emit()


class MessageStrip(Strip):
    """Says what happened, and goes by itself after a while; a new message takes the place of the old one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("notice", parent)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    @Slot(str)
    def show_message(self, text: str) -> None:
        """Show a sentence."""
        self.label.setText(text)
        self.show()
        self._timer.start()

    def hideEvent(self, event: object) -> None:
        """Stop counting."""
        self._timer.stop()
