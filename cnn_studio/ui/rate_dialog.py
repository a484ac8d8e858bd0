"""The finder of learning rates: a curve that grows, a suggestion, and one click that takes it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.app.project import Project
from cnn_studio.app.trying import find_learning_rate
from cnn_studio.datasets.records import ImageData
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.widgets.curve_picture import CurvePicture

_WHAT = (
    "A copy of the network is trained for some batches while the learning rate rises from a millionth to 10. Where the "
    "loss falls fastest the steps are long and still safe. Your network stays as it is."
)


class RateDialog(QDialog):
    """Shows one test; closing it ends the test and deletes the window.

    Attributes:
        chosen: emitted with the rate that the user takes.
    """

    chosen = Signal(float)

    def __init__(
        self, project: Project, data: ImageData, start: Callable[[Job], None], parent: QWidget
    ) -> None:
        """Begin the test of a snapshot at once; `start` starts its job."""
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Find a learning rate")
        self.resize(theme.px(560), theme.px(400))
        self._tried: list[tuple[float, float, float]] = []
        self._rate: float | None = None
        what = QLabel(_WHAT)
        what.setWordWrap(True)
        theme.set_role(what, "muted")
        self.curve = CurvePicture("Loss by learning rate", "loss", "learning rate", log_x=True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.text = QLabel("trying rates")
        self.text.setWordWrap(True)
        self.use = QPushButton("Use this rate")
        self.use.setEnabled(False)
        theme.set_role(self.use, "primary")
        self.use.clicked.connect(self._use)
        self.end = QPushButton("Cancel")
        self.end.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addWidget(self.text, 1)
        buttons.addWidget(self.end)
        buttons.addWidget(self.use)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.px(theme.current().space.m))
        layout.addWidget(what)
        layout.addWidget(self.curve, 1)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

        def work(job: Job) -> None:
            find_learning_rate(project, data, job.report, lambda: job.is_cancelled)

        from cnn_studio.engine.rate_finder import NUM_STEPS

        self.bar.setRange(0, NUM_STEPS)
        self._job = Job("Finding a learning rate", work)
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self._bridge.watch(self._job.mailbox)
        start(self._job)

    @property
    def rate(self) -> float | None:
        """The suggestion; None before the end, or if there is none."""
        return self._rate

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        from cnn_studio.engine.rate_finder import RateFound, RateTried

        for event in events:
            match event:
                case RateTried(rate, loss, smooth):
                    self._tried.append((rate, loss, smooth))
                case RateFound(rate):
                    self._rate = rate
                case JobEnded(status, message):
                    self._ended(status, message)
        self.bar.setValue(len(self._tried))
        self._draw()

    def _ended(self, status: str, message: str) -> None:
        if self._bridge.is_watching:
            self._bridge.unwatch()
        self.bar.hide()
        self.end.setText("Close")
        if status == "failed":
            self.text.setText(message)
            theme.set_role(self.text, "error")
        elif status == "cancelled":
            self.text.setText("The test ended because a run began. Find a rate again when the run has ended.")
        elif self._rate is None:
            self.text.setText(
                "The loss fell at no rate, so there is no suggestion. Check the data and the network, or try more images."
            )
        else:
            self.text.setText(f"The loss falls fastest at about {self._rate:.2g}.")
            self.use.setText(f"Use {self._rate:.2g}")
            self.use.setEnabled(True)
            self.use.setDefault(True)
            self.use.setFocus()

    def _draw(self) -> None:
        if not self._tried:
            return
        mark = text = None
        if self._rate is not None:
            mark = next(((rate, smooth) for rate, _, smooth in self._tried if rate >= self._rate), None)
            text = f"{self._rate:.2g}"
        # the first points hang on where the average began, and the last ones shoot up: neither sets the scale
        highest = max(smooth for _, _, smooth in self._tried[: max(12, len(self._tried) // 2)]) * 1.3
        self.curve.show_points(
            [(rate, min(smooth, highest)) for rate, _, smooth in self._tried],
            faint=[(rate, min(loss, highest)) for rate, loss, _ in self._tried],
            mark=mark,
            mark_text=text or "",
            x_range=(1e-6, 10.0),
        )

    @Slot()
    def _use(self) -> None:
        if self._rate is not None:
            self.chosen.emit(float(f"{self._rate:.2g}"))
        self.close()

    @override
    def done(self, result: int) -> None:
        # Esc comes here without a close event, and closing comes here too
        self._job.cancel()
        if self._bridge.is_watching:
            self._bridge.unwatch()
        super().done(result)
