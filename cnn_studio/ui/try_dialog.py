"""Try an image: pick, drop or paste one and see what the network says, also while a run is paused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from PySide6.QtCore import QMimeData, Qt, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
    QPixmap,
    QShortcut,
)
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.jobs import Job, JobEnded, JobList
from cnn_studio.app.project import Project
from cnn_studio.app.trying import Tried, try_images
from cnn_studio.core.errors import StorageError
from cnn_studio.core.scratch import scratch_folder
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.widgets.guess_bars import GuessBars

_HINT = "Drop an image here, paste one (Ctrl+V), or open one."
_TITLE = "What does the network see?"
_SIDE = 208


class TryDialog(QDialog):
    """A window of its own that stays open beside the work.

    Args:
        source: returns the network to try, or None if there is none yet.
        jobs: all jobs of the program.
    """

    def __init__(self, source: Callable[[], Project | None], jobs: JobList, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Try an image")
        self.setAcceptDrops(True)
        self._source = source
        self._jobs = jobs
        self._last: Path | None = None
        self._job: Job | None = None
        self._num_pasted = 0
        self._scratch = scratch_folder("pasted")
        self.destroyed.connect(self._scratch.cleanup)
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self.picture = QLabel(_HINT)
        self.picture.setFixedSize(theme.px(_SIDE), theme.px(_SIDE))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        theme.set_role(self.picture, "muted")
        self.title = QLabel(_TITLE)
        theme.set_role(self.title, "strong")
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.bars = GuessBars()
        self.note = QLabel()
        self.note.setWordWrap(True)
        theme.set_role(self.note, "muted")
        self.pick = QPushButton("Open image…")
        self.pick.clicked.connect(self._ask)
        self.again = QPushButton("Try again")
        self.again.setToolTip("Ask the network as it is now, after more training for instance")
        self.again.setEnabled(False)
        self.again.clicked.connect(self._again)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self, self._paste)
        right = QVBoxLayout()
        right.addWidget(self.title)
        right.addWidget(self.bars, 1)
        row = QHBoxLayout()
        row.setSpacing(theme.px(theme.current().space.l))
        row.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.addWidget(self.note, 1)
        buttons.addWidget(self.again)
        buttons.addWidget(self.pick)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.px(theme.current().space.m))
        layout.addLayout(row, 1)
        layout.addLayout(buttons)
        self.resize(theme.px(580), theme.px(300))

    # ---------------------------------------------------------------------------------------------------- choosing

    @Slot()
    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(
            self, "Image to try", str(self._last.parent) if self._last else ""
        )
        if name:
            self.try_file(Path(name))

    @Slot()
    def _paste(self) -> None:
        self._take_mime(QGuiApplication.clipboard().mimeData())

    def _take_mime(self, mime: QMimeData) -> None:
        files = [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]
        image = QImage(mime.imageData()) if not files and mime.hasImage() else QImage()
        if files:
            self.try_file(files[0])
        elif not image.isNull():
            self._num_pasted += 1
            self.try_file(Path(self._scratch.name) / f"pasted image {self._num_pasted}.png", image)
        elif mime.hasUrls():
            self._say(
                "A web address cannot be tried. Save its image as a file, then drop that here.", "warning"
            )
        else:
            self._say("That is no image. Drop an image file here, or copy a picture and paste it.", "warning")

    @Slot()
    def _again(self) -> None:
        if self._last is not None:
            self.try_file(self._last)

    def try_file(self, file: Path, image: QImage | None = None) -> None:
        """Ask the network about an image file; the answer comes from a job.

        Args:
            file: the image.
            image: what to write there first, for one that is no file yet.
        """
        project = self._source()
        if project is None:
            self._say(
                "There is no trained network to try yet. Train it, or pause a run after its first epochs.",
                "warning",
            )
            return
        self._last = file
        self.again.setEnabled(False)  # until the file is written and read
        if self._job is not None:
            self._job.cancel()

        def work(job: Job) -> None:
            if image is not None and not image.save(str(file)):
                raise StorageError(
                    f"The pasted image could not be written to {file.parent}. The disk may be full; free some space "
                    "and paste it again."
                )
            try_images(project, [file], job.report, lambda: job.is_cancelled)

        self._job = Job("Trying an image", work)
        self._bridge.watch(self._job.mailbox)
        self._jobs.start(self._job)

    # ------------------------------------------------------------------------------------------------------ answers

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Tried():
                    self._show(event)
                case JobEnded(status, message):
                    if self._bridge.is_watching:
                        self._bridge.unwatch()
                    self.again.setEnabled(self._last is not None)
                    if status == "failed":
                        self._show_nothing(message)

    def _show(self, tried: Tried) -> None:
        if tried.error or tried.seen is None:
            self._show_nothing(tried.error)
            return
        name = tried.file.stem if tried.file.parent == Path(self._scratch.name) else tried.file.name
        self.title.setText(f"{name}: {tried.guesses[0].label}")
        self.title.setToolTip(str(tried.file))
        self.bars.show_guesses(tried.guesses)
        self.picture.setPixmap(_pixmap(tried.seen, theme.px(_SIDE)))
        _, height, width = tried.seen.shape
        self._say(f"The picture is what the network gets: {height} × {width}.", "muted")

    def _show_nothing(self, why: str) -> None:
        """Take back what was shown of an image before, so that the sentence is not read with it."""
        self.title.setText(_TITLE)
        self.title.setToolTip("")
        self.bars.show_guesses(())
        self.picture.setText(_HINT)
        self._say(why, "error")

    def _say(self, text: str, role: str) -> None:
        self.note.setText(text)
        theme.set_role(self.note, role)

    # ------------------------------------------------------------------------------------------------------- events

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        mime = event.mimeData()
        if mime.hasUrls() or mime.hasImage() or mime.hasText():  # what cannot be tried gets a sentence
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        self._take_mime(event.mimeData())

    @override
    def done(self, result: int) -> None:
        # Esc comes here without a close event, and closing comes here too
        if self._job is not None:
            self._job.cancel()
        super().done(result)


def _pixmap(image: np.ndarray, side: int) -> QPixmap:
    """Return uint8 [C, H, W] as a picture that fits a square; small ones keep their pixels visible."""
    channels, height, width = image.shape
    if channels == 1:
        data, kind = np.ascontiguousarray(image[0]), QImage.Format.Format_Grayscale8
    else:
        data, kind = np.ascontiguousarray(image.transpose(1, 2, 0)), QImage.Format.Format_RGB888
    picture = QImage(data.data, width, height, channels * width, kind).copy()
    smooth = (
        Qt.TransformationMode.SmoothTransformation
        if max(height, width) > side / 3
        else Qt.TransformationMode.FastTransformation
    )
    return QPixmap.fromImage(picture.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, smooth))
