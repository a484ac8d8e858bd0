"""Measuring how similar the images are to the source data, and what the number means."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.app.measuring import RULER, RULER_TITLE, LikenessMeasured, can_measure, replacement_text
from cnn_studio.app.sources import is_own
from cnn_studio.datasets.records import DataSource
from cnn_studio.transfer.likeness import Likeness
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.likeness_scale import LikenessScale
from cnn_studio.ui.wizard.page import text_label
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.transfer.advisor import Answer

_HOW = (
    "The network compares what its layers see in your images with what they saw in training. It takes seconds; up to 200 "
    "images are looked at."
)
_NO_DATA = "Choose the images first, on the page Data; then come back, or measure on the page Advice."


class LikenessBox(QWidget):
    """A button that measures, the scale, and the result in words.

    Attributes:
        failed: emitted with the sentence that says why it could not be measured.
    """

    failed = Signal(str)

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.state = state
        self._measured: DataSource | None = None
        self._line = state.work.line(self)
        self._line.told.connect(self._take)
        self._line.busy_changed.connect(self.refresh)
        self.measure = QPushButton("Measure")
        self.measure.setAccessibleDescription(_HOW)
        self.ruler = QComboBox()
        self.ruler.setAccessibleName("Network that measures")
        self.ruler.setToolTip(
            "The limits of the scale were found with EfficientNet-Lite0, whose weights come along"
        )
        self.scale = LikenessScale()
        self.words, self.depths = text_label(), text_label(role="muted")
        self.replaced = text_label(role="muted")
        space = theme.current().space
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.s))
        row.addWidget(self.measure)
        row.addWidget(self.ruler)
        row.addWidget(self.words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(row)
        layout.addWidget(self.replaced)
        layout.addWidget(self.scale)
        layout.addWidget(self.depths)
        self.measure.clicked.connect(self.start)
        state.changed.connect(self.refresh)
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Show what the state says."""
        state = self.state
        if self._line.is_busy and self._measured is not None and self._measured != state.recipe.data:
            self._line.drop()  # those images are gone
            return
        busy, can = self._line.is_busy, state.has_data
        self.measure.setEnabled(can and not busy)
        self.measure.setText("Measuring…" if busy else "Measure again" if state.similarity else "Measure")
        self.measure.setToolTip(_HOW if can else _NO_DATA)
        self._show_rulers()
        found = state.similarity
        self.scale.show_likeness(found)
        self.words.setText(found.text if found is not None else _HOW if can else _NO_DATA)
        theme.set_role(self.words, "" if found is not None else "muted")
        self.depths.setText(depth_words(found, state.told) if found is not None else "")
        self.depths.setVisible(found is not None)

    def _show_rulers(self) -> None:
        names = [(RULER_TITLE, RULER, "")]
        recipe, opened, shapes = self.state.recipe, self.state.opened, self.state.source_shapes
        is_other = opened is not None and not recipe.source.endswith(RULER)
        measures = is_other and shapes is not None and can_measure(shapes)
        self.replaced.setText(
            replacement_text(opened.title) if opened is not None and is_other and not measures else ""
        )
        self.replaced.setVisible(bool(self.replaced.text()))
        if opened is not None and measures:
            # what one's own network learned from, that network knows; of ImageNet the usual one tells best
            place = 0 if is_own(recipe.source) else len(names)
            names.insert(place, (opened.title, recipe.source, recipe.weights))
        if [self.ruler.itemData(at) for at in range(self.ruler.count())] != [name[1:] for name in names]:
            self.ruler.clear()
            for title, source, weights in names:
                self.ruler.addItem(title, (source, weights))
        self.ruler.setVisible(len(names) > 1)

    @Slot()
    def start(self) -> None:
        """Measure in a job."""
        if self._line.is_busy or not self.state.has_data:
            return
        data = self._measured = self.state.recipe.data
        source, weights = self.ruler.currentData()

        def work(job: Job) -> None:
            from cnn_studio.app.measuring import measure_likeness

            path = Path(weights) if weights else None
            found = measure_likeness(data, job.report, job.control, ruler=source, weights=path)
            job.report(LikenessMeasured(found))

        self._line.start("Measuring how similar the images are", work)
        self.refresh()

    @Slot(object)
    def _take(self, event: object) -> None:
        if isinstance(event, LikenessMeasured):
            self.state.set(similarity=event.likeness)
        elif isinstance(event, JobEnded):
            self.failed.emit(event.message if event.status == "failed" else "")


def depth_words(found: Likeness, told: Answer | None = None) -> str:
    """Return what the depths say, in words; another cut is advised only for images unlike those of the source.

    Args:
        found: what was measured.
        told: what the user says of the images; wins over the measurement.
    """
    early, middle, late = found.thirds
    parts = f"Early layers (light, edges) {early:.2f}, middle ones (patterns) {middle:.2f}, late ones (things) {late:.2f}."
    if early > late + 0.05:
        return f"{parts} Light, sharpness or noise differ more than what is seen."
    is_unlike = told == "different" if told is not None else found.level != "similar"
    if late > early + 0.05:
        fits = "The later the layer, the less it fits"
        return (
            f"{parts} {fits}: a cut earlier in the network may be better."
            if is_unlike
            else f"{parts} {fits}."
        )
    return parts
