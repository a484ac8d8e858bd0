"""The page of what learns: the tree of what is frozen, on the network with its new head."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from cnn_studio.ui.panels.freeze_tree import FreezeTree
from cnn_studio.ui.wizard.page import WizardPage
from cnn_studio.ui.wizard.state import WizardState
from cnn_studio.ui.wizard.words import epoch_seconds


class FreezePage(WizardPage):
    """The freeze tree of the wizard's own network."""

    title = "Freeze"
    question = "Which layers keep what they learned, and which go on learning?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self.tree = FreezeTree(state.session)
        self.tree.layout().setContentsMargins(0, 0, 0, 0)  # type: ignore[union-attr]  # it has one
        self.tree.message.connect(self.say)
        self.tree.set_epoch_estimate(lambda: epoch_seconds(state, state.speed.macs))
        state.speed.measured.connect(self.tree.refresh)
        self.body.addWidget(self.tree, 1)

    def enter(self) -> None:
        """Show the network of now."""
        self.state.speed.ask()
        self.state.refresh()
        self.tree.set_head(self.state.head_ids)
        self.tree.refresh()
        if self.state.compares:
            self.say(
                "A comparison freezes as each of its ways needs; what is chosen here counts for fine-tuning alone.",
                "info-notice",
            )
        elif self.state.recipe.strategy != "finetune":
            self.say(_UNUSED[self.state.recipe.strategy], "info-notice")
        else:
            self.say("")

    def problem(self) -> str:
        """Say that nothing would learn."""
        if not self.state.has_network:
            return "Choose images and a network first."
        fine_tunes = self.state.recipe.strategy == "finetune" and not self.state.compares
        if fine_tunes and not any(self._trains()):
            return "Everything is frozen. Let one layer learn at least: the head, as a rule."
        return ""

    def _trains(self) -> list[bool]:
        report = self.state.session.report()
        layers = self.state.session.document.layers.values()
        return [layer.trainable for layer in layers if (report.num_params(layer.id) or 0) > 0]


_CODES = (
    "With a linear classifier on CNN codes, which is chosen under How, everything before the head is frozen anyway. What is "
    "chosen here counts for fine-tuning."
)
_UNUSED = {
    "svm": _CODES,
    "softmax": _CODES,
    "gradual": (
        "Gradual unfreezing, which is chosen under How, begins with the head and lets more learn step by step. What is chosen "
        "here counts for fine-tuning."
    ),
    "scratch": (
        "From scratch, which is chosen under How, everything learns from new weights. What is chosen here counts for "
        "fine-tuning."
    ),
}
