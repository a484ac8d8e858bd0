"""The page of what came out: how good it is, what changed, and the classifier itself to try, save and open."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cnn_studio.app.project import SUFFIX, Project, save_project
from cnn_studio.core.errors import StudioError
from cnn_studio.transfer.recipe import STRATEGIES
from cnn_studio.ui import theme
from cnn_studio.ui.panels.run_progress import duration_text
from cnn_studio.ui.try_dialog import TryDialog
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.widgets.waiting import run_waiting
from cnn_studio.ui.wizard.move_bars import MoveBars
from cnn_studio.ui.wizard.page import Notice, WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.app.transferring import TransferOutcome

_SHOWN_DIGITS = 16


class ResultPage(WizardPage):
    """Accuracy with its certainty, proof of freezing, how far layers moved, and an image to try.

    Attributes:
        open_requested: with the `Project` that is to be shown in the main window.
    """

    title = "Result"
    question = "How good is the new classifier, and what changed in the network?"
    open_requested = Signal(object)

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._shown: TransferOutcome | None = None
        self.stale = Notice()
        self.headline, self.certainty = text_label(role="title"), text_label()
        self.facts, self.verdict = text_label(role="muted"), text_label()
        self.proof, self.hashes, self.unmoved = (
            text_label(),
            text_label(role="mono"),
            text_label(role="muted"),
        )
        self.bars = MoveBars()
        self._bars_area = scrolled(self.bars)
        self.trial = TryDialog(self.project, state.jobs, self)
        self.save, self.open = QPushButton("Save project…"), QPushButton("Open in the main window")
        self._build()

    def _build(self) -> None:
        space = theme.current().space
        self.trial.setWindowFlags(Qt.WindowType.Widget)
        self.trial.again.hide()
        self.trial.title.hide()  # the bars say it, and file names are longer than the room
        self.save.setToolTip("Save network, weights and data source as a project")
        self.open.setToolTip("Look at the network, and train it further; it keeps its weights")
        self.save.clicked.connect(self._ask_save)
        self.open.clicked.connect(self._open)
        theme.set_role(self.save, "primary")
        self.hashes.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.px(space.s))
        buttons.addWidget(self.open)
        buttons.addWidget(self.save)
        head = QHBoxLayout()
        head.addWidget(self.headline, 1)
        head.addLayout(buttons)
        self.body.addWidget(self.stale)
        self.body.addLayout(head)
        for label in (self.certainty, self.verdict, self.facts):
            self.body.addWidget(label)
        self.extras = QVBoxLayout()
        self.body.addLayout(self.extras)
        changed, changes = _card("What changed", self.proof, self.hashes, self.unmoved)
        changes.addWidget(self._bars_area, 1)
        changes.addStretch(0)
        tried, trial = _card("Try an image")
        trial.addWidget(self.trial, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.m))
        row.addWidget(changed, 1)
        row.addWidget(tried, 1)
        self.body.addLayout(row, 1)

    # ------------------------------------------------------------------------------------------------------- showing

    def project(self) -> Project | None:
        """Return the classifier; None until there is one."""
        outcome = self.state.outcome
        return outcome.project if outcome is not None else None

    def enter(self) -> None:
        """Show the last result."""
        outcome = self.state.outcome
        if outcome is None:
            return
        is_stale = self.state.ran is not None and self.state.ran != self.state.answers()
        self.stale.say(
            "This is the result of the answers as they were at the last run; some have changed since."
            if is_stale
            else "",
            "notice",
        )
        if outcome is not self._shown:
            self._shown = outcome
            self._show(outcome)
            self.trial.renew()

    def _show(self, outcome: TransferOutcome) -> None:
        self.headline.setText(headline(outcome))
        self.certainty.setText(self._certainty(outcome))
        comparison = self.state.comparison
        self.verdict.setText(" ".join(comparison.verdict) if comparison is not None else "")
        self.verdict.setVisible(comparison is not None)
        counts = f"{outcome.trainable:,} parameters learned, {outcome.frozen:,} were frozen"
        kept = f" · kept as run {outcome.run}" if outcome.run is not None else ""
        self.facts.setText(f"{STRATEGIES[outcome.strategy]} · took {_took(outcome.seconds)} · {counts}{kept}")
        self._show_changes(outcome)

    def _certainty(self, outcome: TransferOutcome) -> str:
        from cnn_studio.app.transferring import count_right
        from cnn_studio.engine.classification import wilson_interval

        kept = self.state.kept
        if kept is None or outcome.finished.val_accuracy is None:
            return ""
        part = kept.prepared.data.val
        right = count_right(outcome, part)
        low, high = wilson_interval(right, len(part))
        test = outcome.finished.test_accuracy
        tested = f" Of the test images {100 * test:.1f} % are right." if test is not None else ""
        return (
            f"{right:,} of {len(part):,} validation images are right. For new images like these the share lies between "
            f"{100 * low:.0f} and {100 * high:.0f} %, with 95 % confidence.{tested}"
        )

    def _show_changes(self, outcome: TransferOutcome) -> None:
        proof = outcome.proof
        theme.set_role(self.proof, "ok" if proof is None or proof.holds else "error")
        if proof is None:
            self.proof.setText("")
            self.hashes.setText("")
        else:
            what = f"{proof.num_layers} frozen layers with {proof.num_tensors} tensors"
            self.proof.setText(f"✓ {what} are bit for bit as before." if proof.holds else f"✗ {proof.text}")
            before, after = proof.before[:_SHOWN_DIGITS], proof.after[:_SHOWN_DIGITS]
            self.hashes.setText(f"SHA-256 before {before}…\n         after {after}…")
            self.hashes.setToolTip(f"before {proof.before}\nafter  {proof.after}")
        self.proof.setVisible(proof is not None)
        self.hashes.setVisible(proof is not None)
        has_moved = any(move.change > 0 for move in outcome.moved)
        self.unmoved.setText(
            "How far each layer moved: length of the change by length of what was there before. Layers of the new head are "
            "not in it."
            if has_moved
            else "No layer of the source moved: only the new head was fitted, on what they give."
        )
        self._bars_area.setVisible(has_moved)
        project = outcome.project
        layers = project.document.layers.values() if project is not None else ()
        self.bars.show_moves(outcome.moved, [layer.path for layer in layers if not layer.trainable])

    # ---------------------------------------------------------------------------------------------------- the project

    @Slot()
    def _ask_save(self) -> None:
        project = self.project()
        if project is None:
            return
        name, _ = QFileDialog.getSaveFileName(
            self, "Save project", f"{project.document.info.name}{SUFFIX}", f"CNN Studio projects (*{SUFFIX})"
        )
        if name:
            path = Path(name)
            self.save_to(path if path.suffix == SUFFIX else path.with_name(path.name + SUFFIX))

    def save_to(self, path: Path) -> None:
        """Save the classifier as a project."""
        project = self.project()
        if project is None:
            return
        try:
            run_waiting(self, f"Saving {path.name}", partial(save_project, path, project))
        except StudioError as error:
            self.say(str(error))
            return
        self.say(f"Saved to {path}.", "info-notice")

    @Slot()
    def _open(self) -> None:
        project = self.project()
        if project is not None:
            self.open_requested.emit(project)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Leave what is dragged to the part below the cursor, or to the window."""
        event.ignore()


def headline(outcome: TransferOutcome) -> str:
    """Return the result in a few words."""
    accuracy = outcome.finished.val_accuracy
    if accuracy is None:
        return outcome.finished.message or "There is no validated result."
    stopped = ", stopped early" if outcome.finished.status == "stopped" else ""
    return f"{100 * accuracy:.1f} % right{stopped}"


def _took(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 60 else duration_text(seconds)


def _card(title: str, *labels: QWidget) -> tuple[QFrame, QVBoxLayout]:
    """Return a card with a title, and its column."""
    space = theme.current().space
    card = QFrame()
    theme.set_role(card, "card")
    column = QVBoxLayout(card)
    column.setContentsMargins(*(theme.px(space.m),) * 4)
    column.setSpacing(theme.px(space.xs))
    column.addWidget(text_label(title, "caption"))
    for label in labels:
        column.addWidget(label)
    return card, column
