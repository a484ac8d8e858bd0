"""A card that is one of several answers: a name, example pictures, and a sentence."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QRadioButton, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.wizard.example_pictures import EXAMPLES, Example, example_picture
from cnn_studio.ui.wizard.page import text_label

_SIDE = 56


class ChoiceCard(QFrame):
    """An answer; a click anywhere on the card chooses it.

    Attributes:
        button: what is checked while the answer counts.
    """

    def __init__(
        self, title: str, text: str, examples: Sequence[Example] = (), parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        space = theme.current().space
        theme.set_role(self, "card")
        self._examples = tuple(examples)
        self.button = QRadioButton(title)
        self.button.setFont(theme.ui_font(weight=theme.current().type.strong))
        shown = ", ".join(EXAMPLES[name] for name in self._examples)
        self.button.setAccessibleDescription(f"{text} {'Such as ' + shown + '.' if shown else ''}".strip())
        self._pictures = [QLabel() for _ in self._examples]
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.m)))
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(self.button)
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.s))
        for label, name in zip(self._pictures, self._examples, strict=True):
            label.setToolTip(EXAMPLES[name].capitalize())
            row.addWidget(label)
        row.addStretch(1)
        if self._examples:
            layout.addLayout(row)
        layout.addWidget(text_label(text, "muted"))
        layout.addStretch(1)
        self._draw()
        theme.manager().changed.connect(self._draw)

    def _draw(self) -> None:
        for label, name in zip(self._pictures, self._examples, strict=True):
            label.setPixmap(example_picture(name, theme.px(_SIDE)))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.button.setFocus(Qt.FocusReason.MouseFocusReason)
            self.button.click()
        super().mouseReleaseEvent(event)


def info_card(title: str, text: str = "") -> tuple[QFrame, QLabel]:
    """Return a card with a heading and a text, and the label of the text."""
    space = theme.current().space
    card = QFrame()
    theme.set_role(card, "card")
    layout = QVBoxLayout(card)
    layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.m)))
    layout.setSpacing(theme.px(space.xs))
    layout.addWidget(text_label(title, "strong"))
    label = text_label(text)
    layout.addWidget(label)
    layout.addStretch(1)
    return card, label
