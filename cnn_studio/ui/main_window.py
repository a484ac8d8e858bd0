"""The main window: puts the parts together and connects them; rules live elsewhere."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QPaintEvent
from PySide6.QtWidgets import QMainWindow

from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.app.training import TrainingOutcome
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.datasets.sources import DIGIT_CLASSES, describe
from cnn_studio.engine.estimate import macs_per_second, seconds_per_epoch
from cnn_studio.engine.memory import available_memory, training_memory
from cnn_studio.ui import layout_memory, theme
from cnn_studio.ui.actions import Actions
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.drops import dropped_path, is_list
from cnn_studio.ui.file_controller import FileController
from cnn_studio.ui.insight.source import network_at_the_start, network_to_look_into
from cnn_studio.ui.insight.tab import InspectTab
from cnn_studio.ui.kept_images import KeptImages
from cnn_studio.ui.panels.run_progress import duration_text
from cnn_studio.ui.picture_controller import PictureController
from cnn_studio.ui.run_controls import RunControls
from cnn_studio.ui.run_notice import RunNotice
from cnn_studio.ui.run_tools import RunTools
from cnn_studio.ui.settings.opener import SettingsOpener
from cnn_studio.ui.status import StatusLine, bytes_text
from cnn_studio.ui.toolbar import MainToolBar
from cnn_studio.ui.torch_loader import TorchLoader
from cnn_studio.ui.training_controller import TrainingController
from cnn_studio.ui.wiring import connect_actions
from cnn_studio.ui.workspace import Workspace

if TYPE_CHECKING:
    from cnn_studio.ui.insight.page import InspectPage

_CLOSE_SECONDS = 2.0
_REFRESH_MS = 60


class MainWindow(QMainWindow):
    """The window of one project.

    Attributes:
        painted: emitted once, after the first paint.
        ready: emitted once, when torch is loaded.
    """

    painted = Signal()
    ready = Signal()

    def __init__(self, session: Session, preferences: Preferences, store: RunStore | None = None) -> None:
        super().__init__()
        self.session = session
        self.preferences = preferences
        store = store or RunStore()
        self.selection = SelectionModel(self)
        self.loader = TorchLoader(self)
        self.training = TrainingController(session, store, self)
        self.tools = RunTools(session, self.training, store, self)
        self.files = FileController(session, preferences, self, self.training.jobs)
        inspect = InspectTab(partial(self._make_inspect_page, store))
        self.workspace = Workspace(session, self.selection, store, inspect)
        self.pictures = PictureController(self.workspace.canvas, self.files, self)
        self.status = StatusLine(session)
        self.actions_ = Actions(self)
        self.runs = RunControls(self.training, self.workspace, self.actions_, self)
        self._was_painted = False
        self._load_error = ""
        self._macs_per_second: float | None = None
        # status, readiness and titles follow edits at the pace of the eye, not of the mouse
        self._refresh_timer = QTimer(self)
        self._refresh_timer.setSingleShot(True)
        self._refresh_timer.setInterval(_REFRESH_MS)
        self._refresh_timer.timeout.connect(self.refresh)
        self.setCentralWidget(self.workspace)
        self.setStatusBar(self.status)
        self.setAcceptDrops(True)
        self.toolbar = MainToolBar(self.actions_)
        self.addToolBar(self.toolbar)
        self.actions_.build_menus(self.menuBar(), self.files.new)
        self.notice = RunNotice(self.training, preferences, self)
        self.kept_images = KeptImages(self.actions_.data, preferences, self)
        self.kept_images.message.connect(self.workspace.say)
        self.settings = SettingsOpener(self)
        connect_actions(self)
        self._connect_parts()
        self.files.picture = self.workspace.canvas
        layout_memory.restore(self, self.workspace, preferences)
        self._show_project()
        if not preferences.welcomed and session.path is None:
            self.workspace.show_welcome(self.actions_.starters, self.take_tour)
            self.workspace.welcome.closed.connect(self._welcomed)
        self.workspace.enter_network()
        self.runs.refresh()

    # ------------------------------------------------------------------------------------------------- building

    def _connect_parts(self) -> None:
        session, training, space = self.session, self.training, self.workspace
        panel = space.training
        session.changed.connect(self._document_changed)
        session.replaced.connect(self._show_project)
        for signal in (session.settings_changed, session.state_changed, session.weights_changed):
            signal.connect(self._refresh_soon)
        self.loader.ready.connect(self._torch_ready)
        self.loader.failed.connect(self._torch_failed)
        for source in (self.files, self.pictures, self.tools, panel):
            source.message.connect(space.say)
        self.files.saved_changed.connect(self._saved)
        self.tools.epoch_seconds = self._epoch_seconds
        self.tools.layer_selected.connect(space.canvas.reveal)
        self.tools.block_selected.connect(space.canvas.select_block)
        self.status.problems_clicked.connect(space.show_problems)
        panel.settings_changed.connect(self._settings_edited)
        self.runs.train_pressed.connect(self._welcomed)
        panel.side.find_rate_requested.connect(self.tools.find_rate)
        panel.side.find_batch_requested.connect(self.tools.find_batch)
        panel.side.augment_requested.connect(self.tools.augment)
        self.tools.settings_changed.connect(self._settings_changed_elsewhere)
        space.source_chosen.connect(self._choose_source)
        space.load_requested.connect(self._load_data)
        space.open_requested.connect(self.files.open_kept)
        training.events.connect(panel.handle)
        training.validated.connect(space.show_predictions)
        training.tested.connect(space.show_test)
        training.progress.connect(space.data.set_loading)
        training.data_loaded.connect(self._data_loaded)
        training.data_failed.connect(self._data_failed)
        training.outcome.connect(self._run_ended)
        training.message.connect(space.say)
        training.running_changed.connect(self.refresh)

    def _make_inspect_page(self, store: RunStore) -> InspectPage:
        from cnn_studio.ui.insight.page import InspectPage  # with torch
        from cnn_studio.ui.insight.state import InsightState

        training = self.training
        state = InsightState(partial(network_to_look_into, self.session, training), training.jobs)
        return InspectPage(
            state, lambda: training.data, partial(network_at_the_start, self.session, training), store
        )

    # ------------------------------------------------------------------------------------------------- the start

    def paintEvent(self, event: QPaintEvent) -> None:
        """Begin to load torch once the window can be seen."""
        super().paintEvent(event)
        if not self._was_painted:
            self._was_painted = True
            QTimer.singleShot(0, self._after_paint)

    @Slot()
    def _after_paint(self) -> None:
        self.painted.emit()
        self.loader.start()

    @Slot(str)
    def _torch_ready(self, device: str) -> None:
        self.toolbar.show_device(device)
        if device.startswith("CPU"):
            self._macs_per_second = macs_per_second()
        self.workspace.training.activate()
        self._load_own_digits()
        self.refresh()
        self.ready.emit()

    @Slot(str)
    def _torch_failed(self, message: str) -> None:
        self._load_error = message
        self.toolbar.show_device("no PyTorch")
        self.workspace.say(message)
        self.refresh()

    # ------------------------------------------------------------------------------------------------ refreshing

    def _document_changed(self, change: object) -> None:
        self._refresh_soon()

    def _refresh_soon(self) -> None:
        if not self._refresh_timer.isActive():  # starting it again and again would starve it in a long drag
            self._refresh_timer.start()

    @Slot()
    def refresh(self) -> None:
        """Bring title, status line, actions and readiness in step with the session."""
        session, stack = self.session, self.session.stack
        self.setWindowTitle(f"{session.title}[*] – CNN Studio")
        self.setWindowModified(session.is_modified)
        self.toolbar.show_title(f"{session.document.info.name} on {_short(session.data)}")
        self.status.refresh()
        self.status.show_saved(self.files.saved_at)
        actions = self.actions_.all
        for name, label in (("undo", stack.undo_label), ("redo", stack.redo_label)):
            actions[name].setEnabled(label is not None)
            actions[name].setText(f"{name.capitalize()} {label}" if label else name.capitalize())
            actions[name].setToolTip(f"{actions[name].text()} ({actions[name].shortcut().toString()})")
        self.workspace.refresh(self.training.data)
        reason = self._why_not_ready()
        self.workspace.training.set_ready(not reason, reason, self._time_estimate())

    def _why_not_ready(self) -> str:
        """Return the sentence that says why a run cannot start, or nothing."""
        errors = [p for p in self.session.report().problems if p.severity == "error"]
        if errors:
            path, message = errors[0].path, errors[0].message
            return message if message.startswith(path) else f"{path}: {message}"
        if self._load_error:
            return self._load_error
        if not self.loader.is_ready:
            return "PyTorch is still loading; this takes a few seconds."
        if self.session.settings.start == "trained" and not len(self.session.weights):
            return "There are no trained weights to start from yet. Choose new weights under More."
        need, free = training_memory(self.session.analysis(), self.session.settings), available_memory()
        if need is not None and free is not None and need.total > free:
            return (
                f"Training would take {bytes_text(need.total)}, but {bytes_text(free)} are free. Choose a smaller batch or "
                "a smaller network."
            )
        return ""

    def _epoch_seconds(self) -> float | None:
        """Return what an epoch will take here; None while that cannot be told."""
        data, speed = self.training.data, self._macs_per_second
        if data is None or not self.loader.is_ready or speed is None:
            return None
        batch_size = self.session.settings.batch_size
        return seconds_per_epoch(self.session.analysis(), len(data.train), batch_size, speed)

    def _time_estimate(self) -> str:
        """Return what an epoch will take here, in words; nothing while that cannot be told."""
        seconds = self._epoch_seconds()
        return "" if seconds is None else f"about {duration_text(max(1.0, seconds))} an epoch"

    def _show_project(self) -> None:
        """Show a project that was just opened."""
        space = self.workspace
        space.welcome.hide()  # it speaks of the network that was open at the start
        space.training.forget_run()
        space.training.set_settings(self.session.settings)
        space.data.set_source(self.session.data)
        self.selection.clear()
        self._show_recent()
        self.refresh()
        data = self.training.data
        if data is not None:
            self.workspace.show_images(data)  # what the other network said of them goes
        elif self.loader.is_ready:
            self._load_own_digits()

    def _load_own_digits(self) -> None:
        """Load the embedded digits for a network made for them.

        One with other classes, such as ImageNet's, keeps its outputs until images are asked for.
        """
        if self.session.data.kind == "digits" and self.session.document.info.labels == DIGIT_CLASSES:
            self.training.load()

    def _saved(self) -> None:
        self._show_recent()
        self.refresh()

    def _show_recent(self) -> None:
        self.actions_.show_recent(self.preferences.recent, self.files.open)

    @Slot()
    def _welcomed(self) -> None:
        self.workspace.welcome.hide()
        self.preferences.welcomed = True
        save_preferences(self.preferences)

    # --------------------------------------------------------------------------------------------------- editing

    @Slot()
    def undo(self) -> None:
        """Take the last edit back."""
        self.session.stack.undo()

    @Slot()
    def redo(self) -> None:
        """Carry out again what was undone."""
        self.session.stack.redo()

    @Slot()
    def _settings_edited(self) -> None:
        settings = self.workspace.training.settings()
        if settings is not None:
            self.session.set_settings(settings)
        self._refresh_soon()

    @Slot(object)
    def _choose_source(self, source: DataSource) -> None:
        self._welcomed()
        self.session.set_data(source)
        self.workspace.data.set_source(source)
        self.workspace.show_data()
        self._load_data()

    @Slot(str)
    def _data_failed(self, message: str) -> None:
        """Say why, and go back to the images that are still in memory, if there are any."""
        self.workspace.data.set_error(message)
        source = self.training.loaded_source
        if source is not None and source != self.session.data:
            self.session.set_data(source)
            self.workspace.data.set_source(source)
            self.workspace.say(f"{message} The images chosen before are kept.")
            if self.training.data is not None:
                self.workspace.show_images(self.training.data)

    @Slot()
    def _load_data(self) -> None:
        if self.training.data is None:
            self.workspace.data.set_loading("Loading images", 0, 0)
        self.training.load()

    @Slot(object)
    def _data_loaded(self, data: ImageData) -> None:
        self.workspace.show_images(data)
        self.refresh()

    # --------------------------------------------------------------------------------------------------- running

    @Slot()
    def _settings_changed_elsewhere(self) -> None:
        self.workspace.training.set_settings(self.session.settings)
        self._refresh_soon()

    @Slot(object)
    def _run_ended(self, outcome: TrainingOutcome) -> None:
        self.workspace.runs_changed()
        self.workspace.training.side.show_proof(outcome.frozen_proof)
        self.refresh()

    # ------------------------------------------------------------------------------------------------ the window

    def set_theme(self, mode: theme.Mode) -> None:
        """Choose light, dark or the system's."""
        theme.manager().set_mode(mode)
        self.preferences.theme = mode
        save_preferences(self.preferences)

    @Slot()
    def take_tour(self) -> None:
        """Say what the parts of the window are for, one after the other."""
        from cnn_studio.ui.tour import Tour, stops_of

        if self.findChild(Tour) is None:
            Tour(self, stops_of(self)).begin()

    @Slot()
    def show_about(self) -> None:
        """Say which version this is, what it consists of, and under which licences."""
        from cnn_studio.ui.about_dialog import AboutDialog

        dialog = AboutDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take project files and folders of images."""
        if dropped_path(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open a project, or a folder of images as data."""
        path = dropped_path(event)
        if path is None:
            return
        event.acceptProposedAction()
        is_data = path.is_dir() or is_list(path)
        open_it = partial(self.workspace.import_data if is_data else self.files.open, path)
        QTimer.singleShot(0, open_it)  # a question must not hold up the program that was dragged from

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask about a run and unsaved changes, then end all jobs."""
        if not (self.runs.may_close() and self.files.may_leave()):
            event.ignore()
            return
        self._refresh_timer.stop()
        layout_memory.store(self, self.workspace, self.preferences)
        save_preferences(self.preferences)
        self.workspace.inspect.close_work()
        self.training.shut_down(_CLOSE_SECONDS)
        event.accept()


def _short(source: DataSource) -> str:
    return "digits" if source.kind == "digits" else Path(source.folder).name or describe(source)
