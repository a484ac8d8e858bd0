"""The page that says what transfer is."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState


class TaskPage(WizardPage):
    """What the wizard does."""

    title = "Task"
    question = "What do you want to tell apart?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self.body.addWidget(
            text_label(
                "A network that was trained on many images sees edges, textures and parts that other images have too. The "
                "wizard carries it over to your own classes: choose images, a network, and what of it stays as it is."
            )
        )
        self.body.addStretch(1)
