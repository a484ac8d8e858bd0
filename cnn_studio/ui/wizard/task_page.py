"""The page that says what transfer is, and asks how similar the images are to those of the source."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QButtonGroup, QFrame, QHBoxLayout, QVBoxLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.choice_card import ChoiceCard, info_card
from cnn_studio.ui.wizard.example_pictures import Example
from cnn_studio.ui.wizard.likeness_box import LikenessBox
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.transfer.advisor import Answer

_INTRO = (
    "A network that was trained on many images sees edges, textures and parts that other images have too. The wizard carries "
    "it over to your own classes. Three questions decide how, and each later page answers a part of them:"
)
_QUESTIONS = (
    ("What to transfer?", "Which layers see something that your images have too: where the network is cut."),
    (
        "When to transfer?",
        "Whether it helps at all: the more alike the images, and the fewer of them, the more.",
    ),
    ("How to transfer?", "Whether the layers stay as they are or learn on, and what is put on top of them."),
)
_ASK = "How similar are your images to everyday photographs?"
_ABOUT = "Most published networks learned from ImageNet: photographs of animals, plants, things and places."
_ANSWERS: tuple[tuple[Answer | None, str, str, tuple[Example, ...]], ...] = (
    (
        "similar",
        "Similar",
        "Photographs of things in the world, of whatever kind.",
        ("landscape", "flower", "house"),
    ),
    (
        "different",
        "Different",
        "Writing, textures, medical or technical images, drawings.",
        ("digit", "texture", "cells"),
    ),
    (None, "Not sure", "The measurement below decides; without one, similar is assumed.", ()),
)


class TaskPage(WizardPage):
    """What the wizard does, and the user's answer to how similar the images are; it wins over the measurement."""

    title = "Task"
    question = "What do you want to tell apart, and how similar is it to what networks have seen?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        space = theme.current().space
        self.answers: dict[Answer | None, ChoiceCard] = {}
        self.likeness = LikenessBox(state)
        self.likeness.failed.connect(self.say)
        self.counts = text_label()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.px(space.s), 0)
        column.setSpacing(theme.px(space.m))
        column.addWidget(text_label(_INTRO))
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        for title, text in _QUESTIONS:
            row.addWidget(info_card(title, text)[0], 1)
        column.addLayout(row)
        column.addSpacing(theme.px(space.s))
        column.addWidget(text_label(_ASK, "title"))
        column.addWidget(text_label(_ABOUT, "muted"))
        group = QButtonGroup(self)
        cards = QHBoxLayout()
        cards.setSpacing(theme.px(space.m))
        for answer, name, text, examples in _ANSWERS:
            card = self.answers[answer] = ChoiceCard(name, text, examples)
            group.addButton(card.button)
            card.button.toggled.connect(partial(self._chosen, answer))
            cards.addWidget(card, 1)
        column.addLayout(cards)
        frame = QFrame()
        theme.set_role(frame, "card")
        around = QVBoxLayout(frame)
        around.setContentsMargins(*(theme.px(space.m),) * 4)
        around.addWidget(self.likeness)
        around.addWidget(self.counts)
        column.addWidget(frame)
        column.addStretch(1)
        self.body.addWidget(scrolled(inside), 1)
        state.changed.connect(self._show_state)
        self._show_state()

    def enter(self) -> None:
        """Show what the state says."""
        self.likeness.refresh()
        self._show_state()

    @Slot()
    def _show_state(self) -> None:
        button = self.answers[self.state.told].button
        if not button.isChecked():
            button.setChecked(True)
        text = ""
        told, found = self.state.told, self.state.similarity
        if told is not None and found is not None:
            agrees = (told == "different") == (found.level == "very different")
            text = "Your answer agrees with it." if agrees else f"You say {told}, and your answer counts."
        self.counts.setText(text)
        self.counts.setVisible(bool(text))

    def _chosen(self, answer: Answer | None, is_on: bool) -> None:
        if is_on and answer != self.state.told:
            self.state.set(told=answer)
