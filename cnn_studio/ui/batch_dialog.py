"""The search for the largest batch that fits: speed by batch size, and two sizes to take with one click."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QPushButton, QWidget
from typing_extensions import override

from cnn_studio.app.jobs import Job
from cnn_studio.app.project import Project
from cnn_studio.app.trying import find_largest_batch
from cnn_studio.datasets.records import ImageData
from cnn_studio.ui import theme
from cnn_studio.ui.finder_dialog import FinderDialog
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.curve_picture import CurvePicture

if TYPE_CHECKING:
    from cnn_studio.engine.largest_batch import BatchTried, LargestBatch

_WHAT = (
    "A copy of the network takes a few steps with batches of rising size. A larger batch is not always faster, and it "
    "takes fewer steps per epoch. Your network stays as it is."
)
_SCALE = "Multiply the learning rate by the same factor"
_SCALE_HELP = (
    "The linear scaling rule (Goyal et al. 2017, arXiv:1706.02677), found for SGD with momentum: a batch that is k times "
    "as large takes steps that are k times as long, after a warm-up. With Adam a smaller factor is usual. Either way, "
    "look for the rate again with Find rate."
)


class BatchDialog(FinderDialog):
    """Shows one search.

    Attributes:
        chosen: emitted with the batch size that the user takes, and whether the learning rate shall follow it.
    """

    chosen = Signal(int, bool)

    def __init__(
        self, project: Project, data: ImageData, start: Callable[[Job], None], parent: QWidget
    ) -> None:
        """Begin the search for a snapshot at once; `start` starts its job."""
        curve = CurvePicture("Speed by batch size", "images/s", "batch size", log_x=True)
        super().__init__("Find a batch size", _WHAT, curve, "", parent)
        self.resize(theme.px(560), theme.px(440))
        self._present = project.settings.batch_size
        self._tried: dict[int, BatchTried] = {}
        self._found: LargestBatch | None = None
        self.bar.setRange(0, 0)
        self.text.setText("building the network")
        self.scale = QCheckBox(_SCALE)
        self.scale.setToolTip(_SCALE_HELP)
        self.use.clicked.connect(self._use_suggested)
        self.use_largest = QPushButton("Use largest")
        self.use_largest.clicked.connect(self._use_largest)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.end, self.use_largest, self.use):
            buttons.addWidget(button)
        for widget in (self.scale, self.use, self.use_largest):
            widget.hide()
        self._lay_out(self.text, self.scale, buttons=buttons)
        self._begin(
            lambda job: find_largest_batch(project, data, job.report, lambda: job.is_cancelled), start
        )

    @property
    def found(self) -> LargestBatch | None:
        """The result; None before the end, or if there is none."""
        return self._found

    @override
    def _measured(self, event: object) -> None:
        from cnn_studio.engine.largest_batch import BatchTried, LargestBatch

        match event:
            case BatchTried():
                self._tried[event.batch_size] = event
                self.text.setText(f"batches of {event.batch_size:,}: {event.images_per_second:,.0f} images/s")
            case LargestBatch():
                self._found = event

    @override
    def _show_result(self) -> None:
        if self._found is not None:
            self._show(self._found)

    def _show(self, found: LargestBatch) -> None:
        suggested, largest = found.suggested, found.largest
        limit = (
            f"Of the {bytes_text(found.available)} that are free, batches of up to {largest:,} fit"
            if found.is_limited_by_memory
            else f"Batches of up to {largest:,} fit, which was the largest looked at"
        )
        self.text.setText(
            f"{limit}; each image takes {bytes_text(found.bytes_per_image)}. Batches of {suggested:,} are about as fast as "
            f"any: {self._tried[suggested].images_per_second:,.0f} images/s. The learning rate suits the present "
            f"batch of {self._present:,}: look at it again when the size changes."
        )
        self._offer(f"Use {suggested:,}")
        if largest != suggested:
            self.use_largest.setText(f"Use largest, {largest:,}")
            self.use_largest.show()
        self.scale.show()

    @override
    def _draw(self) -> None:
        points = sorted((one.batch_size, one.images_per_second) for one in self._tried.values())
        if len(points) < 2:
            return
        mark = None if self._found is None else self._found.suggested
        self.curve.show_points(
            [(float(size), speed) for size, speed in points],
            mark=None if mark is None else (float(mark), self._tried[mark].images_per_second),
            mark_text="" if mark is None else f"{mark:,}",
        )

    @Slot()
    def _use_suggested(self) -> None:
        if self._found is not None:
            self._choose(self._found.suggested)

    @Slot()
    def _use_largest(self) -> None:
        if self._found is not None:
            self._choose(self._found.largest)

    def _choose(self, size: int) -> None:
        self.chosen.emit(size, self.scale.isChecked())
        self.close()
