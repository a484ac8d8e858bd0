"""The Data tab's background work: reports, downloads, previews, and looking for folders that have moved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.app.places import dataset_folder
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.records import DataSource, SourceKind
from cnn_studio.ui.job_line import JobLine

if TYPE_CHECKING:
    import numpy as np

PREVIEW_SIDE = 160


@dataclass(frozen=True, slots=True)
class Preview:
    """A small picture of a file, or the reason why there is none.

    Attributes:
        picture: uint8 of shape [3, H, W].
    """

    path: Path
    picture: np.ndarray | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Whether the place of a source is there."""

    source: DataSource
    is_there: bool


@dataclass(frozen=True, slots=True)
class Fetched:
    """The kinds that lie in the program's own folder of data sets."""

    kinds: frozenset[SourceKind]


@dataclass(frozen=True, slots=True)
class Refused:
    """A place that the user chose and that cannot be read, and why."""

    message: str


class DataJobs(QObject):
    """Starts and watches what must not hold up the window.

    Attributes:
        report_progress: images done, and all; 0 while that is not known.
        report_ready: with an `ImportReport`.
        report_failed: with a sentence; empty where it was cancelled.
        download_progress: text, done, total.
        downloaded: with the `DataSource` that reads what was fetched.
        download_failed: with a sentence; empty where it was cancelled.
        preview_ready: with a `Preview`.
        found: with `Whereabouts`.
        fetched: with `Fetched`.
        detected: with the `DataSource` of a place that the user chose.
        refused: with the sentence that says why such a place cannot be read.
    """

    report_progress = Signal(int, int)
    report_ready = Signal(object)
    report_failed = Signal(str)
    download_progress = Signal(str, int, int)
    downloaded = Signal(object)
    download_failed = Signal(str)
    preview_ready = Signal(object)
    found = Signal(object)
    fetched = Signal(object)
    detected = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.jobs = JobList()
        self._report, self._download, self._preview = (JobLine(self.jobs, self) for _ in range(3))
        self._look, self._list, self._detect = (JobLine(self.jobs, self) for _ in range(3))
        self._detect.told.connect(self._take_detected)
        self._report.told.connect(self._take_report)
        self._report.progress.connect(self._tell_report_progress)
        self._download.told.connect(self._take_download)
        self._download.progress.connect(self.download_progress)
        self._preview.told.connect(self._take_preview)
        self._look.told.connect(self._take_look)
        self._list.told.connect(self._take_list)

    # ------------------------------------------------------------------------------------------------------ reports

    @property
    def is_reporting(self) -> bool:
        """Whether a report is being made."""
        return self._report.is_busy

    def make_report(self, source: DataSource) -> None:
        """Look at all images of a source."""

        def work(job: Job) -> None:
            from cnn_studio.datasets.report import make_report

            def progress(done: int, total: int) -> None:
                job.report(Progress("Looking at the images", done, total))

            job.report(make_report(source, progress, lambda: job.is_cancelled))

        self._report.start("Looking at the images", work)

    def cancel_report(self) -> None:
        """End the report, and say so."""
        self._report.cancel()

    def drop_report(self) -> None:
        """End the report without a word."""
        self._report.drop()

    @Slot(str, int, int)
    def _tell_report_progress(self, _text: str, done: int, total: int) -> None:
        self.report_progress.emit(done, total)

    @Slot(object)
    def _take_report(self, event: object) -> None:
        match event:
            case JobEnded("done"):
                pass
            case JobEnded(_, message):
                self.report_failed.emit(message)
            case _:
                self.report_ready.emit(event)

    # ---------------------------------------------------------------------------------------------------- downloads

    def download(self, kind: SourceKind, folder: Path | None = None) -> None:
        """Fetch a data set, into the program's own folder unless another is named."""
        from cnn_studio.app.data_download import (
            download_job,  # with the web libraries, which the start does not need
        )

        self._download.start_job(download_job(kind, folder or dataset_folder(kind)))

    def cancel_download(self) -> None:
        """End the download; what came is kept for the next time."""
        self._download.cancel()

    @Slot(object)
    def _take_download(self, event: object) -> None:
        match event:
            case DataSource():
                self.downloaded.emit(event)
            case JobEnded("done"):
                pass
            case JobEnded(_, message):
                self.download_failed.emit(message)

    def list_fetched(self) -> None:
        """Find out which known sets lie in the program's own folder."""

        def work(job: Job) -> None:
            job.report(Fetched(frozenset(kind for kind in SOURCES if _is_fetched(kind))))

        self._list.start("Looking for data sets", work)

    @Slot(object)
    def _take_list(self, event: object) -> None:
        if isinstance(event, Fetched):
            self.fetched.emit(event)

    # --------------------------------------------------------------------------------------------------- small things

    def preview(self, path: Path) -> None:
        """Make a small picture of a file."""
        self._preview.start("Opening a picture", _preview_work(path))

    @Slot(object)
    def _take_preview(self, event: object) -> None:
        if isinstance(event, Preview):
            self.preview_ready.emit(event)

    def look_for(self, source: DataSource) -> None:
        """Find out whether the place of a source is there; a dead network drive may take its time."""

        def work(job: Job) -> None:
            try:
                is_there = not source.folder or Path(source.folder).expanduser().exists()
            except OSError:
                is_there = False
            job.report(Whereabouts(source, is_there))

        self._look.start("Looking for the images", work)

    @Slot(object)
    def _take_look(self, event: object) -> None:
        if isinstance(event, Whereabouts):
            self.found.emit(event)

    def detect(self, path: Path, like: DataSource) -> None:
        """Find out what lies at a place that the user chose; seed and shares of the split stay as in `like`."""

        def work(job: Job) -> None:
            from cnn_studio.core.errors import DataError
            from cnn_studio.datasets.detect import detect_source

            try:
                job.report(detect_source(path, like))
            except DataError as error:
                job.report(Refused(str(error)))

        self._detect.start("Looking what it is", work)

    @Slot(object)
    def _take_detected(self, event: object) -> None:
        match event:
            case DataSource():
                self.detected.emit(event)
            case Refused(message) | JobEnded("failed", message):
                self.refused.emit(message)

    def shut_down(self, seconds: float) -> bool:
        """End everything and wait at most `seconds`; return whether it ended."""
        for line in (self._report, self._download, self._preview, self._look, self._list, self._detect):
            line.drop()
        return self.jobs.shut_down(seconds)


def _is_fetched(kind: SourceKind) -> bool:
    from cnn_studio.core.errors import StudioError
    from cnn_studio.datasets.detect import detect

    folder = dataset_folder(kind)
    try:
        return SOURCES[kind].files is not None and folder.is_dir() and detect(folder)[0] == kind
    except (StudioError, OSError):
        return False


def _preview_work(path: Path) -> Callable[[Job], None]:
    def work(job: Job) -> None:
        from cnn_studio.core.errors import StudioError
        from cnn_studio.datasets.decode import read_image
        from cnn_studio.graph.preprocessing import Preprocessing

        try:
            if not path.is_file():  # a pipe would be waited for
                job.report(Preview(path, None, "no ordinary file"))
                return
            picture = read_image(path, PREVIEW_SIDE, PREVIEW_SIDE, 3, Preprocessing(resize="pad"))
            job.report(Preview(path, picture))
        except StudioError as error:
            job.report(Preview(path, None, str(error).rpartition(": ")[2].rstrip(".")))
        except OSError as error:
            job.report(Preview(path, None, error.strerror or "it cannot be read"))

    return work
