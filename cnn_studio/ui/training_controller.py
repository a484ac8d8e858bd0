"""Runs and data loading, from the window's side: jobs, their events, and who is told."""

from __future__ import annotations

from collections import deque

from PySide6.QtCore import QObject, Signal, Slot

from cnn_studio.app.awake import KeptAwake
from cnn_studio.app.jobs import Job, JobEnded, JobList, Progress
from cnn_studio.app.project import Project
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.app.training import (
    DataReady,
    OutputFitted,
    StoreFailed,
    TrainingOutcome,
    load_data,
)
from cnn_studio.core.errors import StudioError
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.engine.control import RunControl, Stop
from cnn_studio.engine.events import EpochDone, EpochWeights, Event, RunContinued, RunFinished, RunPaused
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.run_queue import HistoryRead, ProjectRead, Wanted, new_run, repeated_run, resumed_run
from cnn_studio.ui.training_work import DataKey, Loaded, Run, Work


class TrainingController(QObject):
    """Starts, watches and ends jobs for one session.

    Attributes:
        events: a list of the engine's events of the present run, in order.
        validated: the run's latest `EpochDone`, and at its end the one of the kept weights, while the window
            still shows the images it is about.
        tested: at the end of a run what the kept weights say of the test images, as `HeldOutResults`.
        progress: of loading images: text, done, total.
        data_loaded: images are in memory, as `ImageData`.
        data_failed: with the sentence that says why not.
        outcome: the end of a run, as `TrainingOutcome`.
        message: something the user should know.
        running_changed: a run or a loading began or ended, or another run waits.
        started: a run began, with what it is called.
    """

    events = Signal(list)
    validated = Signal(object)
    tested = Signal(object)
    progress = Signal(str, int, int)
    data_loaded = Signal(object)
    data_failed = Signal(str)
    outcome = Signal(object)
    message = Signal(str)
    running_changed = Signal()
    started = Signal(str)

    def __init__(self, session: Session, store: RunStore, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._session = session
        self._store = store
        self.jobs = JobList()
        self._run: Run | None = None
        self._queue: deque[Wanted] = deque()
        self._test: Job | None = None
        self._loading: Work | None = None
        self._data: Loaded | None = None
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
            job.report(Loaded(key, load_data(project, job.report, job.control)))

        job = Job("Loading images", work)
        self._loading = Work(job, self._session.document, key)
        self._data_bridge.watch(job.mailbox)
        self.jobs.start(job)
        self.running_changed.emit()

    @Slot(list)
    def _take_data(self, events: list[object]) -> None:
        for event in events:
            match event:
                case Progress(text, done, total):
                    self.progress.emit(text, done, total)
                case Loaded():
                    self._keep(event)
                case JobEnded(status, message):
                    self._loading = None
                    if self._data_bridge.is_watching:
                        self._data_bridge.unwatch()
                    if status == "failed":
                        self.data_failed.emit(message)
                    self.running_changed.emit()

    def _keep(self, loaded: Loaded) -> None:
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

    @property
    def is_resumed(self) -> bool:
        """Whether the run that goes on is one that was cut off before."""
        return self._run is not None and self._run.wanted.resumed is not None

    @property
    def waiting(self) -> list[str]:
        """What the runs are called that wait for their turn."""
        return [wanted.title for wanted in self._queue]

    @Slot()
    def train(self) -> None:
        """Start a run of the session as it is now, or let it wait for the one that goes on."""
        session = self._session
        self.want(new_run(session.snapshot(), self.data, self._store, session.document, self._key()))

    def want(self, wanted: Wanted) -> None:
        """Start a run, or let it wait for its turn: one trains at a time."""
        self._queue.append(wanted)
        if self._run is None:
            self._start_next()
        else:
            self.running_changed.emit()

    @Slot(int)
    def repeat(self, run: int) -> None:
        """Do a kept run again from its start."""
        try:
            self._store.start_file(run).stat()
        except (FileNotFoundError, NotADirectoryError):
            self.message.emit(
                f"Run {run} cannot be repeated: it was kept by an earlier version, without its start."
            )
            return
        except OSError:
            pass  # the job meets it again and says what it is
        summary = self._summary(run)
        if summary is not None:
            self.want(repeated_run(summary.name, self._store, run))

    @Slot(int)
    def go_on(self, run: int) -> None:
        """Go on with a run that was cut off."""
        present = [] if self._run is None else [self._run.wanted]
        if any(wanted.resumed == run for wanted in (*present, *self._queue)):
            return
        summary = self._summary(run)
        if summary is not None:
            self.want(resumed_run(summary.name, self._store, run))

    def _summary(self, run: int) -> RunSummary | None:
        """Return a kept run; None if there is none, or after the user was told why it cannot be read."""
        try:
            return self._store.run(run)
        except StudioError as error:
            self.message.emit(str(error))
            return None

    def start_test(self, job: Job) -> None:
        """Start a job that computes as a run does; a run that begins ends it first, as only one may compute."""
        self._test = job
        self.jobs.start(job)

    @Slot()
    def forget_waiting(self) -> None:
        """Let no run wait any more; the one that goes on goes on."""
        self._queue.clear()
        self.running_changed.emit()

    def _start_next(self) -> None:
        if not self._queue:
            return
        wanted, test, self._test = self._queue.popleft(), self._test, None
        if test is not None:
            test.cancel()

        def work(job: Job) -> None:
            if test is not None:
                test.wait()  # for its present step
            with KeptAwake():
                job.report(wanted.work(job.report, job.control))

        job = Job(f"Training {wanted.title}", work)
        self._run = Run(job, wanted, wanted.project)
        self._run_bridge.watch(job.mailbox)
        self.jobs.start(job)
        self.started.emit(wanted.title)
        self.running_changed.emit()

    @property
    def control(self) -> RunControl | None:
        """What the present run can be asked; None without one."""
        return None if self._run is None else self._run.job.control

    @Slot()
    def stop(self, kind: Stop = "keep") -> None:
        """End the run after the present step; its best weights are kept, unless `kind` says otherwise."""
        if self._run is not None:
            self._run.job.cancel(kind)

    def to_try(self) -> Project | None:
        """Return the network that an image can be tried on: of a paused run, else the trained one; None without."""
        session, run = self._session, self._run
        waiting = run.at(run.paused) if run is not None else None
        if waiting is not None:
            return waiting
        return session.snapshot() if session.has_fitting_weights else None

    def to_look_into(self) -> Project | None:
        """Return the network of the run that goes on, paused or as it was after its latest epoch, else as `to_try`."""
        run = self._run
        latest = run.at(run.latest.weights) if run is not None and run.paused is None and run.latest else None
        return latest or self.to_try()

    @property
    def epoch_to_look_into(self) -> int | None:
        """After which epoch of the run that goes on that network is; None where it is another."""
        run = self._run
        return run.latest.epoch if run is not None and run.paused is None and run.latest else None

    @Slot(list)
    def _take_run(self, events: list[object]) -> None:
        run = self._run
        if run is None:
            return
        try:
            passed = [event for found in events for event in self._take_run_event(run, found)]
            if passed:
                self.events.emit(passed)
            epochs = [event for event in passed if isinstance(event, EpochDone) and len(event.predictions)]
            run.best = next((epoch for epoch in reversed(epochs) if epoch.is_best), run.best)
            has_ended = any(isinstance(event, RunFinished) for event in passed)
            shown = run.best if has_ended else epochs[-1] if epochs else None
            if shown is not None and run.wanted.key == self._key():
                self.validated.emit(shown)
            ends = [
                event.test for event in passed if isinstance(event, RunFinished) and event.test is not None
            ]
            if ends and run.wanted.key == self._key():
                self.tested.emit(ends[-1])
        finally:
            if any(isinstance(event, JobEnded) for event in events):
                self._run = None
                if self._run_bridge.is_watching:
                    self._run_bridge.unwatch()
                self.running_changed.emit()
                self._start_next()

    def _take_run_event(self, run: Run, event: object) -> list[Event]:
        """Deal with one event of a run and return what the plots need of it."""
        match event:
            case Progress(text, done, total):
                self.progress.emit(text, done, total)
            case ProjectRead(project):
                run.project = project
            case DataReady(data):
                run.data = data
                self._data_ready(run, data)
            case OutputFitted():
                pass  # the session fitted its own document when it heard of the classes
            case StoreFailed(message):
                self.message.emit(message)
            case TrainingOutcome(finished):
                run.paused = run.latest = None
                self._finish(run, event)
                return [finished]
            case JobEnded(status, message, details):
                return (
                    [RunFinished("failed", 0, None, None, 0.0, message, details)]
                    if status == "failed"
                    else []
                )
            case RunPaused():
                run.paused = event.weights
                return [event]
            case EpochWeights():
                run.latest = event
                return [event]
            case RunContinued():
                run.paused = None
                return [event]
            case HistoryRead(history):
                return list(history)
            case _:
                return [event]  # type: ignore[list-item]  # all that is left are the engine's events
        return []

    def _data_ready(self, run: Run, data: ImageData) -> None:
        if run.wanted.document is None:
            return  # of a run from the store: the window shows other images
        known = self._data is not None and self._data.data is data
        if not known or self._session.document.info.labels != data.classes:
            self._keep(Loaded(run.wanted.key, data))  # type: ignore[arg-type]  # a new run has the key of its images

    def _finish(self, run: Run, outcome: TrainingOutcome) -> None:
        """Take over the weights of a run, unless the window shows something else by now."""
        trained = outcome.finished.epoch > 0 or not len(self._session.weights)
        if outcome.project is not None and trained:
            if run.wanted.document is self._session.document and run.wanted.key == self._key():
                self._session.adopt_weights(outcome.project)
            elif outcome.run is not None:
                self.message.emit(
                    f"The run of {outcome.project.document.info.name} has ended; open it from Runs, number {outcome.run}."
                )
        self.outcome.emit(outcome)

    def shut_down(self, seconds: float) -> bool:
        """Interrupt all jobs and wait for them; return whether they ended in time."""
        self._queue.clear()
        for bridge in (self._run_bridge, self._data_bridge):
            if bridge.is_watching:
                bridge.unwatch()
        self._run = None  # nobody hears of its end any more
        return self.jobs.shut_down(seconds)
