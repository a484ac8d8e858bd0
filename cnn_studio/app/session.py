"""The project that is open: document, undo stack, shapes, data source, settings, weights and file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from psygnal import Signal

from cnn_studio.app.project import Project, at_full_speed, load_project, save_project, starter_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.commands import CommandStack
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.analysis import Analysis, analyse
from cnn_studio.graph.checks import fit_output
from cnn_studio.graph.commands import AnyCommand, Macro, SetInfo
from cnn_studio.graph.document import DocumentChange, NetworkDocument
from cnn_studio.graph.problems import Fix
from cnn_studio.graph.shapes import ShapeEngine, ShapeReport
from cnn_studio.graph.starters import find_starter

DEFAULT_STARTER = "lenet5"


class Session:
    """One open project.

    Attributes:
        view: how the canvas shows the network; the canvas sets it, it is saved along, and it is no edit.
        changed: emitted with a `DocumentChange` after each edit of the document.
        replaced: emitted after another project was opened; document and stack are then other objects.
        settings_changed: emitted after training settings or the data source changed.
        state_changed: emitted when the file or the saved state changed.
        weights_changed: emitted after a run left new weights.
    """

    changed = Signal(DocumentChange)
    replaced = Signal()
    settings_changed = Signal()
    state_changed = Signal()
    weights_changed = Signal()

    def __init__(self, project: Project | None = None) -> None:
        self._take(project or at_full_speed(starter_project(find_starter(DEFAULT_STARTER))), None)

    def _take(self, project: Project, path: Path | None) -> None:
        self.document = project.document
        self.stack: CommandStack[NetworkDocument] = CommandStack(self.document)
        self._shapes = ShapeEngine(self.document)
        self._analysis: Analysis | None = None
        self.settings = project.settings
        self.data = project.data
        self.weights = project.weights
        self.view = project.view
        self.path = path
        self._file_state = _state_of(path)
        self._extras_modified = False
        self.document.changed.connect(self._pass_on)
        self.stack.changed.connect(self._note_stack)

    def _pass_on(self, change: DocumentChange) -> None:
        self.changed.emit(change)

    def _note_stack(self) -> None:
        self.state_changed.emit()

    def replace(self, project: Project, path: Path | None = None) -> None:
        """Open another project in place of this one; unsaved changes are the caller's business."""
        self.document.changed.disconnect(self._pass_on)
        self.stack.changed.disconnect(self._note_stack)
        self._take(project, path)
        self.replaced.emit()
        self.settings_changed.emit()
        self.state_changed.emit()

    def open(self, path: Path) -> None:
        """Open a project file.

        Raises:
            FileFormatError: it cannot be read; the present project stays.
        """
        self.replace(load_project(path), path)

    def save(
        self, path: Path, thumbnail: bytes = b"", write: Callable[[Path, Project], None] = save_project
    ) -> None:
        """Save to a file, which then is the project's.

        Args:
            path: the file.
            thumbnail: a picture of the network as PNG bytes.
            write: writes a snapshot of the project; the window passes one that waits without standing still.

        Raises:
            StorageError: it cannot be written; the project stays modified.
        """
        write(path, self.snapshot(thumbnail))
        self.path = path
        self._file_state = _state_of(path)
        self._extras_modified = False
        self.stack.mark_clean()

    def snapshot(self, thumbnail: bytes = b"") -> Project:
        """Return the project as it is now, safe to hand to another thread."""
        return Project(self.document.copy(), self.data, self.settings, self.weights, thumbnail, self.view)

    @property
    def changed_elsewhere(self) -> bool:
        """Whether the project's file is another one than was opened or saved here; one that is gone is not."""
        state = _state_of(self.path)
        return state is not None and state != self._file_state

    @property
    def is_modified(self) -> bool:
        """Whether there is something to save."""
        return self._extras_modified or not self.stack.is_clean

    @property
    def title(self) -> str:
        """The file's name, or the network's where there is no file yet."""
        return self.path.stem if self.path else self.document.info.name

    def report(self) -> ShapeReport:
        """Return shapes and problems of the document as it is now."""
        return self._shapes.report()

    def analysis(self) -> Analysis:
        """Return parameters, costs and receptive fields of the document as it is now."""
        report = self.report()
        if self._analysis is None or self._analysis.report is not report:
            self._analysis = analyse(report)
        return self._analysis

    def push(self, command: AnyCommand) -> None:
        """Carry out an edit as one undo step.

        Raises:
            StudioError: the document refused it and is unchanged.
        """
        self.stack.push(command)

    def apply_fix(self, fix: Fix) -> None:
        """Carry out a fix of a problem as one undo step.

        Raises:
            StudioError: the document refused it and is unchanged.
        """
        self.stack.seal()
        self.stack.push(fix.command)
        self.stack.seal()

    def set_settings(self, settings: TrainSettings) -> None:
        """Change the training settings."""
        if settings != self.settings:
            self.settings = settings
            self._touch(self.settings_changed.emit)

    def set_data(self, source: DataSource) -> None:
        """Choose other images; class names follow once they are loaded, see `adopt_classes`."""
        if source != self.data:
            self.data = source
            self._touch(self.settings_changed.emit)

    def adopt_classes(self, classes: tuple[str, ...]) -> str | None:
        """Take over the class names of the data, and give the last layer one unit per class.

        Returns:
            The path of the layer that was widened or narrowed, or None. Both are one undo step.
        """
        if classes == self.document.info.labels:
            return None
        change = fit_output(self.document, len(classes))
        labels = SetInfo(labels=classes)
        commands = (labels,) if change is None else (labels, change)
        self.push(Macro(text="fit the classes of the data", commands=commands))
        return None if change is None else self.document.layer(change.id).path

    def adopt_weights(self, project: Project) -> None:
        """Take over the weights and the measured normalisation of a finished run on this document."""
        self.weights = project.weights
        present, run = self.document.info.preprocessing, project.document.info.preprocessing
        if present.measured and (present.mean, present.std) != (run.mean, run.std):
            # measured values are no edit: undo must not take them away from the weights they belong to
            self.document.change_info(
                preprocessing=present.model_copy(update={"mean": run.mean, "std": run.std})
            )
        self._touch(self.weights_changed.emit)

    @property
    def has_fitting_weights(self) -> bool:
        """Whether the trained weights fit the network as it is now."""
        return len(self.weights) > 0 and not self.weights.misfits(self.report())

    def clear_weights(self) -> None:
        """Forget the trained weights."""
        if len(self.weights):
            self.weights = WeightSet()
            self._touch(self.weights_changed.emit)

    def _touch(self, emit: Callable[[], None]) -> None:
        self._extras_modified = True
        emit()
        self.state_changed.emit()


def _state_of(path: Path | None) -> tuple[int, int, int] | None:
    """Return what changes with a file: its number on the disk, its time and its size; None where there is none."""
    if path is None:
        return None
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_ino, state.st_mtime_ns, state.st_size
