"""Runs and data loading, from the window's side: jobs, their events, and who is told."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.app.training import (
    DataReady,
    OutputFitted,
    StoreFailed,
    TrainingOutcome,
    load_data,
    run_training,
)
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.engine.events import Event, RunFinished
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.ui.bridge import Bridge

_DataKey = tuple[DataSource, tuple[int, ...], Preprocessing]


class TrainingController(QObject):
    """Starts, watches and ends jobs for one session.

    Attributes:
        events: a list of the engine's events of the present run, in order.
        progress: of loading images: text, done, total.
        data_loaded: images are in memory, as `ImageData`.
        data_failed: with the sentence that says why not.
        outcome: the end of a run, as `TrainingOutcome`.
        message: something the user should know.
        running_changed: a run or a loading began or ended.
    """

    events = Signal(list)
    progress = Signal(str, int, int)
    data_loaded = Signal(object)
    data_failed = Signal(str)
    outcome = Signal(object)
    message = Signal(str)
    running_changed = Signal()

    def __init__(self, session: Session, store: RunStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self.jobs = JobList()
        self._run: Job | None = None
        self._loading: Job | None = None
        self._data: tuple[_DataKey, ImageData] | None = None
        self._pending: _DataKey | None = None
        self._run_bridge = Bridge(self)
        self._run_bridge.events.connect(self._take_run)
        self._data_bridge = Bridge(self)
        self._data_bridge.events.connect(self._take_data)

    # -------------------------------------------------------------------------------------------------- the data

    @property
    def data(self) -> ImageData | None:
        """The images of the present source at the present input size, if they are in memory."""
        return self._data[1] if self._data is not None and self._data[0] == self._key() else None

    def _key(self) -> _DataKey:
        document = self._session.document
        size = next(
            (
                (layer.params["channels"], layer.params["height"], layer.params["width"])
                for layer in document.layers.values()
                if layer.type == "input"
            ),
            (),
        )
        # mean and deviation play no part in loading
        plain = document.info.preprocessing.model_copy(update={"mean": None, "std": None, "measured": True})
        return self._session.data, size, plain

    @Slot()
    def load(self) -> None:
        """Load the images of the present source, if they are not there yet."""
        if self.data is not None or (self._loading is not None and self._pending == self._key()):
            return
        if self._loading is not None:
            self._loading.cancel()
        project = self._session.snapshot()
        self._pending = self._key()

        def work(job: Job) -> None:
            job.report(DataReady(load_data(project, job.report, job.control)))

        self._loading = Job("Loading images", work)
        self._data_bridge.watch(self._loading.mailbox)
        self.jobs.start(self._loading)
        self.running_changed.emit()

    @Slot(list)
    def _take_data(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Progress(text, done, total):
                    self.progress.emit(text, done, total)
                case DataReady(data):
                    self._keep(data, self._pending)
                case JobEnded(status, message):
                    self._loading = None
                    if self._data_bridge.is_watching:
                        self._data_bridge.unwatch()
                    if status == "failed":
                        self.data_failed.emit(message)
                    self.running_changed.emit()

    def _keep(self, data: ImageData, key: _DataKey | None) -> None:
        if key is None:
            return
        self._data = (key, data)
        if key != self._key():
            return  # another source was chosen meanwhile
        layer = self._session.adopt_classes(data.classes)
        if layer is not None:
            self.message.emit(
                f"{layer} now has {len(data.classes)} units, one per class. Undo takes it back."
            )
        self.data_loaded.emit(data)

    # --------------------------------------------------------------------------------------------------- the run

    @property
    def is_training(self) -> bool:
        """Whether a run goes on, paused or not."""
        return self._run is not None

    @Slot()
    def train(self) -> None:
        """Start a run of the session as it is now."""
        if self._run is not None:
            return
        project = self._session.snapshot()
        self._pending = self._key()
        data = self.data
        store = self._store

        def work(job: Job) -> None:
            job.report(run_training(project, job.report, job.control, store=store, data=data))

        self._run = Job(f"Training {project.document.info.name}", work)
        self._run_key = self._pending
        self._run_bridge.watch(self._run.mailbox)
        self.jobs.start(self._run)
        self.running_changed.emit()

    @Slot()
    def pause(self) -> None:
        """Let the run wait after the present step."""
        if self._run is not None:
            self._run.control.pause()

    @Slot()
    def resume(self) -> None:
        """Let a paused run go on."""
        if self._run is not None:
            self._run.control.resume()

    @Slot()
    def stop(self) -> None:
        """End the run after the present step; its best weights are kept."""
        if self._run is not None:
            self._run.cancel()

    @Slot(list)
    def _take_run(self, events: list[object]) -> None:
        passed: list[Event] = []
        ended = False
        for event in events:
            match event:
                case Progress(text, done, total):
                    self.progress.emit(text, done, total)
                case DataReady(data):
                    if self._data is None or self._data[1] is not data:
                        self._keep(data, self._run_key)
                case OutputFitted():
                    pass  # the session fitted its own document when it heard of the classes
                case StoreFailed(message):
                    self.message.emit(f"This run will not be kept. {message}")
                case TrainingOutcome(finished):
                    passed.append(finished)
                    self._finish(event)
                case JobEnded(status, message, details):
                    ended = True
                    if status == "failed":
                        passed.append(RunFinished("failed", 0, None, None, 0.0, message, details))
                case _:
                    passed.append(event)  # type: ignore[arg-type]  # all that is left are the engine's events
        if ended:
            self._run = None
            if self._run_bridge.is_watching:
                self._run_bridge.unwatch()
        if passed:
            self.events.emit(passed)
        if ended:
            self.running_changed.emit()

    def _finish(self, outcome: TrainingOutcome) -> None:
        if outcome.project is not None:
            self._session.adopt_weights(outcome.project)
        self.outcome.emit(outcome)

    def shut_down(self, seconds: float) -> bool:
        """Cancel all jobs and wait for them; return whether they ended in time."""
        for bridge in (self._run_bridge, self._data_bridge):
            if bridge.is_watching:
                bridge.unwatch()
        return self.jobs.shut_down(seconds)
