"""The four cases of transfer learning, with the one that the images are in standing out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.wizard.page import text_label

if TYPE_CHECKING:
    from cnn_studio.transfer.advisor import Case

_CELLS: tuple[tuple[Case, int, int, str, str], ...] = (
    (
        "small_similar",
        0,
        0,
        "Linear classifier on the codes",
        "Cut before the classifier; all layers stay as they are.",
    ),
    (
        "small_different",
        0,
        1,
        "Linear classifier on earlier activations",
        "Cut in the middle, where the network sees patterns, not things.",
    ),
    ("large_similar", 1, 0, "Fine-tune the whole network", "Small steps from the weights that are there."),
    (
        "large_different",
        1,
        1,
        "Fine-tune the whole network, and compare",
        "The weights are a beginning only; new ones may do as well.",
    ),
)
_COLUMNS = ("Similar images", "Different images")
_ROWS = ("Few\nimages", "Many\nimages")
_YOURS = "▸ Your case"


class CaseTable(QWidget):
    """Few and many images by similar and different ones."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        space = theme.current().space
        self.cells: dict[Case, QFrame] = {}
        self._marks: dict[Case, QLabel] = {}
        self._titles: dict[Case, str] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(theme.px(space.s))
        for column, text in enumerate(_COLUMNS):
            label = text_label(text, "muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            grid.addWidget(label, 0, column + 1)
            grid.setColumnStretch(column + 1, 1)
        for row, text in enumerate(_ROWS):
            label = text_label(text, "muted")
            label.setWordWrap(False)
            label.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            grid.addWidget(label, row + 1, 0)
        for case, row, column, title, text in _CELLS:
            cell = self.cells[case] = QFrame()
            rows = QVBoxLayout(cell)
            rows.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
            rows.setSpacing(theme.px(2))
            mark = self._marks[case] = text_label(_YOURS, "strong")
            rows.addWidget(mark)
            rows.addWidget(text_label(title, "strong"))
            rows.addWidget(text_label(text, "muted"))
            rows.addStretch(1)
            self._titles[case] = f"{_ROWS[row]} , {_COLUMNS[column].lower()}: {title}".replace(
                "\n", " "
            ).replace(" ,", ",")
            grid.addWidget(cell, row + 1, column + 1)
        self.show_case(None)

    def show_case(self, case: Case | None) -> None:
        """Let one case stand out; None for none."""
        for name, cell in self.cells.items():
            is_own = name == case
            theme.set_role(cell, "info-notice" if is_own else "card")
            self._marks[name].setVisible(is_own)
            cell.setAccessibleName(f"{self._titles[name]}{' (your case)' if is_own else ''}")
        self.setAccessibleName(self._titles[case] if case is not None else "Four cases of transfer learning")
