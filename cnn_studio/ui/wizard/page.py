"""What the pages of the transfer wizard have in common."""

from __future__ import annotations

from typing import Literal

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.wizard.state import WizardState

Kind = Literal["", "notice", "error-notice", "info-notice"]


class WizardPage(QWidget):
    """One question of the wizard.

    A page is built when it is first shown; it reads all it knows from the state and writes all answers there.

    Attributes:
        title: a word or two for the list of steps.
        question: the sentence above the page.
        next_text: what the button says that leads on.
        answered: emitted where `problem` may have changed without a change of the state.
        go_on: emitted where the page itself leads on, such as after a double click.
        body: the column that a page fills.
    """

    title = ""
    question = ""
    next_text = "Next"
    answered = Signal()
    go_on = Signal()

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        space = theme.current().space
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(0, 0, 0, 0)
        self.body.setSpacing(theme.px(space.m))
        self.notice = Notice()
        self.body.addWidget(self.notice)

    def enter(self) -> None:
        """Show what the state says; called each time the page comes into view."""

    def problem(self) -> str:
        """Return the sentence that says why one cannot go on, or nothing."""
        return ""

    def pending(self) -> str:
        """Return what must still happen before the next page can be shown, or nothing; `proceed` may do it."""
        return ""

    def proceed(self) -> bool:
        """Do what the button that leads on says; return whether to show the next page."""
        return True

    def say(self, text: str, kind: Kind = "error-notice") -> None:
        """Show a sentence above the page, or take it away."""
        self.notice.say(text, kind)


class Notice(QFrame):
    """A sentence on a coloured ground; hidden while there is none."""

    def __init__(self, text: str = "", kind: Kind = "info-notice", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        space = theme.current().space
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row = QHBoxLayout(self)
        row.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        row.addWidget(self.label, 1)
        self.say(text, kind)

    @property
    def text(self) -> str:
        """What it says."""
        return self.label.text()

    def say(self, text: str, kind: Kind = "info-notice") -> None:
        """Show a sentence; without one, nothing is shown."""
        self.label.setText(text)
        theme.set_role(self, kind)
        self.setVisible(bool(text))


class FittedArea(QScrollArea):
    """As high as what is in it, up to a limit; beyond that it scrolls."""

    def __init__(self, inside: QWidget, most: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inside, self._most = inside, most
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(inside)

    def fit(self) -> None:
        """Take the height of what is in it now, at the present width."""
        inside, width = self._inside, self.viewport().width()
        layout = inside.layout()
        if layout is not None:
            layout.activate()
        tall = inside.heightForWidth(width) if inside.hasHeightForWidth() else inside.sizeHint().height()
        self.setFixedHeight(min(tall, theme.px(self._most)))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self.fit()


def text_label(text: str = "", role: str = "") -> QLabel:
    """Return a label for sentences, which wraps."""
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        theme.set_role(label, role)
    return label
