"""The page that says what suits the images."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from cnn_studio.transfer.advisor import advise
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState


class AdvicePage(WizardPage):
    """What to transfer, when and how, from what is known of the images."""

    title = "Advice"
    question = "What, when and how to transfer?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self.headline, self.why = text_label(role="strong"), text_label()
        self.body.addWidget(self.headline)
        self.body.addWidget(self.why)
        self.body.addStretch(1)

    def enter(self) -> None:
        """Show the advice for the images of now."""
        if len([count for count in self.state.counts.values() if count]) < 2:
            return
        advice = advise(self.state.counts, self.state.similarity, self.state.told)
        self.headline.setText(advice.headline)
        self.why.setText(advice.why)
