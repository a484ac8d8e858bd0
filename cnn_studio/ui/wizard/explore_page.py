"""The page on which the codes can be looked at; nothing has to be answered here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from cnn_studio.core.errors import StudioError
from cnn_studio.graph.cutting import find_cut, shapes_of
from cnn_studio.transfer.recipe import TransferRecipe
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.code_map import CodeMapView
from cnn_studio.ui.wizard.page import WizardPage, text_label
from cnn_studio.ui.wizard.running import Kept, key_of
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.app.transferring import Prepared

_ABOUT = (
    "The code of each image at the cut, flattened to a map. Where the classes lie apart, a linear classifier will do; where "
    "they overlap, try another cut, or let layers learn. All images are computed once, and kept for the run."
)


class ExplorePage(WizardPage):
    """A map of the images at the cut that was chosen, and the nearest neighbours of each."""

    title = "Explore"
    question = "Which images does the network find alike, and where do classes overlap?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._line = state.work.line(self)
        self._of: TransferRecipe | None = None
        self.view = CodeMapView(self._line, shows_progress=False)
        self.start = QPushButton("Compute the map")
        self.where = text_label(_ABOUT, "muted")
        theme.set_role(self.start, "primary")
        row = QHBoxLayout()
        row.setSpacing(theme.px(theme.current().space.m))
        row.addWidget(self.where, 1)
        row.addWidget(self.start)
        self.body.addLayout(row)
        self.body.addWidget(self.view, 1)
        self.start.clicked.connect(self.compute)
        self.view.failed.connect(self.say)
        self.view.message.connect(lambda text: self.say(text, "info-notice"))
        self.view.prepared.connect(self._keep)
        self.view.ready.connect(self._mark_wrong)
        self._line.busy_changed.connect(self._show_state)
        state.changed.connect(self._show_state)
        state.outcome_changed.connect(self._mark_wrong)

    def enter(self) -> None:
        """Show what there is, and whether it is of the answers of now."""
        self._show_state()
        self._mark_wrong()

    @Slot()
    def _show_state(self) -> None:
        state = self.state
        fits = self._of is None or _what(self._of) == _what(state.recipe)
        can = state.opened is not None and len(state.classes) > 1 and not self._line.is_busy
        self.start.setEnabled(can)
        self.start.setText("Compute the map" if self._of is None else "Compute again")
        self.start.setVisible(self._of is None or not fits or self.view.exploration is None)
        found = self.view.exploration
        text = _ABOUT
        if found is not None:
            text = f"Codes of {found.codes.shape[1]:,} numbers, behind {found.cut} of {found.title}."
            if not fits:
                text += " Images, network or cut have changed since."
        elif not can and not self._line.is_busy:
            text = f"{_ABOUT} Choose images and network first."
        self.where.setText(text)

    @Slot()
    def compute(self) -> None:
        """Compute codes and map for the answers of now."""
        self.say("")
        recipe = self._of = self.state.recipe
        kept, prepared = self.state.kept, None
        if kept is not None and kept.key == key_of(recipe):
            try:
                cut = find_cut(shapes_of(kept.prepared.source.document), recipe.cut)
            except StudioError as error:
                self.say(str(error))
                return
            prepared = replace(kept.prepared, cut=cut)
        self.view.explore(recipe.model_copy(update={"settings": self.state.training}), prepared)
        self._show_state()

    @Slot(object)
    def _keep(self, prepared: Prepared) -> None:
        """Keep images and source for the run."""
        if self._of is not None and key_of(self._of) == key_of(self.state.recipe):
            self.state.kept = Kept(key_of(self._of), prepared)

    @Slot()
    def _mark_wrong(self) -> None:
        """Mark what the last linear classifier got wrong, where it is of the same codes."""
        from cnn_studio.app.exploring import predictions_of

        found, outcome, ran = self.view.exploration, self.state.outcome, self.state.ran
        said = None
        if found is not None and self._of is not None and outcome is not None and ran is not None:
            is_same = outcome.strategy in ("svm", "softmax") and _what(ran.recipe) == _what(self._of)
            if is_same and outcome.project is not None:
                try:
                    said = predictions_of(found, outcome.project)
                except StudioError:  # a head of another make
                    said = None
        self.view.set_predictions(said)
        self._show_state()


def _what(recipe: TransferRecipe) -> tuple[object, ...]:
    """Return what a recipe's codes depend on."""
    return recipe.source, recipe.weights, recipe.data, recipe.cut, recipe.head.pooling
