"""The right side of the Results tab: what is taken for what, scores by class, and calibration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.ui import theme
from cnn_studio.ui.panels.class_table import ClassTable
from cnn_studio.ui.panels.sorted_table import SortedRows, SortedTable
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.reliability import ReliabilityDiagram
from cnn_studio.ui.widgets.confusion_matrix import ConfusionMatrix

if TYPE_CHECKING:
    import numpy as np

_PAGES = (
    ("Matrix", "Which class is taken for which; click a cell to see its images"),
    ("Classes", "Precision, recall and F1 of every class; a heading sorts"),
    ("Calibration", "Whether the network is as often right as it says"),
)
_TOP = 5


class ResultViews(QWidget):
    """Three views of the same predictions.

    Attributes:
        class_chosen: a row of the table was entered: the number of the class.
        message: what was copied or written, or why not.
    """

    class_chosen = Signal(int)
    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.matrix = ConfusionMatrix()
        self.scores = ClassTable(self)
        self._sorted = SortedRows(self.scores, self)
        self.table = SortedTable(self._sorted, stretched=5, least=120, text_columns=(0,))
        self.table.setAccessibleName("Scores by class")
        self.table.row_entered.connect(self._row_entered)
        self.calibration = ReliabilityDiagram(RepaintClock(self))
        self.calibration.message.connect(self.message)
        self._summary = QLabel()
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme.set_role(self._summary, "small")
        self._build()

    def _build(self) -> None:
        space = theme.current().space
        bar = QHBoxLayout()
        bar.setSpacing(theme.px(2))
        self._group = QButtonGroup(self)
        for number, (name, help_) in enumerate(_PAGES):
            button = self._segment(name, help_)
            self._group.addButton(button, number)
            bar.addWidget(button)
        bar.addStretch(1)
        self.shares = self._segment("%", "Show each cell as per cent of its true class, or as a count")
        self.shares.toggled.connect(self.matrix.set_shares)
        self._zoom = [
            self._tool("zoom-out", "Smaller cells (−)", self.matrix.zoom_out),
            self._tool("zoom-in", "Larger cells (+, or Ctrl + wheel)", self.matrix.zoom_in),
            self._tool("fit", "Fit all cells (0)", self.matrix.fit),
        ]
        self._matrix_tools: list[QWidget] = [self.shares, *self._zoom]
        for tool in self._matrix_tools:
            bar.addWidget(tool)
        self._pages = QStackedWidget()
        table_page = QWidget()
        column = QVBoxLayout(table_page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._summary)
        column.addWidget(self.table, 1)
        for page in (self.matrix, table_page, self.calibration):
            self._pages.addWidget(page)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(self.show_page)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.xs, space.m, space.xs)))
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(bar)
        layout.addWidget(self._pages, 1)

    @staticmethod
    def _segment(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        theme.set_role(button, "segment")
        return button

    @staticmethod
    def _tool(icon: str, tip: str, slot: object) -> QToolButton:
        button = QToolButton()
        theme.set_role(button, "quiet")
        theme.bind_icon(button, icon, "muted")
        button.setIconSize(QSize(theme.px(14), theme.px(14)))
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.clicked.connect(slot)
        return button

    @Slot(int)
    def show_page(self, number: int) -> None:
        """Show 0 the matrix, 1 the table of classes, 2 the calibration."""
        self._group.button(number).setChecked(True)
        self._pages.setCurrentIndex(number)
        for tool in self._matrix_tools:
            tool.setVisible(number == 0)

    @property
    def summary(self) -> str:
        """The line above the table."""
        return self._summary.text()

    def clear(self) -> None:
        """Show nothing."""
        self.matrix.set_counts(None, ())
        self.scores.set_scores(None, ())
        self.calibration.set_calibration(None)
        self._summary.setText("")

    def show_predictions(
        self,
        labels: np.ndarray,
        predictions: np.ndarray,
        confidences: np.ndarray,
        ranks: np.ndarray | None,
        classes: tuple[str, ...],
    ) -> None:
        """Show these predictions, each of shape [N].

        Args:
            labels, predictions: classes from 0.
            confidences: probability of the predicted class.
            ranks: how many classes were more probable than the true one; None where nobody knows.
            classes: class names.
        """
        from cnn_studio.engine.classification import calibration, count_confusions, top_k_accuracy

        counts = count_confusions(labels, predictions, len(classes))
        self.matrix.set_counts(counts, classes)
        first = self.scores.num_rows() != len(classes)
        scores = self.scores.set_scores(counts, classes)
        self.table.fit_columns(grow_only=not first)
        self.calibration.set_calibration(calibration(confidences, labels == predictions))
        text = "" if scores is None else f"Mean F1 {100 * scores.macro_f1:.1f} %"
        help_ = "The mean of F1 over the classes: every class counts the same, however rare."
        if ranks is not None and len(classes) > _TOP:
            text += f" · top-{_TOP} {100 * top_k_accuracy(ranks, _TOP):.1f} %"
            help_ += f" Top-{_TOP}: how often the true class is among the {_TOP} likeliest."
        self._summary.setText(text)
        self._summary.setToolTip(help_)

    @Slot(object)
    def _row_entered(self, index: object) -> None:
        del index
        rows = self.table.selected_rows()
        if rows:
            self.class_chosen.emit(self._sorted.mapToSource(self._sorted.index(rows[0], 0)).row())
