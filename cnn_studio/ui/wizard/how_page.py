"""The page of how it is learned: a linear classifier on codes, fine-tuning, or several ways compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QRadioButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.engine.settings import TrainSettings
from cnn_studio.transfer.recipe import STRATEGIES, Strategy
from cnn_studio.ui import theme
from cnn_studio.ui.panels.settings_form import SettingsForm
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState

COMPARE = "compare"


@dataclass(frozen=True, slots=True)
class _Way:
    """A way, what it is called, and what it does."""

    name: str
    title: str
    text: str


def _way(name: Strategy, text: str) -> _Way:
    return _Way(name, STRATEGIES[name], text)


_WAYS = (
    _way(
        "svm",
        "Each image goes through the frozen network once; a linear support vector machine parts the codes with the widest "
        "margin. Quick, and hard to beat with few images. It gives margins, not probabilities.",
    ),
    _way(
        "softmax",
        "The same codes, with a linear layer that gives probabilities (logistic regression). As quick as the SVM.",
    ),
    _way(
        "finetune",
        "Training goes on from the learned weights, with small steps; frozen layers stay as they are. Pays off with many "
        "images, or with ones that look unlike the old ones.",
    ),
    _way(
        "gradual",
        "Fine-tuning in steps: the head alone first, then more and more from the end. What was learned is not washed away "
        "by the first, large gradients of a new head.",
    ),
    _way("scratch", "The same network with new weights: no transfer at all. Shows what transfer was worth."),
    _Way(
        COMPARE,
        "Compare",
        "SVM, softmax, two ways of fine-tuning and training from scratch, one after the other under the same budget, and a "
        "verdict that says which wins and how surely. Takes as long as all of them.",
    ),
)
_BASIC = ("epochs", "learning_rate", "batch_size")
_NO_SETTINGS = (
    "No training settings are needed: how strongly the classifier is kept simple (C) is chosen by cross-validation on the "
    "training images."
)


class HowPage(WizardPage):
    """Ways to learn with what each is good for, and the settings of training."""

    title = "How"
    question = "How are the new classes learned?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._silent = False
        self.ways: dict[str, QRadioButton] = {}
        self.form = SettingsForm(state.recipe.training, _BASIC)
        self.none = text_label(_NO_SETTINGS, "muted")
        self.balanced = QCheckBox("Rare classes count as much as common ones")
        self.balanced.setToolTip(
            "Weighs each image by how rare its class is; use it where the classes are very unequal"
        )
        self.stages = QSpinBox()
        self.stages.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stages_row = QWidget()
        self._build()

    def _build(self) -> None:
        space = theme.current().space
        group = QButtonGroup(self)
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.px(space.s), 0)
        column.setSpacing(theme.px(space.s))
        for way in _WAYS:
            card = QFrame()
            theme.set_role(card, "card")
            rows = QVBoxLayout(card)
            rows.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
            rows.setSpacing(theme.px(2))
            button = self.ways[way.name] = QRadioButton(way.title)
            button.setFont(theme.ui_font(weight=theme.current().type.strong))
            button.setAccessibleDescription(way.text)
            group.addButton(button)
            button.toggled.connect(partial(self._chosen, way.name))
            rows.addWidget(button)
            text = text_label(way.text, "muted")
            text.setContentsMargins(theme.px(26), 0, 0, 0)
            rows.addWidget(text)
            column.addWidget(card)
        column.addStretch(1)
        self.stages.setRange(2, 20)
        self.stages.setAccessibleName("Steps of gradual unfreezing")
        self.stages.valueChanged.connect(self._stages_changed)
        line = QHBoxLayout(self._stages_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(text_label("Steps, the head's own included", "muted"), 1)
        line.addWidget(self.stages)
        self.balanced.toggled.connect(self._balance_changed)
        self.form.changed.connect(self._settings_changed)
        settings = QWidget()
        right = QVBoxLayout(settings)
        right.setContentsMargins(0, 0, 0, 0)
        right.setSpacing(theme.px(space.m))
        right.addWidget(text_label("Settings", "caption"))
        right.addWidget(self.none)
        right.addWidget(self._stages_row)
        right.addWidget(self.balanced)
        right.addWidget(self.form, 1)
        right.addStretch(0)
        area = scrolled(settings)
        area.setFixedWidth(theme.px(330))
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.l))
        row.addWidget(scrolled(inside), 1)
        row.addWidget(area)
        self.body.addLayout(row, 1)

    # ------------------------------------------------------------------------------------------------------- showing

    def enter(self) -> None:
        """Show the answers of now."""
        self._show_state()

    def _show_state(self) -> None:
        recipe = self.state.recipe
        name = COMPARE if self.state.compares else recipe.strategy
        self._silent = True
        try:
            self.ways[name].setChecked(True)
            self.stages.setValue(recipe.stages)
            self.balanced.setChecked(recipe.balanced)
            self.form.set_value(self.state.training)
        finally:
            self._silent = False
        trains = name not in ("svm", "softmax")
        self.form.setVisible(trains)
        self.none.setVisible(not trains)
        self._stages_row.setVisible(name == "gradual")
        self.answered.emit()

    # -------------------------------------------------------------------------------------------------------- answers

    def _chosen(self, name: str, is_on: bool) -> None:
        if not is_on or self._silent:
            return
        self.state.compares = name == COMPARE
        if name == COMPARE or name == self.state.recipe.strategy:
            self.state.refresh()
        else:
            self.state.update(strategy=name)
        self._show_state()

    @Slot(int)
    def _stages_changed(self, count: int) -> None:
        if not self._silent:
            self.state.update(stages=count)

    @Slot(bool)
    def _balance_changed(self, is_on: bool) -> None:
        if not self._silent:
            self.state.update(balanced=is_on)

    @Slot()
    def _settings_changed(self) -> None:
        value = self.form.value()
        if not self._silent and isinstance(value, TrainSettings):
            self.state.update(settings=value)
        self.answered.emit()

    def problem(self) -> str:
        """Say which setting is wrong, or what does not go with the head."""
        recipe = self.state.recipe
        is_coded = recipe.strategy in ("svm", "softmax") and not self.state.compares
        if is_coded:
            if recipe.head.hidden:
                return "A linear classifier has no hidden layer: choose fine-tuning, or one linear layer as the head."
            return ""
        return self.form.error()
