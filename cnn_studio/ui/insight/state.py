"""What all pages of Inspect share: the network as it is now, the image, what every layer made of it, and what is chosen."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded, JobList
from cnn_studio.app.project import Project
from cnn_studio.ui.insight.subject import Subject, pixels_subject
from cnn_studio.ui.job_line import JobLine

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.maps import Look, LookInside
    from cnn_studio.insight.regions import Cell


_PROMPT_MS = 4  # a look takes milliseconds, and whoever draws waits for it at every stroke


@dataclass(frozen=True, slots=True)
class _Looked:
    look: Look
    notes: tuple[str, ...]
    about: str


class InsightState(QObject):
    """One image and one network, looked at by several pages.

    The network is the one that `source` gives when it is asked, kept until `forget_network`. Looking happens in a job;
    a new image takes the place of one that is still being looked at.

    Attributes:
        looked: there is another `look`, or none any more.
        layer_changed: another layer is chosen.
        cell_changed: another cell of the chosen layer is chosen, or none.
        subject_changed: another image is to be looked at; its look comes later.
        failed: with the sentence that says why there is nothing to see.
        busy_changed: work began or ended.
        subject: the image; None before there is one.
        look: what every layer gave for it; None before that is known.
        notes: what to know of the network's weights, as sentences.
        remark: from which moment the network is, as a sentence; empty where it is simply the open one.
        about: what was done to the image before the network got it, as a sentence.
        layer: id of the chosen layer; None without a look.
        cell: (channel, row, column) of the chosen layer's maps or (element,) of its vector; None if none is chosen.
    """

    looked = Signal()
    layer_changed = Signal()
    cell_changed = Signal()
    subject_changed = Signal()
    failed = Signal(str)
    busy_changed = Signal()

    def __init__(
        self, source: Callable[[], Project | None], jobs: JobList, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._source = source
        self.jobs = jobs
        self.subject: Subject | None = None
        self.look: Look | None = None
        self.notes: tuple[str, ...] = ()
        self.remark = self.about = ""
        self.layer: int | None = None
        self.cell: Cell | None = None
        self._network: LookInside | None = None
        self._is_behind = False
        self._uses = threading.Lock()  # a network is used by one thread at a time
        self._line = JobLine(jobs, self, _PROMPT_MS)
        self._line.told.connect(self._take)
        self._line.busy_changed.connect(self.busy_changed)

    # -------------------------------------------------------------------------------------------------------- choosing

    def show(self, subject: Subject) -> None:
        """Look at an image.

        Strokes of a drawing do not take the place of one that is being looked at, or a slow network would never answer
        before the hand rests: that look is shown, and then the latest.
        """
        before, self.subject = self.subject, subject
        self.subject_changed.emit()
        if subject.is_live and before is not None and before.is_live and self._line.is_busy:
            self._is_behind = True
        else:
            self.look_again()

    def show_pixels(self, title: str, pixels: np.ndarray) -> None:
        """Look at an image that is in memory, uint8 [C, H, W]."""
        self.show(pixels_subject(title, pixels))

    def choose_layer(self, layer_id: int) -> None:
        """Choose a layer of the look; its cell is none."""
        if self.look is None or layer_id not in self.look.layers or layer_id == self.layer:
            return
        self.layer = layer_id
        self.choose_cell(None)
        self.layer_changed.emit()

    def choose_cell(self, cell: Cell | None) -> None:
        """Choose a cell of the chosen layer, or none."""
        if cell != self.cell:
            self.cell = cell
            self.cell_changed.emit()

    # --------------------------------------------------------------------------------------------------------- looking

    @property
    def is_looking(self) -> bool:
        """Whether a look is under way."""
        return self._line.is_busy

    def forget_network(self, remark: str = "") -> None:
        """Take the network anew at the next look: it was edited, trained or replaced. What is shown stays."""
        self._network, self.remark = None, remark

    @Slot()
    def look_again(self) -> None:
        """Look at the same image with the network as it is now."""
        subject, self._is_behind = self.subject, False
        if subject is None:
            return
        project = self._source() if self._network is None else None
        if self._network is None and project is None:
            self._fail("There is no network to look into.")
            return

        def work(job: Job) -> None:
            network, notes = self._network, self.notes
            if network is None:
                from cnn_studio.app.inspecting import look_inside

                assert project is not None
                network, notes = look_inside(project)
            fitted = subject.read(network)
            job.report(_Looked(network.look(fitted.pixels), notes, fitted.about))

        self.begin(self._line, f"Looking at {subject.title}", work)

    def line(self, parent: QObject) -> JobLine:
        """Return a line of jobs for a page."""
        line = JobLine(self.jobs, parent)
        line.busy_changed.connect(self.busy_changed)
        return line

    @property
    def using(self) -> AbstractContextManager[object]:
        """To be held by a job for as long as it uses the network of the look, if `begin` did not start it."""
        return self._uses

    def begin(self, line: JobLine, title: str, work: Callable[[Job], None]) -> None:
        """Start work that uses the network of the look, after what uses it now."""

        def alone(job: Job) -> None:
            with self.using:
                if not job.is_cancelled:
                    work(job)

        line.start(title, alone)

    @Slot(object)
    def _take(self, event: object) -> None:
        match event:
            case _Looked(look, notes, about):
                self._network, self.notes, self.about = look.network, notes, about
                self._set_look(look)
            case JobEnded("failed", message):
                self._network = None
                self._fail(message)
            case JobEnded() if self._is_behind:
                self.look_again()

    def _set_look(self, look: Look) -> None:
        before, self.look = self.look, look
        is_known = self.layer in look.layers and (
            before is not None and self.layer is not None and _same_shape(before, look, self.layer)
        )
        if not is_known:
            self.cell = None
            self.layer = self.layer if self.layer in look.layers else _first_with_maps(look)
        self.looked.emit()
        self.layer_changed.emit()
        self.cell_changed.emit()

    def _fail(self, message: str) -> None:
        self.look = self.layer = self.cell = None
        self.looked.emit()
        self.failed.emit(message)

    def close(self) -> None:
        """End what goes on."""
        self._line.drop()


def _same_shape(before: Look, now: Look, layer_id: int) -> bool:
    found = before.layers.get(layer_id)
    return found is not None and found.shape == now.layers[layer_id].shape


def _first_with_maps(look: Look) -> int:
    ids = [layer_id for layer_id, layer in look.layers.items() if layer.has_maps]
    return (
        ids[min(1, len(ids) - 1)] if ids else next(iter(look.layers))
    )  # behind the input, where there is more
