"""The page that says what suits the images: which of four cases they are, what follows, and why."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cnn_studio.app.sources import is_own
from cnn_studio.core.errors import StudioError
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.depths import cut_at_depth
from cnn_studio.transfer.advisor import EARLIER_DEPTH, Advice, advise
from cnn_studio.transfer.recipe import STRATEGIES, Strategy
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.case_table import CaseTable
from cnn_studio.ui.wizard.choice_card import info_card
from cnn_studio.ui.wizard.likeness_box import LikenessBox
from cnn_studio.ui.wizard.page import Notice, WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState

_CODED: tuple[Strategy, ...] = ("svm", "softmax")
_NOTHING = "Choose the images first, on the page Data: the advice follows from how many there are and what they look like."


class AdvicePage(WizardPage):
    """What to transfer, when and how, from what is known of the images; the user is free to do otherwise."""

    title = "Advice"
    question = "What, when and how to transfer?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self.headline, self.now = text_label(role="title"), text_label(role="muted")
        self.use = QPushButton("Use this")
        self.table = CaseTable()
        self.why, self.limits = text_label(), text_label(role="small")
        self.warnings = Notice(kind="notice")
        self.likeness = LikenessBox(state)
        self.likeness.failed.connect(self.say)
        self._others = QWidget()
        self.others: dict[Strategy, QPushButton] = {}
        self._details = QWidget()
        self._build()
        state.changed.connect(self._changed)

    def _build(self) -> None:
        space = theme.current().space
        theme.set_role(self.use, "primary")
        self.use.setToolTip("Set strategy and cut as advised; everything can be changed on the next pages")
        self.use.clicked.connect(self._use)
        what, self.what = info_card("What to transfer?")
        when, self.when = info_card("When to transfer?")
        how, self.how = info_card("How to transfer?")
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, theme.px(space.s), 0)
        column.setSpacing(theme.px(space.m))
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.m))
        words = QVBoxLayout()
        words.setSpacing(theme.px(2))
        words.addWidget(self.headline)
        words.addWidget(self.now)
        top.addLayout(words, 1)
        top.addWidget(self.use)
        column.addLayout(top)
        column.addWidget(self.table)
        details = QVBoxLayout(self._details)
        details.setContentsMargins(0, 0, 0, 0)
        details.setSpacing(theme.px(space.m))
        details.addWidget(self.why)
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        for card in (what, when, how):
            row.addWidget(card, 1)
        details.addLayout(row)
        details.addWidget(self.warnings)
        buttons = QHBoxLayout(self._others)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(theme.px(space.s))
        for strategy, name in STRATEGIES.items():
            button = self.others[strategy] = QPushButton(name)
            button.clicked.connect(partial(self.use_strategy, strategy))
            button.setToolTip(f"Take {name} in place of what is advised")
            buttons.addWidget(button)
        buttons.addStretch(1)
        details.addWidget(text_label("Worth a run beside it", "caption"))
        details.addWidget(self._others)
        column.addWidget(self._details)
        frame = QFrame()
        theme.set_role(frame, "card")
        around = QVBoxLayout(frame)
        around.setContentsMargins(*(theme.px(space.m),) * 4)
        around.addWidget(text_label("How similar are the images to the source data?", "strong"))
        around.addWidget(self.likeness)
        column.addWidget(frame)
        column.addWidget(self.limits)
        column.addStretch(1)
        self.body.addWidget(scrolled(inside), 1)

    # --------------------------------------------------------------------------------------------------------- showing

    def enter(self) -> None:
        """Show the advice for the images of now."""
        self.likeness.refresh()
        self._show()

    @Slot()
    def _changed(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self) -> None:
        advice = None
        problem = _NOTHING
        if self.state.counts:
            try:
                source = "its source data" if is_own(self.state.recipe.source) else "ImageNet"
                advice = advise(self.state.counts, self.state.similarity, self.state.told, source=source)
            except StudioError as error:
                problem = str(error)
        self.state.advice = advice
        self.use.setVisible(advice is not None)
        self._details.setVisible(advice is not None)
        self.limits.setVisible(advice is not None)
        self.table.show_case(advice.case if advice is not None else None)
        if advice is None:
            self.headline.setText("There are four cases; yours is not known yet.")
            self.now.setText(problem)
            return
        self._show_advice(advice)

    def _show_advice(self, advice: Advice) -> None:
        self.headline.setText(advice.headline)
        self.why.setText(advice.why)
        self.limits.setText(advice.limits)
        for label, text in ((self.what, advice.what), (self.when, advice.when), (self.how, advice.how)):
            label.setText(text)
        self.warnings.say("\n".join(advice.warnings), "notice")
        for strategy, button in self.others.items():
            button.setVisible(strategy in advice.alternatives)
        used = self.is_used(advice)
        self.use.setEnabled(not used)
        self.use.setText("In use" if used else "Use this")
        self.now.setText(self._now_text(used))

    def _now_text(self, used: bool) -> str:
        recipe = self.state.recipe
        way = "a comparison of several ways" if self.state.compares else STRATEGIES[recipe.strategy]
        cut = f"cut behind {recipe.cut}" if recipe.cut else "cut before the classifier"
        return f"{'✓ ' if used else ''}Your answers say: {way}, {cut}."

    # --------------------------------------------------------------------------------------------------------- answers

    def is_used(self, advice: Advice) -> bool:
        """Whether the recipe's strategy and cut are those that are advised; any earlier cut will do."""
        recipe = self.state.recipe
        if self.state.compares or recipe.strategy != advice.strategy:
            return False
        return bool(recipe.cut) if advice.cut == "earlier" else not recipe.cut

    @Slot()
    def _use(self) -> None:
        if self.state.advice is not None:
            self.use_strategy(self.state.advice.strategy)

    def use_strategy(self, strategy: Strategy, *_: object) -> None:
        """Set a strategy, with the cut and the layers that learn as they suit it."""
        advice = self.state.advice
        if advice is None:
            return
        recipe, is_coded = self.state.recipe, strategy in _CODED
        cut = ""
        if is_coded and advice.cut == "earlier":
            found = cut_at_depth(self.state.cuts(), EARLIER_DEPTH)
            cut = found.path if found is not None else ""
        adapts = strategy == "finetune" and advice.case == "large_different"
        head = recipe.head.model_copy(update={"hidden": 0}) if is_coded else recipe.head
        self.state.compares = False
        self.state.update(
            strategy=strategy,
            cut=cut,
            head=head,
            freeze=(),
            unfreeze=("*",) if strategy == "finetune" else (),
            adapts_statistics=adapts,
        )
        if strategy == "finetune" and self.state.has_network:
            self._unfreeze(adapts)
        self.state.refresh()

    def _unfreeze(self, adapts: bool) -> None:
        """Let all layers of the network in the session learn: its marks count, not the recipe's patterns."""
        session = self.state.session
        layers = session.document.layers
        frozen = tuple(i for i, layer in layers.items() if not layer.trainable)
        norms = tuple(
            i for i, layer in layers.items() if layer.type == "batch_norm" and layer.keep_statistics == adapts
        )
        if frozen:
            session.push(SetTraining(ids=frozen, trainable=True))
        if norms:
            session.push(SetTraining(ids=norms, keep_statistics=not adapts))
