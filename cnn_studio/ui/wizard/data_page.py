"""The page of the new images: a folder, a list or a known set, and what there is in it."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.jobs import Job, JobEnded, Progress
from cnn_studio.core.errors import Cancelled
from cnn_studio.datasets.records import DataSource, SourceKind
from cnn_studio.datasets.sources import describe
from cnn_studio.transfer.advisor import LARGE_PER_CLASS, LARGE_TOTAL
from cnn_studio.ui import theme
from cnn_studio.ui.panels.class_bars import ClassBars
from cnn_studio.ui.panels.data_buttons import SourceButtons
from cnn_studio.ui.panels.data_catalogue import CataloguePage
from cnn_studio.ui.panels.data_facts import DataFacts
from cnn_studio.ui.panels.data_files import FilesPage
from cnn_studio.ui.panels.data_jobs import DataJobs
from cnn_studio.ui.panels.data_report import FindingCard, facts_lines
from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples
from cnn_studio.ui.widgets.scrolled import scrolled
from cnn_studio.ui.wizard.page import FittedArea, WizardPage, text_label
from cnn_studio.ui.wizard.state import WizardState

if TYPE_CHECKING:
    from cnn_studio.datasets.findings import Finding
    from cnn_studio.datasets.report import ImportReport

_EMPTY = (
    "Choose a folder with one folder of images per class, such as photos/ant and photos/bee. Folders named train and val "
    "above them are understood too. You can also drop a folder onto this window."
)
_NUM_PICTURES, _PICTURE_SIDE = 60, 112
_MOST_FINDINGS = 170
"""Height of the findings, in pixels; more of them scroll, so that the images stay in view."""
_PART_WORDS = {"train": "training", "val": "validation", "test": "test"}


class DataPage(WizardPage):
    """Pictures, counts and findings of the images that are to be told apart."""

    title = "Data"
    question = "What are the new images, and how many are there?"

    def __init__(self, state: WizardState, parent: QWidget | None = None) -> None:
        super().__init__(state, parent)
        self._line = state.work.line(self)
        self._line.told.connect(self._take)
        self._shown: ImportReport | None = None
        self._failed: DataSource | None = None
        self.downloads = DataJobs(self)
        self.buttons = SourceButtons()
        self.place = text_label(role="strong")
        self.facts, self.amount, self.empty = (
            text_label(role="muted"),
            text_label(),
            text_label(_EMPTY, "muted"),
        )
        self.bars = ClassBars()
        self.legend = text_label(role="small")
        self.again = QPushButton("Look again")
        self.again.setToolTip("Read the images anew, after files were added or taken away")
        self.again.clicked.connect(self.look)
        self._findings = QVBoxLayout()
        self.samples = Samples(self)
        self.pictures = ImageGrid(self.samples)
        self.pictures.setAccessibleName("Some of the images, the classes in turn")
        self.catalogue, self.files = CataloguePage(), FilesPage()
        self._stack = QStackedWidget()
        self._build()
        self._connect()

    def _build(self) -> None:
        space = theme.current().space
        self.body.addWidget(self._stack, 1)
        main = QWidget()
        column = QVBoxLayout(main)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(space.s))
        top = QHBoxLayout()
        top.addWidget(self.buttons, 1)
        top.addWidget(self.again)
        column.addLayout(top)
        column.addWidget(self.empty)
        column.addWidget(self.place)
        column.addWidget(self.facts)
        column.addWidget(self.amount)
        cards = QWidget()
        self._findings = QVBoxLayout(cards)
        self._findings.setContentsMargins(0, 0, theme.px(space.s), 0)
        self._findings.setSpacing(theme.px(space.xs))
        bars = QFrame()
        theme.set_role(bars, "card")
        inside = QVBoxLayout(bars)
        inside.setContentsMargins(*(theme.px(space.m),) * 4)
        inside.addWidget(text_label("Images per class", "caption"))
        inside.addWidget(self.legend)
        inside.addWidget(scrolled(self.bars), 1)
        below = QHBoxLayout()
        below.setSpacing(theme.px(space.m))
        below.addWidget(bars, 2)
        right = QVBoxLayout()
        self._found = FittedArea(cards, _MOST_FINDINGS)
        right.addWidget(self._found)
        right.addWidget(self.pictures, 1)
        below.addLayout(right, 3)
        self._below = QWidget()
        below.setContentsMargins(0, 0, 0, 0)
        self._below.setLayout(below)
        column.addWidget(self._below, 1)
        column.addStretch(0)
        self._stack.addWidget(main)
        self._stack.addWidget(self.catalogue)
        self._stack.addWidget(self.files)

    def _connect(self) -> None:
        self.state.changed.connect(self._changed)
        buttons, pages, jobs = self.buttons, self.catalogue, self.downloads
        buttons.folder_chosen.connect(self.take_path)
        buttons.list_chosen.connect(self.take_path)
        buttons.known_requested.connect(self._show_known)
        buttons.digits_chosen.connect(self._use_digits)
        pages.closed.connect(self._show_main)
        pages.use_requested.connect(self._use_known)
        pages.folder_requested.connect(self._ask_known)
        pages.download_requested.connect(self._download)
        pages.cancel_requested.connect(jobs.cancel_download)
        jobs.fetched.connect(pages.show_fetched)
        jobs.download_progress.connect(pages.show_progress)
        jobs.downloaded.connect(self._downloaded)
        jobs.download_failed.connect(pages.show_end)
        jobs.preview_ready.connect(self.files.show_preview)
        self.files.preview_requested.connect(jobs.preview)
        self.files.back_requested.connect(self._show_main)
        self.files.leave_out_requested.connect(self._leave_out)

    # ------------------------------------------------------------------------------------------------------ choosing

    @Slot(object)
    def take_path(self, path: Path) -> None:
        """Find out what lies at a place, and look at it."""
        self.say("")
        like = self.state.recipe.data

        def work(job: Job) -> None:
            from cnn_studio.datasets.detect import detect_source

            source = detect_source(path, like)
            job.report(source)
            _report(job, source)

        self._line.start(f"Looking at {path.name}", work)

    @Slot()
    def look(self) -> None:
        """Look at the images of now, again or for the first time."""
        self.say("")
        source = self.state.recipe.data
        self._line.start("Looking at the images", lambda job: _report(job, source))

    def _choose(self, source: DataSource) -> None:
        self._line.drop()
        self._failed = None
        self.state.choose_data(source)
        self._show_main()
        if not self._line.is_busy and self.state.report is None:
            self.look()

    @Slot()
    def _use_digits(self) -> None:
        self._choose(DataSource())

    @Slot()
    def _show_known(self) -> None:
        self._stack.setCurrentWidget(self.catalogue)
        self.downloads.list_fetched()

    @Slot()
    def _show_main(self) -> None:
        self._stack.setCurrentIndex(0)

    @Slot(str, str)
    def _use_known(self, kind: SourceKind, variant: str) -> None:
        from cnn_studio.app.places import dataset_folder

        self._choose(self._known(kind, variant, dataset_folder(kind)))

    @Slot(str, str)
    def _ask_known(self, kind: SourceKind, variant: str) -> None:
        folder = self.buttons.ask_folder("Folder of the data set")
        if folder is not None:
            self._choose(self._known(kind, variant, folder))

    def _known(self, kind: SourceKind, variant: str, folder: Path) -> DataSource:
        changes = {"kind": kind, "variant": variant, "folder": str(folder), "excluded": ()}
        return self.state.recipe.data.model_copy(update=changes)

    @Slot(str)
    def _download(self, kind: SourceKind) -> None:
        self.downloads.download(kind)

    @Slot(object)
    def _downloaded(self, source: DataSource) -> None:
        variant = self.catalogue.variant(source.kind)
        self.catalogue.show_end(is_done=True)
        self._choose(source.model_copy(update={"variant": variant}) if variant else source)

    @Slot(object)
    def _show_files(self, finding: Finding) -> None:
        report = self.state.report
        if report is not None:
            self._stack.setCurrentWidget(self.files)
            self.files.show_finding(finding, Path(report.root), can_leave_out=report.is_files)

    @Slot(tuple)
    def _leave_out(self, names: tuple[str, ...]) -> None:
        source = self.state.recipe.data
        self._choose(source.model_copy(update={"excluded": tuple(sorted({*source.excluded, *names}))}))

    @Slot()
    def _restore(self) -> None:
        self._choose(self.state.recipe.data.model_copy(update={"excluded": ()}))

    # ------------------------------------------------------------------------------------------------------- answers

    @Slot(object)
    def _take(self, event: object) -> None:
        from cnn_studio.datasets.report import ImportReport
        from cnn_studio.datasets.sample import ImageSample

        match event:
            case DataSource():
                self.state.choose_data(event)
            case JobEnded(status, message):
                self._failed = self.state.recipe.data if status != "done" else None
                if status == "failed":
                    self.say(message)
                elif status == "cancelled":
                    self.say("Cancelled before all images were looked at.", "notice")
            case ImportReport():
                self.state.set(report=event)
            case ImageSample():
                self.samples.set_images(event.images, event.labels, event.classes)
        self.show_state()

    def enter(self) -> None:
        """Show the images of now; look at them if a recipe named them."""
        self._failed = None
        self._changed()
        self.show_state()

    @Slot()
    def _changed(self) -> None:
        """Look at images that were named elsewhere, such as by a recipe."""
        state, source = self.state, self.state.recipe.data
        if state.has_data and state.report is None and not self._line.is_busy and source != self._failed:
            self.look()

    def show_state(self) -> None:
        """Bring the page in step with the state."""
        state, report = self.state, self.state.report
        self.place.setText(describe(state.recipe.data) if state.has_data else "")
        self.place.setVisible(state.has_data)
        self.empty.setVisible(not state.has_data)
        self.again.setVisible(state.has_data and not self._line.is_busy)
        for widget in (self._below, self.facts, self.amount):
            widget.setVisible(report is not None)
        if report is not None and report is not self._shown:
            self._show_report(report)
        self._shown = report
        self.answered.emit()

    def _show_report(self, report: ImportReport) -> None:
        self.facts.setText("\n".join(facts_lines(report)))
        self.amount.setText(
            size_text(dict(zip(report.classes, report.counts.get("train", ()), strict=False)))
        )
        parts = tuple((_PART_WORDS[part], sum(counts)) for part, counts in report.counts.items())
        self.legend.setText(f"From left to right: {', '.join(name for name, _ in parts)}")
        rows = tuple(zip(*report.counts.values(), strict=True))
        self.bars.show_facts(DataFacts(parts, report.classes, rows, (3, 0, 0), report.num_bytes))
        while self._findings.count():
            item = self._findings.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for finding in report.findings:
            card = FindingCard(finding)
            card.show_requested.connect(self._show_files)
            card.leave_out_requested.connect(self._leave_out)
            card.restore_requested.connect(self._restore)
            self._findings.addWidget(card)
        if not report.findings:
            self._findings.addWidget(text_label("Nothing unusual was found in these images.", "muted"))
        self._found.fit()

    def problem(self) -> str:
        """Say what is missing."""
        if not self.state.has_data:
            return "Choose images first."
        if self.state.report is None:
            return (
                "The images are being looked at."
                if self._line.is_busy
                else "Look at the images again, or choose others."
            )
        if sum(count > 0 for count in self.state.counts.values()) < 2:
            return "One class only: there is nothing to tell apart. Add a folder of another class."
        if not sum(self.state.report.counts.get("val", ())):
            return "Every class has one image only, so none can be held out for validation. Add images, or a val folder."
        return ""


def _report(job: Job, source: DataSource) -> None:
    from cnn_studio.datasets.report import make_report
    from cnn_studio.datasets.sample import sample_images

    def check() -> None:
        if job.is_cancelled:
            raise Cancelled

    job.report(sample_images(source, _NUM_PICTURES, _PICTURE_SIDE, check))

    def progress(done: int, total: int) -> None:
        job.report(Progress("Looking at the images", done, total))

    job.report(make_report(source, progress, lambda: job.is_cancelled))


def size_text(counts: dict[str, int]) -> str:
    """Return whether these are few or many training images, and where many begin."""
    full = [count for count in counts.values() if count]
    if not full:
        return ""
    total, typical = sum(full), statistics.median_low(full)
    is_large = total >= LARGE_TOTAL and typical >= LARGE_PER_CLASS
    return (
        f"{'Many' if is_large else 'Few'} images: {total:,} to learn from, {typical:,} in the middle class. Many begin at "
        f"{LARGE_TOTAL:,} with {LARGE_PER_CLASS} or more in over half of the classes; with fewer, a linear classifier on fixed "
        "features is as good as fine-tuning."
    )
