"""The Data tab: which images there are, how they are divided, and how some of them look."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QFontMetrics, QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QLabel,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.app.places import dataset_folder
from cnn_studio.app.session import Session
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.records import DataSource, ImageData, SourceKind
from cnn_studio.datasets.sources import describe
from cnn_studio.graph.records import explain
from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_buttons import SourceButtons, dropped_data
from cnn_studio.ui.panels.data_jobs import DataJobs, Whereabouts
from cnn_studio.ui.panels.data_split import SplitForm
from cnn_studio.ui.panels.data_state import DataState
from cnn_studio.ui.widgets.strip import MessageStrip, Strip

if TYPE_CHECKING:
    from cnn_studio.ui.panels.data_catalogue import CataloguePage
    from cnn_studio.ui.panels.data_view import DataView

_SIDE = 352
_CLOSE_SECONDS = 1.0


class DataPanel(QWidget):
    """Chooses the source and shows what was loaded; files are read in jobs alone.

    Attributes:
        source_chosen: emitted with the `DataSource` that the user chose.
        load_requested: the user wants the images to be loaded.
        missing: emitted with the `DataSource` whose folder or file is not there (any more).
    """

    source_chosen = Signal(object)
    load_requested = Signal()
    missing = Signal(object)

    def __init__(self, session: Session, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._source = session.data
        self._loaded_size: tuple[int, ...] | None = None
        self._wants_report = False
        self._given: tuple[str, ...] = ()
        self._name = QLabel()
        self._name.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(self._name, "strong")
        self.state = DataState()
        self.state.load_requested.connect(self.load_requested)
        self.buttons = SourceButtons()
        self.split = SplitForm()
        self.split.changed.connect(self._choose)
        self._view: DataView | None = None
        self._waiting = QWidget()
        self.jobs = DataJobs(self)
        self._catalogue: CataloguePage | None = None
        self.lost = Strip("notice")
        self.lost.hide()
        self.locate_button = self.lost.add_button(
            "Locate…", "Choose the place where these images are now; all settings stay", self.locate
        )
        self.note = MessageStrip()
        self.setAcceptDrops(True)
        self._build()
        self._connect()
        self._take_theme()
        theme.manager().changed.connect(self._take_theme)
        session.settings_changed.connect(self._follow)
        session.replaced.connect(self._look_for_folder)
        session.changed.connect(self._document_changed)
        self._look_for_folder()

    def _build(self) -> None:
        space = theme.current().space
        side = QWidget()
        column = QVBoxLayout(side)
        column.setContentsMargins(*(theme.px(n) for n in (space.l, space.m, space.m, space.s)))
        column.setSpacing(theme.px(space.s))
        column.addWidget(self._name)
        buttons = self.buttons
        buttons.digits_chosen.connect(self._choose_digits)
        buttons.known_requested.connect(self._show_catalogue)
        buttons.folder_chosen.connect(self.take_path)
        buttons.list_chosen.connect(self._take_list)
        column.addWidget(buttons)
        column.addWidget(self.state)
        column.addWidget(self.split)
        column.addStretch(1)
        splitter = self._splitter = QSplitter(Qt.Orientation.Horizontal)
        self._side = scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidgetResizable(True)
        scroll.setWidget(side)
        splitter.addWidget(scroll)
        splitter.addWidget(self._waiting)
        splitter.setHandleWidth(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.lost)
        layout.addWidget(self.note)
        layout.addWidget(splitter, 1)

    def _connect(self) -> None:
        self.jobs.downloaded.connect(self._downloaded)
        self.jobs.detected.connect(self._take_detected)
        self.jobs.refused.connect(self._refuse)
        self.jobs.found.connect(self._looked)

    @property
    def view(self) -> DataView:
        """What is known of the images, made when it is first wanted: the start of the program need not wait for it."""
        if self._view is None:
            from cnn_studio.ui.panels.data_view import DataView

            view, jobs = DataView(), self.jobs
            self._view = view
            jobs.report_progress.connect(view.report.show_progress)
            jobs.report_ready.connect(view.show_report)
            jobs.report_failed.connect(view.report.show_error)
            jobs.preview_ready.connect(view.files.show_preview)
            view.files.preview_requested.connect(jobs.preview)
            view.files.leave_out_requested.connect(self._leave_out)
            view.report.leave_out_requested.connect(self._leave_out)
            view.report.restore_requested.connect(self._restore)
            view.report.start_requested.connect(self._start_report)
            view.report.cancel_requested.connect(jobs.cancel_report)
            self._splitter.replaceWidget(self._splitter.indexOf(self._waiting), view)
            self._waiting.deleteLater()
            view.show()
        return self._view

    @property
    def catalogue(self) -> CataloguePage:
        """The known sets, made when they are first wanted, as `view` is."""
        if self._catalogue is None:
            from cnn_studio.ui.panels.data_catalogue import CataloguePage

            page = self._catalogue = CataloguePage()
            jobs = self.jobs
            jobs.download_progress.connect(page.show_progress)
            jobs.download_failed.connect(page.show_end)
            jobs.fetched.connect(page.show_fetched)
            page.download_requested.connect(jobs.download)
            page.cancel_requested.connect(jobs.cancel_download)
            page.use_requested.connect(self._use_fetched)
            page.folder_requested.connect(self._ask_known)
            page.closed.connect(self.view.show_images_page)
        return self._catalogue

    def _take_theme(self) -> None:
        self._side.setFixedWidth(theme.px(_SIDE))
        self._show_source()

    # ----------------------------------------------------------------------------------------------------- states

    @property
    def source(self) -> DataSource:
        """The source that is shown."""
        return self._source

    def set_source(self, source: DataSource) -> None:
        """Show another source; what was loaded of the one before goes away."""
        if source == self._source:
            return
        has_moved = source.folder != self._source.folder
        self._source = source
        self._loaded_size = None
        self._wants_report = False
        self._given = self._given if not has_moved and source.kind == self._source.kind else ()
        self.jobs.drop_report()
        self.state.show_empty()
        self.view.clear()
        self.view.forget_report()
        self._show_source()
        self._look_for_folder()

    def set_loading(self, text: str, done: int, total: int) -> None:
        """Show how far the loading is: `done` of `total`, or no number where `total` is 0."""
        if self._loaded_size is None:
            self.view.clear()  # an error of before is no longer true
        self.state.show_loading(text, done, total)

    def set_data(self, data: ImageData) -> None:
        """Show loaded images."""
        facts = self.view.show_data(data)
        self._loaded_size = facts.image
        self._given = data.given
        self.lost.hide()
        self.split.show_source(self._source, data.given)
        self.state.show_facts(facts, len(data.skipped))
        self._check_size()
        self._wants_report = True
        self._report_if_seen()

    def set_error(self, message: str) -> None:
        """Say why the images could not be loaded."""
        self._loaded_size = None
        self.view.show_error(message)
        self.state.show_error()
        self._look_for_folder()

    def _show_source(self) -> None:
        text = describe(self._source)
        space = theme.current().space
        metrics = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
        room = theme.px(_SIDE) - theme.px(space.l) - theme.px(space.m) - theme.px(space.scroll_bar)
        self._name.setText(metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room))
        self._name.setToolTip(text)
        self.buttons.set_near(self._source.folder)
        self.split.show_source(self._source, self._given)

    @Slot()
    def _follow(self) -> None:
        self.set_source(self._session.data)

    def _document_changed(self, change: object) -> None:
        self._check_size()

    def _check_size(self) -> None:
        """Say so when the network's input is no longer as large as the images that are shown."""
        if self._loaded_size is None:
            return
        for layer in self._session.document.layers.values():
            if layer.type == "input":
                size = tuple(layer.params[key] for key in ("channels", "height", "width"))
                self.state.show_other_size(None if size == self._loaded_size else size)
                return

    # ----------------------------------------------------------------------------------------------------- choices

    @Slot(object)
    def _choose(self, source: DataSource) -> None:
        self.source_chosen.emit(source)

    @Slot()
    def _choose_digits(self) -> None:
        self.view.show_images_page()
        self._choose(
            self._source.model_copy(update={"kind": "digits", "variant": "", "folder": "", "excluded": ()})
        )

    @Slot()
    def _show_catalogue(self) -> None:
        self.view.show_catalogue(self.catalogue)
        self.jobs.list_fetched()

    @Slot(str, str)
    def _ask_known(self, kind: SourceKind, variant: str) -> None:
        path = self.buttons.ask_folder(f"Folder with {SOURCES[kind].title}")
        if path is not None:
            self._take(path, kind, variant)

    @Slot(object)
    def _take_list(self, path: Path) -> None:
        self._take(path, "csv")

    @Slot(object)
    def take_path(self, path: Path) -> None:
        """Find out what a folder or a list is, and choose it; a sentence says so where it cannot be read."""
        self.jobs.detect(path, self._source)

    @Slot(object)
    def _take_detected(self, source: DataSource) -> None:
        self.view.show_images_page()
        self._choose(source)

    @Slot(str)
    def _refuse(self, message: str) -> None:
        self.note.show_message(message)  # what was loaded before stays

    def _take(self, path: Path, kind: SourceKind, variant: str = "") -> None:
        """Choose a place of which it is known what it holds."""
        record = self._source.model_dump() | {
            "kind": kind,
            "variant": variant,
            "folder": str(path),
            "excluded": (),
        }
        try:
            source = DataSource.model_validate(record)
        except ValidationError as error:
            self._refuse(f"{path} cannot be chosen: {explain(error)}.")
            return
        self.view.show_images_page()
        self._choose(source)

    @Slot(str, str)
    def _use_fetched(self, kind: SourceKind, variant: str) -> None:
        self._take(dataset_folder(kind), kind, variant)

    @Slot(object)
    def _downloaded(self, source: DataSource) -> None:
        variant = self.catalogue.variant(source.kind)
        self.catalogue.show_end(is_done=True)
        if self.view.is_catalogue_shown:  # otherwise the user has gone on to something else
            self._take(Path(source.folder), source.kind, variant)

    @Slot(tuple)
    def _leave_out(self, names: tuple[str, ...]) -> None:
        excluded = tuple(sorted({*self._source.excluded, *names}))
        self._choose(self._source.model_copy(update={"excluded": excluded}))

    @Slot()
    def _restore(self) -> None:
        self._choose(self._source.model_copy(update={"excluded": ()}))

    # ----------------------------------------------------------------------------------------------------- the report

    @Slot()
    def _start_report(self) -> None:
        self._wants_report = False
        self.view.report.show_progress(0, 0)
        self.jobs.make_report(self._source)

    def put_off_report(self) -> None:
        """Leave the machine to training: a report that is being made begins anew when the tab is shown next."""
        if self.jobs.is_reporting:
            self.jobs.drop_report()
            self.view.report.show_nothing()
            self._wants_report = True

    def _report_if_seen(self) -> None:
        """Look at the images as soon as somebody may look at the result: training needs the machine otherwise."""
        if self._wants_report and self.isVisible() and not self.jobs.is_reporting:
            self._start_report()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.view.show()  # makes it where it is not there yet
        self._report_if_seen()

    @override
    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        if not self.window().isVisible():  # the window is closing
            if self.jobs.is_reporting:
                self._wants_report = True
            self.jobs.shut_down(_CLOSE_SECONDS)

    # ----------------------------------------------------------------------------------------------- a moved folder

    @Slot()
    def _look_for_folder(self) -> None:
        if self._source.folder:
            self.jobs.look_for(self._source)
        else:
            self.lost.hide()

    @Slot(object)
    def _looked(self, found: Whereabouts) -> None:
        if found.source.folder != self._source.folder:
            return
        self.lost.setVisible(not found.is_there)
        if not found.is_there:
            self.lost.label.setText(
                f"The images of this project are no longer at {self._source.folder}. Locate them, or choose others."
            )
            self.missing.emit(self._source)

    @Slot()
    def locate(self) -> None:
        """Ask where the images of the project are now; everything else about them stays."""
        ask = self.buttons.ask_list if self._source.kind == "csv" else self.buttons.ask_folder
        path = ask("Where are the images now?")
        if path is not None:
            self._choose(self._source.model_copy(update={"folder": str(path)}))

    # --------------------------------------------------------------------------------------------------------- drops

    @override
    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if dropped_data(event.mimeData()) is not None:
            event.acceptProposedAction()

    @override
    def dropEvent(self, event: QDropEvent) -> None:
        path = dropped_data(event.mimeData())
        if path is not None:
            event.acceptProposedAction()
            self.take_path(path)
