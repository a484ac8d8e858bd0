"""New, open, save and recent projects, and the question about unsaved changes."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QObject, Qt, Signal, Slot
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from cnn_studio.app.exporting import export_weights
from cnn_studio.app.importing import OpenedNetwork
from cnn_studio.app.jobs import JobList
from cnn_studio.app.kept_versions import keep_version, list_versions
from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.app.project import (
    SUFFIX,
    Project,
    at_full_speed,
    load_project,
    save_project,
    starter_project,
)
from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.network_browser import NetworkBrowser
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.waiting import run_waiting

_FILTER = f"CNN Studio projects (*{SUFFIX})"
_THUMBNAIL = 320


class FileController(QObject):
    """Moves projects between the session and the disk.

    Attributes:
        message: emitted with a sentence when something was refused.
        saved_changed: emitted when a file was opened or saved.
    """

    message = Signal(str)
    saved_changed = Signal()

    def __init__(
        self, session: Session, preferences: Preferences, window: QWidget, jobs: JobList | None = None
    ) -> None:
        """Make a controller; `jobs` is where it starts its own."""
        super().__init__(window)
        self._jobs = jobs or JobList()
        self._session = session
        self._preferences = preferences
        self._window = window
        self.picture: QWidget | None = None  # what the thumbnail shows
        self.saved_at: datetime | None = None

    def new(self, starter: str) -> None:
        """Open a starter network as a new project."""
        if self.may_leave():
            self._session.replace(at_full_speed(starter_project(find_starter(starter))))
            self.saved_at = None
            self.saved_changed.emit()

    @Slot()
    def new_empty(self) -> None:
        """Open a project without a layer."""
        if self.may_leave():
            self._session.replace(at_full_speed(Project(NetworkDocument())))
            self.saved_at = None
            self.saved_changed.emit()

    def browse_networks(self) -> None:
        """Let the user choose a network of torchvision or timm."""
        browser = NetworkBrowser(self._jobs, self._window)
        browser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        browser.opened.connect(self.take_network)
        browser.open()

    @Slot(object)
    def take_network(self, opened: OpenedNetwork) -> None:
        """Open a library's network as a new project, and say what one should know of it."""
        if not self.may_leave():
            return
        self._session.replace(at_full_speed(opened.project))
        self.saved_at = None
        self.saved_changed.emit()
        if opened.notes:
            self.message.emit(" ".join(opened.notes))

    def ask_open(self) -> None:
        """Let the user choose a project and open it."""
        if not self.may_leave():
            return
        name, _ = QFileDialog.getOpenFileName(self._window, "Open project", str(self._folder()), _FILTER)
        if name:
            self._open(Path(name))

    def open(self, path: Path) -> None:
        """Open a project, asking about unsaved changes first."""
        if self.may_leave():
            self._open(path)

    def open_kept(self, path: Path) -> None:
        """Open the network of a kept run as a new project: saving it must not change what the run keeps."""
        if not self.may_leave():
            return
        try:
            self._session.replace(self._read(path))
        except StudioError as error:
            self.message.emit(str(error))
            return
        self.saved_at = None
        self.saved_changed.emit()

    def _open(self, path: Path) -> None:
        try:
            self._session.replace(self._read(path), path)
        except StudioError as error:
            self.message.emit(str(error))
            return
        self.saved_at = None
        self._remember(path)

    def save(self) -> bool:
        """Save to the project's file, asking for one if there is none; return whether it was saved."""
        return self._save(self._session.path) if self._session.path else self.save_as()

    def save_as(self) -> bool:
        """Let the user choose a file and save to it; return whether it was saved."""
        suggestion = self._session.path or self.suggestion(SUFFIX)
        name, _ = QFileDialog.getSaveFileName(self._window, "Save project", str(suggestion), _FILTER)
        if not name:
            return False
        path = Path(name)
        if path.suffix != SUFFIX:
            path = path.with_name(path.name + SUFFIX)
            if path.exists() and not self._may_overwrite(path):
                return False
        return self._save(path)

    def _may_overwrite(self, path: Path) -> bool:
        """Ask about a name that the dialog could not see, because it had no ending yet."""
        answer = QMessageBox.question(
            self._window, "Save project", f"{path.name} exists already. Replace it?"
        )
        return answer == QMessageBox.StandardButton.Yes

    def _save(self, path: Path) -> bool:
        if path == self._session.path and self._session.changed_elsewhere:
            match self._ask_about_changed(path):
                case "other":
                    return self.save_as()
                case "none":
                    return False
        try:
            self._session.save(path, self._thumbnail(), self._write)
        except StudioError as error:
            self.message.emit(str(error))
            return False
        self.saved_at = datetime.now()
        self._remember(path)
        return True

    def _ask_about_changed(self, path: Path) -> Literal["this", "other", "none"]:
        """Ask where to save when somebody else has written the file since it was opened."""
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setWindowTitle("Save project")
        box.setText(f"{path.name} was changed by another window or program since it was opened here.")
        box.setInformativeText(
            "Saving over it keeps what is there now under File > Earlier versions; another name keeps both."
        )
        over = box.addButton("Save over it", QMessageBox.ButtonRole.DestructiveRole)
        other = box.addButton("Save as…", QMessageBox.ButtonRole.AcceptRole)
        box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(other)
        box.exec()
        clicked = box.clickedButton()
        return "this" if clicked is over else "other" if clicked is other else "none"

    def _write(self, path: Path, project: Project) -> None:
        def work() -> None:
            keep_version(path)
            save_project(path, project)

        run_waiting(self._window, f"Saving {path.name}", work)

    def fill_versions(self, menu: QMenu) -> None:
        """List the earlier versions of the project's file; one that is chosen opens as a new project."""
        menu.clear()
        path = self._session.path
        for version in list_versions(path) if path is not None else ():
            when = datetime.fromtimestamp(version.seconds)
            action = menu.addAction(f"{when:%d %B %Y, %H:%M:%S}    {bytes_text(version.num_bytes)}")
            action.triggered.connect(partial(self.open_kept, version.file))
        if menu.isEmpty():
            text = "None yet: the first save over a file keeps one" if path else "Not saved yet"
            menu.addAction(text).setEnabled(False)

    def _read(self, path: Path) -> Project:
        return run_waiting(self._window, f"Opening {path.name}", partial(load_project, path))

    @Slot()
    def ask_export_weights(self) -> None:
        """Let the user choose a file and write the weights to it."""
        suggestion = self.suggestion(".safetensors")
        kinds = "Weights (*.safetensors *.pt *.pth *.npz)"
        name, _ = QFileDialog.getSaveFileName(self._window, "Export weights", str(suggestion), kinds)
        if name:
            path = Path(name)
            self.export_weights_to(path if path.suffix else path.with_suffix(".safetensors"))

    def export_weights_to(self, path: Path) -> None:
        """Write the weights to a file and say how it went."""
        project = self._session.snapshot()
        try:
            done = run_waiting(self._window, f"Writing {path.name}", partial(export_weights, project, path))
        except StudioError as error:
            self.message.emit(str(error))
            return
        drawn = done.tensors - done.trained
        untrained = (
            f"; {drawn} of them are first weights, because the project has no trained ones" if drawn else ""
        )
        self.message.emit(f"{path}: {done.tensors} tensors{untrained}.")

    def may_leave(self) -> bool:
        """Ask what to do with unsaved changes, if there are any; return whether to go on."""
        if not self._session.is_modified:
            return True
        box = QMessageBox(self._window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setWindowTitle("Unsaved changes")
        box.setText(f"Save the changes to {self._session.title}?")
        box.setInformativeText("They are lost otherwise.")
        buttons = QMessageBox.StandardButton
        box.setStandardButtons(buttons.Save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(buttons.Save)
        answer = box.exec()
        if answer == buttons.Save:
            return self.save()
        return bool(answer == buttons.Discard)

    def _remember(self, path: Path) -> None:
        self._preferences.remember(path)
        save_preferences(self._preferences)
        self.saved_changed.emit()

    def suggestion(self, suffix: str) -> Path:
        """Return where a file that is made of the project would go, with the project's name."""
        return self._folder() / f"{_file_name(self._session.title)}{suffix}"

    def _folder(self) -> Path:
        if self._session.path is not None:
            return self._session.path.parent
        recent = [Path(name).parent for name in self._preferences.recent]
        return next((folder for folder in recent if folder.is_dir()), Path.home())

    def _thumbnail(self) -> bytes:
        if self.picture is None or not self.picture.isVisible():
            return b""
        picture: QPixmap = self.picture.grab().scaled(
            _THUMBNAIL,
            _THUMBNAIL,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        content = QByteArray()
        buffer = QBuffer(content)
        buffer.open(QIODevice.OpenModeFlag.WriteOnly)
        picture.save(buffer, "PNG")
        return bytes(content.data())


def _file_name(title: str) -> str:
    """Return a title as a file name that every system takes."""
    kept = "".join(c if c.isalnum() or c in " -_." else "-" for c in title).strip(" .")
    return kept or "network"
