"""Runs and data loading, from the window's side: jobs, their events, and who is told."""

from __future__ import annotations

from dataclasses import dataclass

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
from cnn_studio.engine.events import EpochDone, Event, RunFinished
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.ui.bridge import Bridge

DataKey = tuple[DataSource, tuple[int, ...], Preprocessing]
"""What images depend on: their source, the size of the network's input, and how they are fitted to it."""


@dataclass(frozen=True, slots=True)
class _Loaded:
    """Images that were loaded, and what for."""

    key: DataKey
    data: ImageData


@dataclass(frozen=True, slots=True)
class _Work:
    """A job, and the document and images it was started for."""

    job: Job
    document: NetworkDocument
    key: DataKey


class TrainingController(QObject):
    """Starts, watches and ends jobs for one session.

    Attributes:
        events: a list of the engine's events of the present run, in order.
        validated: the run's latest `EpochDone`, and at its end the one of the kept weights, while the window
            still shows the images it is about.
        progress: of loading images: text, done, total.
        data_loaded: images are in memory, as `ImageData`.
        data_failed: with the sentence that says why not.
        outcome: the end of a run, as `TrainingOutcome`.
        message: something the user should know.
        running_changed: a run or a loading began or ended.
    """

    events = Signal(list)
    validated = Signal(object)
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
        self._run: _Work | None = None
        self._best: EpochDone | None = None  # of the run: the epoch whose weights it keeps
        self._loading: _Work | None = None
        self._data: _Loaded | None = None
        self._run_bridge = Bridge(self)
        self._run_bridge.events.connect(self._take_run)
        self._data_bridge = Bridge(self)
        self._data_bridge.events.connect(self._take_data)

    # -------------------------------------------------------------------------------------------------- the data

    @property
    def data(self) -> ImageData | None:
        """The images of the present source at the present input size, if they are in memory."""
        return self._data.data if self._data is not None and self._data.key == self._key() else None

    @property
    def loaded_source(self) -> DataSource | None:
        """Where the images in memory come from, whatever is chosen now; None if there are none."""
        return self._data.key[0] if self._data is not None else None

    def _key(self) -> DataKey:
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
        key = self._key()
        if self.data is not None or (self._loading is not None and self._loading.key == key):
            return
        if self._loading is not None:
            self._loading.job.cancel()
            self._data_bridge.unwatch()
        project = self._session.snapshot()

        def work(job: Job) -> None:
            job.report(_Loaded(key, load_data(project, job.report, job.control)))

        job = Job("Loading images", work)
        self._loading = _Work(job, self._session.document, key)
        self._data_bridge.watch(job.mailbox)
        self.jobs.start(job)
        self.running_changed.emit()

    @Slot(list)
    def _take_data(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Progress(text, done, total):
                    self.progress.emit(text, done, total)
                case _Loaded():
                    self._keep(event)
                case JobEnded(status, message):
                    self._loading = None
                    if self._data_bridge.is_watching:
                        self._data_bridge.unwatch()
                    if status == "failed":
                        self.data_failed.emit(message)
                    self.running_changed.emit()

    def _keep(self, loaded: _Loaded) -> None:
        if loaded.key != self._key():
            return  # another source or size was chosen meanwhile
        self._data = loaded
        layer = self._session.adopt_classes(loaded.data.classes)
        if layer is not None:
            count = len(loaded.data.classes)
            self.message.emit(f"{layer} now has {count} outputs, one per class. Undo takes it back.")
        self.data_loaded.emit(loaded.data)

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
        project, data, store = self._session.snapshot(), self.data, self._store

        def work(job: Job) -> None:
            job.report(run_training(project, job.report, job.control, store=store, data=data))

        job = Job(f"Training {project.document.info.name}", work)
        self._run = _Work(job, self._session.document, self._key())
        self._best = None
        self._run_bridge.watch(job.mailbox)
        self.jobs.start(job)
        self.running_changed.emit()

    @Slot()
    def pause(self) -> None:
        """Let the run wait after the present step."""
        if self._run is not None:
            self._run.job.control.pause()

    @Slot()
    def resume(self) -> None:
        """Let a paused run go on."""
        if self._run is not None:
            self._run.job.control.resume()

    @Slot()
    def stop(self) -> None:
        """End the run after the present step; its best weights are kept."""
        if self._run is not None:
            self._run.job.cancel()

    @Slot(list)
    def _take_run(self, events: list[object]) -> None:
        run = self._run
        if run is None:
            return
        try:
            passed = [event for event in (self._take_run_event(run, e) for e in events) if event is not None]
            if passed:
                self.events.emit(passed)
            epochs = [event for event in passed if isinstance(event, EpochDone)]
            self._best = next((epoch for epoch in reversed(epochs) if epoch.is_best), self._best)
            has_ended = any(isinstance(event, RunFinished) for event in passed)
            shown = self._best if has_ended else epochs[-1] if epochs else None
            if shown is not None and run.key == self._key():
                self.validated.emit(shown)
        finally:
            if any(isinstance(event, JobEnded) for event in events):
                self._run = None
                if self._run_bridge.is_watching:
                    self._run_bridge.unwatch()
                self.running_changed.emit()

    def _take_run_event(self, run: _Work, event: object) -> Event | None:
        """Deal with one event of a run and return what the plots need of it, if anything."""
        match event:
            case Progress(text, done, total):
                self.progress.emit(text, done, total)
            case DataReady(data):
                known = self._data is not None and self._data.data is data
                if not known or self._session.document.info.labels != data.classes:
                    self._keep(_Loaded(run.key, data))
            case OutputFitted():
                pass  # the session fitted its own document when it heard of the classes
            case StoreFailed(message):
                self.message.emit(message)
            case TrainingOutcome(finished):
                self._finish(run, event)
                return finished
            case JobEnded(status, message, details):
                return (
                    RunFinished("failed", 0, None, None, 0.0, message, details)
                    if status == "failed"
                    else None
                )
            case _:
                return event  # type: ignore[return-value]  # all that is left are the engine's events
        return None

    def _finish(self, run: _Work, outcome: TrainingOutcome) -> None:
        """Take over the weights of a run, unless the window shows something else by now."""
        trained = outcome.finished.epoch > 0 or not len(self._session.weights)
        if outcome.project is not None and trained:
            if run.document is self._session.document and run.key == self._key():
                self._session.adopt_weights(outcome.project)
            elif outcome.run is not None:
                self.message.emit(
                    f"The run of {run.document.info.name} has ended; open it from Runs, number {outcome.run}."
                )
        self.outcome.emit(outcome)

    def shut_down(self, seconds: float) -> bool:
        """Cancel all jobs and wait for them; return whether they ended in time."""
        for bridge in (self._run_bridge, self._data_bridge):
            if bridge.is_watching:
                bridge.unwatch()
        return self.jobs.shut_down(seconds)
