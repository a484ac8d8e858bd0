"""How fast this machine computes, measured once for all pages that estimate times."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.ui.wizard.work import Work


class MachineSpeed(QObject):
    """The speed of the processor; the first page that needs it starts the measurement.

    Attributes:
        measured: the speed is known now.
        macs: multiply-accumulate operations per second; None before, and where a GPU computes.
    """

    measured = Signal()

    def __init__(self, work: Work, parent: QObject) -> None:
        super().__init__(parent)
        self.macs: float | None = None
        self._was_asked = False
        self._line = work.line(self)
        self._line.told.connect(self._take)

    def ask(self) -> None:
        """Measure the first time; `measured` tells when it is done."""
        if not self._was_asked:
            self._was_asked = True
            self._line.start("Measuring this machine", _measure)

    @Slot(object)
    def _take(self, event: object) -> None:
        if isinstance(event, float):
            self.macs = event
            self.measured.emit()
        elif isinstance(event, JobEnded) and event.status != "done":
            self._was_asked = False


def _measure(job: Job) -> None:
    from cnn_studio.engine.device import pick_device
    from cnn_studio.engine.estimate import macs_per_second

    if pick_device("auto").type == "cpu":
        job.report(macs_per_second())
