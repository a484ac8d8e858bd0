"""The figures of an experiment as a small table: a row per run, a column per figure."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from cnn_studio.app.labs.lab import figure
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.clear import clear_layout


class NumberTable(QWidget):
    """A grid of labels; experiments have a handful of figures."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(theme.px(theme.current().space.l))

    def show_numbers(self, numbers: Mapping[str, Mapping[str, float]]) -> None:
        """Show figures by run and name."""
        clear_layout(self._grid)
        names = list(dict.fromkeys(name for row in numbers.values() for name in row))
        for column, name in enumerate(names, 1):
            self._put(name, 0, column, "small", Qt.AlignmentFlag.AlignRight)
        for row, (arm, found) in enumerate(numbers.items(), 1):
            self._put(arm, row, 0, "strong", Qt.AlignmentFlag.AlignLeft)
            for column, name in enumerate(names, 1):
                text = value_text(name, found[name]) if name in found else "–"
                self._put(text, row, column, "mono", Qt.AlignmentFlag.AlignRight)
        self._grid.setColumnStretch(len(names) + 1, 1)

    def _put(self, text: str, row: int, column: int, role: str, side: Qt.AlignmentFlag) -> None:
        label = QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        theme.set_role(label, role)
        self._grid.addWidget(label, row, column, side)


def value_text(name: str, value: float) -> str:
    """Return a figure for people; accuracies and gaps are shares of 1."""
    is_share = any(word in name for word in ("accuracy", "gap"))
    return f"{100 * value:.1f} %" if is_share else figure(value)
