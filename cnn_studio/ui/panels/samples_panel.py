"""The Results tab: every validation image with what the network says, and which classes it mixes up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.confusion_matrix import ConfusionMatrix, count_confusions
from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples

if TYPE_CHECKING:
    import numpy as np

_NO_DATA = "Choose a data set in the Data tab to see its validation images here"
_NO_MISTAKES = "No mistakes: the network is right about every validation image"


class SamplesPanel(QWidget):
    """Validation images and their predictions after each epoch; mistakes carry a sign, a frame and words.

    Predictions that come while the panel is hidden are counted when it is shown.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._samples = Samples(self)
        self._pair: tuple[int, int] | None = None
        self._waiting: tuple[np.ndarray, np.ndarray] | None = None
        self.grid = ImageGrid(self._samples)
        self.matrix = ConfusionMatrix()
        self.matrix.cell_clicked.connect(self._cell_clicked)
        self._summary = QLabel()
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._empty = QLabel(_NO_DATA)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        theme.set_role(self._empty, "muted")
        self._all = self._segment("All", "Show every validation image")
        self._mistakes = self._segment("Mistakes only", "Show the wrong ones, the most confident first")
        self._all.setChecked(True)
        self._group = QButtonGroup(self)
        for button in (self._all, self._mistakes):
            self._group.addButton(button)
        self._group.buttonClicked.connect(self._filter_clicked)
        self._build()
        self._refresh()

    @staticmethod
    def _segment(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        theme.set_role(button, "segment")
        return button

    def _build(self) -> None:
        space = theme.current().space
        self._pages = QStackedWidget()
        self._pages.addWidget(self._empty)
        self._pages.addWidget(self.grid)
        top = QHBoxLayout()
        top.addWidget(self._summary, 1)
        top.addWidget(self._all)
        top.addWidget(self._mistakes)
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.xs, space.xs)))
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        self._right = QWidget()
        side = QVBoxLayout(self._right)
        side.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.xs)))
        caption = QLabel("What is taken for what")
        theme.set_role(caption, "strong")
        side.addWidget(caption)
        side.addWidget(self.matrix, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self._right)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    @property
    def summary(self) -> str:
        """The line above the images."""
        return self._summary.text()

    def set_data(self, images: np.ndarray, labels: np.ndarray, classes: Sequence[str]) -> None:
        """Show these validation images; predictions of others are forgotten.

        Args:
            images: uint8 of shape [N, C, H, W] with C 1 or 3; shown, not copied.
            labels: true class per image, int of shape [N].
            classes: class names in the order of the labels.
        """
        self._waiting = None
        self._samples.set_images(images, labels, tuple(classes))
        self.matrix.set_counts(None, ())
        self._pair = None
        self._all.setChecked(True)
        self._refresh()

    def set_predictions(self, predictions: np.ndarray, confidences: np.ndarray) -> None:
        """Show what the network says after an epoch.

        Args:
            predictions: class per image of `set_data`, int of shape [N].
            confidences: probability of that class, float of shape [N].

        Raises:
            ValueError: there are not as many as images.
        """
        labels = self._samples.labels
        count = 0 if labels is None else len(labels)
        if len(predictions) != count or len(confidences) != count:
            raise ValueError(f"{len(predictions)} predictions for {count} images")
        self._waiting = (predictions, confidences)
        if self.isVisible():
            self._take_waiting()

    def _take_waiting(self) -> None:
        if self._waiting is None or self._samples.labels is None:
            return
        self._samples.predictions, self._samples.confidences = self._waiting
        self._waiting = None
        classes = self._samples.classes
        counts = count_confusions(self._samples.labels, self._samples.predictions, len(classes))
        self.matrix.set_counts(counts, classes)
        self._refresh()

    def _refresh(self) -> None:
        """Bring rows, summary and empty state in step with data, predictions and filter."""
        samples = self._samples
        predicted = samples.predictions is not None
        self._right.setVisible(predicted)
        self._mistakes.setEnabled(predicted)
        rows = self._rows()
        samples.set_rows(rows)
        self.matrix.set_marked(self._pair)
        self._summary.setText(self._summary_text())
        has_rows = samples.rowCount() > 0
        self._empty.setText(_NO_DATA if samples.images is None else _NO_MISTAKES)
        self._pages.setCurrentWidget(self.grid if has_rows else self._empty)

    def _rows(self) -> np.ndarray | None:
        """Return the images that the filter lets through, or None for all."""
        labels, predictions = self._samples.labels, self._samples.predictions
        if labels is None or predictions is None or self._samples.confidences is None:
            return None
        if self._pair is not None:
            wanted = (labels == self._pair[0]) & (predictions == self._pair[1])
        elif self._mistakes.isChecked():
            wanted = labels != predictions
        else:
            return None
        import numpy as np

        rows = np.flatnonzero(wanted)
        return rows[np.argsort(-self._samples.confidences[rows], kind="stable")]

    def _summary_text(self) -> str:
        samples = self._samples
        if samples.labels is None:
            return ""
        count = len(samples.labels)
        if samples.predictions is None:
            return f"{count:,} validation images · train to see what the network says"
        right = int((samples.labels == samples.predictions).sum())
        text = f"{right:,} of {count:,} right, {100 * right / max(1, count):.1f} %"
        if self._pair is not None:
            true, guess = (samples.class_name(n) for n in self._pair)
            shown = f"{true} taken for {guess}" if true != guess else f"{true}, right"
            text += f" · shown: {samples.rowCount():,} × {shown}"
        return text

    @Slot()
    def _filter_clicked(self) -> None:
        self._pair = None
        self._refresh()

    @Slot(int, int)
    def _cell_clicked(self, true: int, guess: int) -> None:
        """Show the images of one cell; a second click shows the filter's again."""
        self._pair = None if self._pair == (true, guess) else (true, guess)
        self._refresh()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._take_waiting()
