"""The import report as a page: the facts in a few lines, then what there is to know, with buttons that act on it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.ui import theme
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.elided import breakable
from cnn_studio.ui.widgets.flow_layout import FlowLayout
from cnn_studio.ui.widgets.slots import without_argument

if TYPE_CHECKING:
    from cnn_studio.datasets.findings import Finding
    from cnn_studio.datasets.report import ImportReport

_PARTS = {"train": "training", "val": "validation", "test": "test"}
_WAITING = "All images are looked at once they are loaded."
_MOST_KINDS = 4


def facts_lines(report: ImportReport) -> list[str]:
    """Return what there is, in a few lines."""
    parts = " · ".join(f"{sum(counts):,} {_PARTS[part]}" for part, counts in report.counts.items())
    lines = [f"{report.num_images:,} images in {len(report.classes):,} classes: {parts}"]
    kinds = [*_kinds(report.formats), *_kinds(report.colours)] if report.is_files else _kinds(report.colours)
    lines.append(f"{' · '.join(kinds)} · {report.sizes_text} · {bytes_text(report.num_bytes)}")
    return lines


def _kinds(counts: dict[str, int]) -> list[str]:
    shown = [f"{count:,} {name}" for name, count in list(counts.items())[:_MOST_KINDS]]
    return shown if len(counts) <= _MOST_KINDS else [*shown, f"{len(counts) - _MOST_KINDS} kinds more"]


class FindingCard(QFrame):
    """One thing to know.

    Attributes:
        show_requested: the user wants to see the files, with the `Finding`.
        leave_out_requested: the user wants to leave files out, with their names.
        restore_requested: the user wants the files back that were left out.
    """

    show_requested = Signal(object)
    leave_out_requested = Signal(tuple)
    restore_requested = Signal()

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding = finding
        is_warning = finding.severity == "warning"
        theme.set_role(self, "notice" if is_warning else "info-notice")
        space = theme.current().space
        row = QHBoxLayout(self)
        row.setContentsMargins(*(theme.px(n) for n in (space.m, space.xs, space.s, space.xs)))
        row.setSpacing(theme.px(space.s))
        mark = QLabel("!" if is_warning else "i")
        mark.setAccessibleName("Warning" if is_warning else "Note")
        theme.set_role(mark, "warning" if is_warning else "strong")
        font = mark.font()
        font.setWeight(font.Weight.Bold)
        mark.setFont(font)
        text = QLabel(breakable(finding.text))
        text.setTextFormat(Qt.TextFormat.PlainText)  # it quotes names of classes
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        row.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(text, 1)
        self.buttons: list[QPushButton] = []
        if finding.files:
            self._add(
                "Show it" if len(finding.files) == 1 else "Show them",
                "List these files and look at them",
                partial(self.show_requested.emit, finding),
            )
        if finding.leave_out:
            self._add(
                finding.leave_out_text,
                f"Train without {len(finding.leave_out):,} files. They stay on the disk, and can be taken back here.",
                partial(self.leave_out_requested.emit, finding.leave_out),
            )
        if finding.code == "left-out":
            self._add("Take back", "Use all of these files again", self.restore_requested.emit)

    def _add(self, text: str, tip: str, clicked: Callable[[], object]) -> None:
        button = QPushButton(text)
        button.setToolTip(tip)
        theme.set_role(button, "fix")
        button.clicked.connect(without_argument(clicked))
        self.buttons.append(button)
        layout = self.layout()
        if layout is not None:
            layout.addWidget(button)


class ReportPage(QWidget):
    """Facts and findings of a report, or how far it is.

    Attributes:
        show_requested, leave_out_requested, restore_requested: as of `FindingCard`.
        start_requested: the user wants the report to be made.
        cancel_requested: the user wants the report to be given up.
    """

    show_requested = Signal(object)
    leave_out_requested = Signal(tuple)
    restore_requested = Signal()
    start_requested = Signal()
    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.cards: list[FindingCard] = []
        space = theme.current().space
        self._text = QLabel(_WAITING)
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._again = QPushButton("Look again")
        self._again.setToolTip("Look at all images: kinds, sizes, damage, duplicates and outliers")
        self._cancel = QPushButton("Cancel")
        self._cancel.setToolTip("Give up looking at the images")
        self._again.clicked.connect(self.start_requested)
        self._cancel.clicked.connect(self.cancel_requested)
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, theme.px(space.xs), theme.px(space.s), theme.px(space.xs))
        self._column.setSpacing(theme.px(space.s))
        row = QWidget()
        flow = FlowLayout(row, theme.px(6))
        flow.addWidget(self._again)
        flow.addWidget(self._cancel)
        for widget in (self._text, self._bar, row):
            self._column.addWidget(widget)
        self._column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inside)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(scroll)
        self.show_nothing()

    @property
    def text(self) -> str:
        """The lines above the findings."""
        return self._text.text()

    def _show(self, text: str, role: str, *, bar: bool = False, again: bool = False) -> None:
        self._text.setText(text)
        theme.set_role(self._text, role)
        self._bar.setVisible(bar)
        self._cancel.setVisible(bar)
        self._again.setVisible(again)

    def _clear(self) -> None:
        for card in self.cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        self.cards = []

    def show_nothing(self) -> None:
        """There is no report yet."""
        self._clear()
        self._show(_WAITING, "muted")

    def show_progress(self, done: int, total: int) -> None:
        """A report is being made: `done` of `total` images."""
        self._clear()
        self._show(
            f"Looking at the images: {done:,} of {total:,}" if total else "Looking at the images…",
            "muted",
            bar=True,
        )
        self._bar.setRange(0, max(1, total))
        self._bar.setValue(done)

    def show_error(self, message: str) -> None:
        """The report could not be made, or was given up where there is no message."""
        self._clear()
        self._show(
            message or "The images were not all looked at.", "error" if message else "muted", again=True
        )

    def show_report(self, report: ImportReport) -> None:
        """Show a report."""
        self._clear()
        lines = facts_lines(report)
        if not report.findings:
            lines.append("Nothing unusual was found: every file can be read, nothing is there twice.")
        self._show("\n".join(lines), "")
        for finding in report.findings:
            card = FindingCard(finding)
            card.show_requested.connect(self.show_requested)
            card.leave_out_requested.connect(self.leave_out_requested)
            card.restore_requested.connect(self.restore_requested)
            self._column.insertWidget(self._column.count() - 1, card)
            self.cards.append(card)
