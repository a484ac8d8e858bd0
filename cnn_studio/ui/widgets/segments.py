"""Joined buttons, and pages chosen by a row of joined buttons that floats over the upper right corner."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.ui import theme

_BAR_ROOM = 52
_ROOMY = 760


def segment_button(name: str, tip: str) -> QPushButton:
    """Return one of a row of joined buttons of which one is down."""
    button = QPushButton(name)
    button.setCheckable(True)
    button.setToolTip(tip)
    theme.set_role(button, "segment")
    return button


class SegmentedStack(QWidget):
    """Pages with names, one shown at a time.

    Attributes:
        page_changed: emitted with the number of the page that is shown now.
    """

    page_changed = Signal(int)

    def __init__(
        self, pages: Sequence[tuple[str, QWidget]], floats_over: QWidget, parent: QWidget | None = None
    ) -> None:
        """Make the pages.

        Args:
            pages: name and widget of each.
            floats_over: the page that reaches under the buttons; the others begin below them.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._stack = QStackedWidget()
        self._bar = QFrame(self)
        theme.set_role(self._bar, "card")
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(*(theme.px(3),) * 4)
        row.setSpacing(theme.px(2))
        self._group = QButtonGroup(self)
        for number, (name, page) in enumerate(pages):
            button = segment_button(name, f"Ctrl+{number + 1}")
            self._group.addButton(button, number)
            row.addWidget(button)
            self._stack.addWidget(self._below_bar(page, floats=page is floats_over))
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.show_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._stack)
        self.installEventFilter(self)

    def button(self, name: str) -> QPushButton:
        """Return the button of a page."""
        return next(button for button in self._bar.findChildren(QPushButton) if button.text() == name)

    def _below_bar(self, page: QWidget, *, floats: bool) -> QWidget:
        holder = QWidget()
        layout = QVBoxLayout(holder)
        layout.setContentsMargins(0, theme.px(_BAR_ROOM), 0, 0)
        layout.addWidget(page)
        if floats:
            self._floating = layout
        return holder

    @Slot(int)
    def show_page(self, number: int) -> None:
        """Show a page."""
        self._group.button(number).setChecked(True)
        if number != self._stack.currentIndex():
            self._stack.setCurrentIndex(number)
            self.page_changed.emit(number)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the buttons in the corner."""
        if event.type() in (QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.LayoutRequest):
            self._place_bar()
        return False

    def _place_bar(self) -> None:
        self._bar.adjustSize()
        # in a narrow window the buttons would lie on what the page shows in its middle
        room = 0 if self.width() >= theme.px(_ROOMY) else theme.px(_BAR_ROOM)
        if self._floating.contentsMargins().top() != room:
            self._floating.setContentsMargins(0, room, 0, 0)
        self._bar.move(self.width() - self._bar.width() - theme.px(16), theme.px(10))
        self._bar.raise_()
