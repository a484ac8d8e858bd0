"""Precision, recall and F1 of every class as a table model."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Qt
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.panels.row_model import Index, RowModel
from cnn_studio.ui.panels.sorted_table import SORT_ROLE

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.engine.classification import ClassScores

_COLUMNS = (
    ("Class", "Name of the class"),
    ("Images", "How many images are of this class"),
    ("Precision", "Of the images that the network says are of this class, how many are"),
    ("Recall", "Of the images of this class, how many the network found"),
    ("F1", "Harmonic mean of precision and recall: high only if both are"),
    ("Most often taken for", "The class that most of its mistakes were taken for"),
)


class ClassTable(RowModel):
    """One row per class."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(_COLUMNS, parent)
        self._cells: list[tuple[tuple[str, Any], ...]] = []

    def set_scores(self, counts: np.ndarray | None, classes: tuple[str, ...]) -> ClassScores | None:
        """Show the scores of these counts, int of shape [K, K]; None shows nothing. Returns the scores."""
        self.beginResetModel()
        scores = None
        self._cells = []
        if counts is not None:
            from cnn_studio.engine.classification import class_scores

            scores = class_scores(counts)
            self._cells = [self._row(counts, scores, classes, at) for at in range(len(classes))]
        self.endResetModel()
        return scores

    @staticmethod
    def _row(
        counts: np.ndarray, scores: ClassScores, classes: tuple[str, ...], at: int
    ) -> tuple[tuple[str, Any], ...]:
        wrong = counts[at].copy()
        wrong[at] = 0
        worst = int(wrong.argmax())
        taken = f"{classes[worst]}, {int(wrong[worst]):,} ×" if wrong[worst] else "–"
        images = int(scores.images[at])
        shares = [_share(float(column[at])) for column in (scores.precision, scores.recall, scores.f1)]
        return (
            (classes[at], classes[at]),
            (f"{images:,}", images),
            *shares,
            (taken, float(wrong[worst])),
        )

    @override
    def num_rows(self) -> int:
        return len(self._cells)

    @override
    def alignment(self, column: int) -> Qt.AlignmentFlag:
        across = Qt.AlignmentFlag.AlignLeft if column in (0, 5) else Qt.AlignmentFlag.AlignRight
        return across | Qt.AlignmentFlag.AlignVCenter

    @override
    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid():
            return None
        text, value = self._cells[index.row()][index.column()]
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return text
        if role == SORT_ROLE:
            return value.casefold() if isinstance(value, str) else float(value)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return self.alignment(index.column())
        if role == Qt.ItemDataRole.ForegroundRole and text == "–":
            return theme.qcolor("muted")
        return None


def _share(value: float) -> tuple[str, float]:
    # what means nothing comes after all that means something
    return ("–", -1.0) if math.isnan(value) else (f"{100 * value:.1f} %", value)
