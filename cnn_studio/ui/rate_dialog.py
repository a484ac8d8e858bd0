"""The finder of learning rates: a curve that grows, a suggestion, and one click that takes it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.app.jobs import Job
from cnn_studio.app.project import Project
from cnn_studio.app.trying import find_learning_rate
from cnn_studio.datasets.records import ImageData
from cnn_studio.ui import theme
from cnn_studio.ui.finder_dialog import FinderDialog
from cnn_studio.ui.widgets.curve_picture import CurvePicture

_WHAT = (
    "A copy of the network is trained for some batches while the learning rate rises from a millionth to 10. Where the "
    "loss falls fastest the steps are long and still safe. Your network stays as it is."
)


class RateDialog(FinderDialog):
    """Shows one test.

    Attributes:
        chosen: emitted with the rate that the user takes.
    """

    chosen = Signal(float)

    def __init__(
        self, project: Project, data: ImageData, start: Callable[[Job], None], parent: QWidget
    ) -> None:
        """Begin the test of a snapshot at once; `start` starts its job."""
        from cnn_studio.engine.rate_finder import NUM_STEPS

        curve = CurvePicture("Loss by learning rate", "loss", "learning rate", log_x=True)
        super().__init__("Find a learning rate", _WHAT, curve, "Use this rate", parent)
        self.resize(theme.px(560), theme.px(400))
        self._tried: list[tuple[float, float, float]] = []
        self._rate: float | None = None
        self.text.setText("trying rates")
        self.use.setEnabled(False)
        self.use.clicked.connect(self._use)
        buttons = QHBoxLayout()
        buttons.addWidget(self.text, 1)
        buttons.addWidget(self.end)
        buttons.addWidget(self.use)
        self._lay_out(buttons=buttons)
        self.bar.setRange(0, NUM_STEPS)
        self._begin(
            lambda job: find_learning_rate(project, data, job.report, lambda: job.is_cancelled), start
        )

    @property
    def rate(self) -> float | None:
        """The suggestion; None before the end, or if there is none."""
        return self._rate

    @override
    def _measured(self, event: object) -> None:
        from cnn_studio.engine.rate_finder import RateFound, RateTried

        match event:
            case RateTried(rate, loss, smooth):
                self._tried.append((rate, loss, smooth))
                self.bar.setValue(len(self._tried))
            case RateFound(rate):
                self._rate = rate

    @override
    def _show_result(self) -> None:
        if self._rate is None:
            self.text.setText(
                "The loss fell at no rate, so there is no suggestion. Check the data and the network, or try more images."
            )
            return
        self.text.setText(f"The loss falls fastest at about {self._rate:.2g}.")
        self._offer(f"Use {self._rate:.2g}")

    @override
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
