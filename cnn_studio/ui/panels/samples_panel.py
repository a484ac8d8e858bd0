"""The Results tab: every image with what the network says, and how good that is, class by class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.prediction_export import save_predictions
from cnn_studio.core.errors import StudioError
from cnn_studio.ui import theme
from cnn_studio.ui.panels.result_views import ResultViews
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples
from cnn_studio.ui.widgets.waiting import run_waiting

if TYPE_CHECKING:
    import numpy as np

Part = Literal["validation", "test"]

_NO_DATA = "Choose a data set in the Data tab to see its validation images here"
_NO_MISTAKES = "No mistakes: the network is right about every {part} image"


@dataclass
class _Answers:
    """The images of one part, and what the network said of them.

    Attributes:
        predictions, confidences, ranks: of shape [N]; None before there are any.
    """

    images: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    files: Sequence[str] | None = None
    predictions: np.ndarray | None = None
    confidences: np.ndarray | None = None
    ranks: np.ndarray | None = None


class SamplesPanel(QWidget):
    """Images and their predictions after each epoch; mistakes carry a sign, a frame and words.

    Predictions that come while the panel is hidden are counted when it is shown.

    Attributes:
        message: what was copied or written, or why not.
    """

    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._samples = Samples(self)
        self._parts: dict[Part, _Answers] = {}
        self._part: Part = "validation"
        self._classes: tuple[str, ...] = ()
        self._chosen: tuple[int, int | None] | None = None  # true class, predicted class or all of them
        self._is_stale = False
        self.grid = ImageGrid(self._samples)
        self.views = ResultViews()
        self.matrix = self.views.matrix
        self.matrix.cell_clicked.connect(self._cell_clicked)
        self.views.class_chosen.connect(self._class_chosen)
        self.views.message.connect(self.message)
        self._summary = QLabel()
        self._summary.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._empty = hint_label(_NO_DATA)
        self._all = self._segment("All", "Show every image")
        self._mistakes = self._segment("Mistakes only", "Show the wrong ones, the most confident first")
        self._validation = self._segment("Validation", "Images that are looked at after every epoch")
        self._test = self._segment("Test", "Images that are looked at once, at the end of a run")
        self._all.setChecked(True)
        self._validation.setChecked(True)
        self._filters, self._choices = QButtonGroup(self), QButtonGroup(self)
        for group, buttons in (
            (self._filters, (self._all, self._mistakes)),
            (self._choices, (self._validation, self._test)),
        ):
            for button in buttons:
                group.addButton(button)
        self._filters.buttonClicked.connect(self._filter_clicked)
        self._choices.buttonClicked.connect(self._part_clicked)
        self._save = QToolButton()
        theme.set_role(self._save, "quiet")
        theme.bind_icon(self._save, "export", "muted")
        self._save.setAccessibleName("Save predictions")
        self._save.clicked.connect(self._ask_file)
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
        top.setSpacing(theme.px(2))
        top.addWidget(self._summary, 1)
        for button in (self._validation, self._test):
            top.addWidget(button)
        top.addSpacing(theme.px(space.s))
        for button in (self._all, self._mistakes):
            top.addWidget(button)
        top.addWidget(self._save)
        left = QWidget()
        layout = QVBoxLayout(left)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.xs, space.xs, space.xs)))
        layout.setSpacing(theme.px(space.xs))
        layout.addLayout(top)
        layout.addWidget(self._pages, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(self.views)
        splitter.setStretchFactor(0, 1)
        splitter.setStretchFactor(1, 0)
        splitter.setSizes([theme.px(880), theme.px(540)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    # ----------------------------------------------------------------------------------------------------- content

    @property
    def summary(self) -> str:
        """The line above the images."""
        return self._summary.text()

    @property
    def part(self) -> Part:
        """Which images are shown."""
        return self._part

    def set_data(
        self,
        images: np.ndarray,
        labels: np.ndarray,
        classes: Sequence[str],
        *,
        files: Sequence[str] | None = None,
        test: tuple[np.ndarray, np.ndarray] | None = None,
        test_files: Sequence[str] | None = None,
    ) -> None:
        """Show these validation images; predictions of others are forgotten.

        Args:
            images: uint8 of shape [N, C, H, W] with C 1 or 3; shown, not copied.
            labels: true class per image, int of shape [N].
            classes: class names in the order of the labels.
            files: name of the file of each image, where they have some.
            test: images and labels of the test part, where there is one.
            test_files: as `files`, of the test part.
        """
        self._parts = {"validation": _Answers(images, labels, files)}
        if test is not None and len(test[1]):
            self._parts["test"] = _Answers(*test, test_files)
        self._classes = tuple(classes)
        self._all.setChecked(True)
        self._show_part("validation")

    def set_predictions(
        self,
        predictions: np.ndarray,
        confidences: np.ndarray,
        ranks: np.ndarray | None = None,
        part: Part = "validation",
    ) -> None:
        """Show what the network says after an epoch, or of the test images at the end.

        Args:
            predictions: class per image of `set_data`, int of shape [N].
            confidences: probability of that class, float of shape [N].
            ranks: how many classes were more probable than the true one, int of shape [N].
            part: which images they are about.

        Raises:
            ValueError: there are not as many as images.
        """
        answers = self._parts.get(part)
        count = 0 if answers is None else len(answers.labels)
        if answers is None or len(predictions) != count or len(confidences) != count:
            raise ValueError(f"{len(predictions)} predictions for {count} images")
        answers.predictions, answers.confidences, answers.ranks = predictions, confidences, ranks
        if part == "validation" and (test := self._parts.get("test")) is not None:
            # the network has moved on since the test images were looked at
            test.predictions = test.confidences = test.ranks = None
            if self._part == "test":
                self._show_part("validation")
        if part == self._part:
            self._is_stale = True
            if self.isVisible():
                self._take_waiting()
        self._update_choices()

    def _show_part(self, part: Part) -> None:
        """Show the images of a part, and what was said of them."""
        answers = self._parts[part]
        self._part = part
        self._chosen = None
        (self._test if part == "test" else self._validation).setChecked(True)
        self.grid.setAccessibleName(f"{part.capitalize()} images")
        self._samples.set_images(answers.images, answers.labels, self._classes)
        self.views.clear()
        self._is_stale = answers.predictions is not None
        if self.isVisible():
            self._take_waiting()
        self._refresh()

    def _update_choices(self) -> None:
        test = self._parts.get("test")
        for button in (self._validation, self._test):
            button.setVisible(test is not None)
        can_show = test is not None and test.predictions is not None
        self._test.setEnabled(can_show)

    def _take_waiting(self) -> None:
        answers = self._parts.get(self._part)
        if (
            not self._is_stale
            or answers is None
            or answers.predictions is None
            or answers.confidences is None
        ):
            return
        self._is_stale = False
        self._samples.predictions, self._samples.confidences = answers.predictions, answers.confidences
        self.views.show_predictions(
            answers.labels, answers.predictions, answers.confidences, answers.ranks, self._classes
        )
        self._refresh()

    def _refresh(self) -> None:
        """Bring rows, summary and empty state in step with data, predictions and filter."""
        samples = self._samples
        predicted = samples.predictions is not None
        self.views.setVisible(predicted)
        self._mistakes.setEnabled(predicted)
        self._save.setEnabled(predicted)
        self._save.setToolTip(
            "Save what the network says of every image as CSV"
            if predicted
            else "There is nothing to save yet: train first"
        )
        self._update_choices()
        samples.set_rows(self._rows())
        cell = self._chosen
        self.matrix.set_marked((cell[0], cell[1]) if cell is not None and cell[1] is not None else None)
        self._summary.setText(self._summary_text())
        self._summary.setToolTip(self._summary.text())
        has_rows = samples.rowCount() > 0
        self._empty.setText(_NO_DATA if samples.images is None else _NO_MISTAKES.format(part=self._part))
        self._pages.setCurrentWidget(self.grid if has_rows else self._empty)

    def _rows(self) -> np.ndarray | None:
        """Return the images that the filter lets through, or None for all."""
        labels, predictions = self._samples.labels, self._samples.predictions
        if labels is None or predictions is None or self._samples.confidences is None:
            return None
        if self._chosen is not None:
            true, guess = self._chosen
            wanted = labels == true
            wanted &= predictions == guess if guess is not None else predictions != labels
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
            return f"{count:,} {self._part} images · train to see what the network says"
        from cnn_studio.engine.classification import accuracy_text

        text = accuracy_text(int((samples.labels == samples.predictions).sum()), count)
        if self._chosen is not None:
            true, guess = self._chosen
            name = samples.class_name(true)
            if guess is None:
                shown = f"mistakes with {name}"
            else:
                shown = f"{name} taken for {samples.class_name(guess)}" if true != guess else f"{name}, right"
            return f"Shown: {samples.rowCount():,} × {shown} · {text}"
        return text

    # ----------------------------------------------------------------------------------------------------- actions

    @Slot()
    def _filter_clicked(self) -> None:
        self._chosen = None
        self._refresh()

    @Slot()
    def _part_clicked(self) -> None:
        wanted: Part = "test" if self._test.isChecked() else "validation"
        if wanted != self._part and wanted in self._parts:
            self._show_part(wanted)

    @Slot(int, int)
    def _cell_clicked(self, true: int, guess: int) -> None:
        """Show the images of one cell; a second click shows the filter's again."""
        self._chosen = None if self._chosen == (true, guess) else (true, guess)
        self._refresh()

    @Slot(int)
    def _class_chosen(self, true: int) -> None:
        """Show the mistakes of one class; a second time shows the filter's again."""
        self._chosen = None if self._chosen == (true, None) else (true, None)
        self._refresh()

    @Slot()
    def _ask_file(self) -> None:
        name = f"{self._part}-predictions.csv"
        chosen, _ = QFileDialog.getSaveFileName(self, "Save predictions", name, "CSV (*.csv)")
        if chosen:
            self.save(Path(chosen))

    def save(self, path: Path) -> bool:
        """Write what the network says of every image of the part as CSV; return whether it was written."""
        answers = self._parts.get(self._part)
        if answers is None or answers.predictions is None or answers.confidences is None:
            return False
        path = path if path.suffix else path.with_suffix(".csv")
        labels, predictions, confidences = answers.labels, answers.predictions, answers.confidences
        files, classes = answers.files, self._classes

        def work() -> None:
            save_predictions(path, labels, predictions, confidences, classes, files)

        try:
            run_waiting(self, f"Writing {path.name}", work)
        except StudioError as error:
            self.message.emit(str(error))
            return False
        self.message.emit(f"The predictions of {len(labels):,} images are in {path}.")
        return True

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._take_waiting()
