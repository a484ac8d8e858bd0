"""Try an image, or a folder of them: pick, drop or paste, and see what the network says, also while a run is paused."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, Slot
from PySide6.QtGui import (
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QImage,
    QKeySequence,
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
from cnn_studio.app.predicting import images_of
from cnn_studio.app.prediction_export import save_guesses
from cnn_studio.app.project import Project
from cnn_studio.app.trying import Tried, try_images
from cnn_studio.core.errors import StorageError
from cnn_studio.ui import theme
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.try_list import TriedList, TriedModel
from cnn_studio.ui.widgets.guess_bars import GuessBars
from cnn_studio.ui.widgets.pixels import pixmap_of
from cnn_studio.ui.widgets.taken import PastedFiles, taken_from, write_pasted

_HINT = "Drop an image or a folder here, paste an image (Ctrl+V), or open one."
_TITLE = "What does the network see?"
_SIDE = 208
_HIGH = 560  # with a list
_NAMED = 4
_ANY_WIDTH = 16_777_215  # Qt's own
_KEPT_BYTES = 200_000_000
"""Of the pictures of several images; those of more are not kept, only what was said of them."""


@dataclass(frozen=True, slots=True)
class _Found:
    """So many files are to be tried."""

    count: int


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
        self._pasted = PastedFiles("pasted")
        self.destroyed.connect(self._pasted.clean_up)
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
        self.pick.setToolTip("Open one image file, or several")
        self.pick.clicked.connect(self._ask)
        self.folder = QPushButton("Folder…")
        self.folder.setToolTip("Try every image in a folder and the folders in it")
        self.folder.clicked.connect(self._ask_folder)
        self.save = QPushButton("Save CSV…")
        self.save.setToolTip("Save what was said of each image as a table")
        self.save.clicked.connect(self._ask_save)
        self.several = TriedModel(self)
        self.list = TriedList(self.several)
        self.list.chosen.connect(self._show)
        self.list.setMinimumHeight(theme.px(120))
        self._kept = 0
        self._show_list(False)
        self.again = QPushButton("Try again")
        self.again.setToolTip("Ask the network as it is now, after more training for instance")
        self.again.setEnabled(False)
        self.again.clicked.connect(self._again)
        QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self, self._paste)
        right = QVBoxLayout()
        right.addWidget(self.title)
        right.addWidget(self.bars, 1)
        self._row = QHBoxLayout()
        self._row.setSpacing(theme.px(theme.current().space.l))
        self._row.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        self._row.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button in (self.again, self.save, self.folder, self.pick):
            buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setSpacing(theme.px(theme.current().space.m))
        layout.addLayout(self._row, 1)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.note)
        layout.addLayout(buttons)
        self.resize(theme.px(580), theme.px(300))

    # ---------------------------------------------------------------------------------------------------- choosing

    @Slot()
    def _ask(self) -> None:
        names, _ = QFileDialog.getOpenFileNames(
            self, "Images to try", str(self._last.parent) if self._last else ""
        )
        if names:
            self.try_paths([Path(name) for name in names])

    @Slot()
    def _ask_folder(self) -> None:
        name = QFileDialog.getExistingDirectory(
            self, "Folder of images to try", str(self._last.parent) if self._last else ""
        )
        if name:
            self.try_paths([Path(name)])

    @Slot()
    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save what was said", "predictions.csv", "Tables (*.csv)")
        if name:
            self.save_list(Path(name))

    def save_list(self, path: Path) -> None:
        """Save what was said of each image of the list as a CSV file."""
        try:
            save_guesses(path, self.several.tried)
        except StorageError as error:
            self._say(str(error), "error")
            return
        self._say(f"Saved to {path}.", "muted")

    @Slot()
    def _paste(self) -> None:
        self._take_mime(QGuiApplication.clipboard().mimeData())

    def _take_mime(self, mime: QMimeData) -> None:
        found = taken_from(mime)
        if found.files:
            self.try_paths(found.files)
        elif found.picture is not None:
            self.try_file(self._pasted.new(), found.picture)
        else:
            self._say(found.sentence, "warning")

    @Slot()
    def _again(self) -> None:
        if self._last is not None:
            self.try_file(self._last)

    def renew(self) -> None:
        """Take back what another network said: a single image is asked about again, a list goes."""
        if self._job is not None:
            self._job.cancel()
        if self._bridge.is_watching:
            self._bridge.unwatch()
        was_list = self._is_list
        self.several.clear()
        self._show_list(False)
        self._show_nothing("")
        self._say("", "muted")
        if self._last is not None and not was_list:
            self.try_file(self._last)

    def try_paths(self, paths: Sequence[Path]) -> None:
        """Ask the network about image files and all images in folders; of more than one file there is a list."""
        if len(paths) == 1 and not paths[0].is_dir():
            self.try_file(paths[0])
            return

        def work(job: Job, project: Project) -> None:
            files = images_of(paths)
            job.report(_Found(len(files)))
            try_images(project, files, job.report, lambda: job.is_cancelled)

        self.several.clear()
        self._kept = 0
        self._begin("Trying images", work, is_list=True)

    def try_file(self, file: Path, image: QImage | None = None) -> None:
        """Ask the network about an image file; the answer comes from a job.

        Args:
            file: the image.
            image: what to write there first, for one that is no file yet.
        """

        def work(job: Job, project: Project) -> None:
            if image is not None:
                write_pasted(image, file)
            try_images(project, [file], job.report, lambda: job.is_cancelled)

        if self._begin("Trying an image", work):
            self._last = file

    def _begin(self, title: str, work: Callable[[Job, Project], None], *, is_list: bool = False) -> bool:
        """Start a job with the network of now in place of the one before; return whether there is a network."""
        project = self._source()
        if project is None:
            self._say(
                "There is no trained network to try yet. Train it, or pause a run after its first epochs.",
                "warning",
            )
            return False
        self.again.setEnabled(False)  # until the file is written and read
        self._show_list(is_list)
        if self._job is not None:
            self._job.cancel()
        self._job = Job(title, lambda job: work(job, project))
        self._bridge.watch(self._job.mailbox)
        self._jobs.start(self._job)
        return True

    def _show_list(self, is_list: bool) -> None:
        self._is_list = is_list
        self.list.setVisible(is_list)
        if is_list and self.isWindow():
            self.resize(self.width(), max(self.height(), theme.px(_HIGH)))
        self.save.setVisible(is_list)
        self._num_files = 0

    # ------------------------------------------------------------------------------------------------------ answers

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        if self._is_list:
            self._add([event for event in events if isinstance(event, Tried)])
        for event in events:
            match event:
                case _Found(count):
                    self._num_files = count
                case Tried() if not self._is_list:
                    self._show(event)
                case JobEnded(status, message):
                    if self._bridge.is_watching:
                        self._bridge.unwatch()
                    self.again.setEnabled(self._last is not None and not self._is_list)
                    if status == "failed":
                        self._show_nothing(message)

    def _add(self, found: list[Tried]) -> None:
        """Add what was tried to the list, and show the first of all."""
        if not found:
            return
        is_first = not self.several.tried
        kept = []
        for tried in found:
            size = tried.seen.nbytes if tried.seen is not None else 0
            self._kept += size
            kept.append(tried if self._kept <= _KEPT_BYTES else replace(tried, seen=None))
        self.several.add(kept)
        self.list.fit_columns(grow_only=not is_first)
        if is_first:
            self.list.selectRow(0)
        self._say(count_text(self.several.tried, self._num_files), "muted")

    @Slot(object)
    def _show(self, tried: Tried) -> None:
        if tried.error or not tried.guesses:
            self._show_nothing(tried.error)
            return
        name = tried.file.stem if self._pasted.holds(tried.file) else tried.file.name
        self.title.setText(f"{name}: {tried.guesses[0].label}")
        self.title.setToolTip(str(tried.file))
        self.bars.show_guesses(tried.guesses)
        self._share_room(has_answer=True)
        if tried.seen is None:
            self.picture.setText(
                "Of so many images the pictures are not kept. Open this one alone to see it."
            )
        else:
            self.picture.setPixmap(pixmap_of(tried.seen, theme.px(_SIDE)))
        if not self._is_list and tried.seen is not None:
            _, height, width = tried.seen.shape
            self._say(f"The picture is what the network gets: {height} × {width}.", "muted")

    def _show_nothing(self, why: str) -> None:
        """Take back what was shown of an image before, so that the sentence is not read with it."""
        self.title.setText(_TITLE)
        self.title.setToolTip("")
        self.bars.show_guesses(())
        self._share_room(has_answer=False)
        self.picture.setText(_HINT)
        if why:
            self._say(why, "error")

    def _share_room(self, *, has_answer: bool) -> None:
        """Give the sentence the whole row where neither an answer nor a title stands beside it."""
        alone = not has_answer and self.title.isHidden()
        self.bars.setVisible(not alone)
        self._row.setStretch(0, int(alone))
        self._row.setStretch(1, int(not alone))
        self.picture.setMinimumWidth(theme.px(_SIDE))
        self.picture.setMaximumWidth(_ANY_WIDTH if alone else theme.px(_SIDE))

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


def count_text(tried: Sequence[Tried], total: int) -> str:
    """Return how many images were tried, and how many each class got, the commonest first."""
    counts = Counter(one.guesses[0].label for one in tried if one.guesses)
    common = ", ".join(f"{label} ({count:,})" for label, count in counts.most_common(_NAMED))
    rest = f" and {len(counts) - _NAMED:,} more classes" if len(counts) > _NAMED else ""
    bad = sum(1 for one in tried if one.error)
    broken = f"; {bad:,} cannot be read" if bad else ""
    done = f"{len(tried):,} of {total:,}" if total > len(tried) else f"{len(tried):,}"
    return f"{done} images: {common}{rest}{broken}"
