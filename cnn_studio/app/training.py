"""One training run from request to kept result; the window's job and the command line call the same function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from cnn_studio.app.freeze_proof import FreezeProof, FrozenState, frozen_state, layer_of, prove
from cnn_studio.app.jobs import Progress
from cnn_studio.app.preferences import load_preferences
from cnn_studio.app.project import Project, load_project
from cnn_studio.app.run_record import RunRecord
from cnn_studio.app.run_recorder import RunRecorder
from cnn_studio.app.runs import RunStore
from cnn_studio.app.threads import give_memory_back
from cnn_studio.app.tuned import remember_tuning, remembered_tuning, tuning_key
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import Cancelled, NetworkError, RunError, StorageError
from cnn_studio.datasets.digest import data_digest
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import CheckpointReady, RunFinished, SpeedTuned, Status
from cnn_studio.engine.memory import available_memory, training_memory
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.analysis import analyse
from cnn_studio.graph.checks import fit_output
from cnn_studio.graph.commands import SetInfo
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.topology import ancestors

if TYPE_CHECKING:
    import torch

    from cnn_studio.engine.checkpoint import Checkpoint
    from cnn_studio.engine.plan import LayerPlan

Report = Callable[[object], None]

_LONG_RUN = 1_000_000
"""Images that a run sees, from which on what was measured for shorter runs is measured anew: compiling may pay then."""


@dataclass(frozen=True, slots=True)
class DataReady:
    """The images of a run are in memory."""

    data: ImageData = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutputFitted:
    """The last layer was given as many units as the data has classes."""

    path: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class StoreFailed:
    """The run goes on, but it, or a checkpoint of it, cannot be kept."""

    message: str


@dataclass(frozen=True, slots=True)
class TrainingOutcome:
    """The end of a run.

    Attributes:
        finished: the engine's last event.
        run: the kept run's number, or None if it could not be kept.
        project: network, settings and trained weights, or None if there are no weights.
        frozen_proof: that the frozen layers stayed as they were; None where none were, or nothing was kept.
    """

    finished: RunFinished
    run: int | None
    project: Project | None
    frozen_proof: FreezeProof | None = None


def load_data(project: Project, report: Report, control: RunControl) -> ImageData:
    """Load a project's images for its network.

    Raises:
        DataError: the data cannot be used.
        NetworkError: the network has no input.
        Cancelled: the control asked to stop.
    """
    from cnn_studio.datasets.cache import ImageCache
    from cnn_studio.datasets.load import load

    document = project.document
    entry = next((layer for layer in document.layers.values() if layer.type == "input"), None)
    if entry is None:
        raise NetworkError("The network has no input layer, so the images' size is unknown. Add an Input.")
    return load(
        project.data,
        height=entry.params["height"],
        width=entry.params["width"],
        channels=entry.params["channels"],
        preprocessing=document.info.preprocessing,
        progress=lambda done, total: report(Progress("Loading images", done, total)),
        cancelled=lambda: control.stop_requested,
        cache=ImageCache(limit=load_preferences().image_cache_gb * 10**9),
    )


def run_training(
    project: Project,
    report: Report,
    control: RunControl,
    *,
    store: RunStore | None = None,
    data: ImageData | None = None,
) -> TrainingOutcome:
    """Train a project's network and keep the run.

    The project must be a snapshot that nobody edits. Besides the engine's events (but for the last, which is in
    the outcome, and checkpoints, which are written) `report` gets `Progress`, `DataReady`, `OutputFitted` and
    `StoreFailed`.

    Args:
        project: what to train; its weights are used only if its settings say so.
        report: called with each event, in this thread.
        control: pause, rate and stop requests.
        store: where to keep the run; the user's own if None.
        data: the images, if they are in memory already.
    """
    try:
        if data is None:
            data = load_data(project, report, control)
        report(DataReady(data))
        document = fitted_document(project.document, data, report)
        check_ready(shapes := infer_shapes(document))
        check_memory(shapes, project.settings)
    except Cancelled:
        return _nothing("stopped")
    first = _first_weights(project)
    project = replace(project, document=document, weights=first)
    record = _record(_start_record(store or RunStore(), project, data, report), report)
    return _recorded_run(replace(project, weights=WeightSet()), first, data, report, control, record, None)


def resume_training(
    run: int,
    report: Report,
    control: RunControl,
    *,
    store: RunStore | None = None,
) -> TrainingOutcome:
    """Go on with a run from its last checkpoint, as if it had never been cut off.

    On a CPU the weights it ends with are bit for bit those of the uninterrupted run.

    Args:
        run: its number in the store.
        report, control, store: as for `run_training`.

    Raises:
        FileFormatError: the checkpoint or the project it started from cannot be read.
        DataError: the images cannot be read, or are not those that the run began with.
        StorageError: the store cannot be used.
    """
    from cnn_studio.app.checkpoint_file import load_checkpoint

    store = store or RunStore()
    checkpoint = load_checkpoint(store.checkpoint_file(run))
    began = load_project(store.start_file(run))
    project = replace(began, weights=WeightSet())
    # what is frozen is still as it was then, and the proof says so
    first = began.weights if frozen_paths(project.document) else WeightSet()
    try:
        data = load_data(project, report, control)
    except Cancelled:
        return _nothing("stopped")
    store.check_data(run, data_digest(data))
    report(DataReady(data))
    recorder = store.resume(run)
    at = checkpoint.position
    recorder.forget_after(at.step, at.epoch if at.epoch_is_done else at.epoch - 1)
    record = _record(recorder, report)
    return _recorded_run(project, first, data, report, control, record, checkpoint)


def _nothing(status: Status) -> TrainingOutcome:
    return TrainingOutcome(RunFinished(status, 0, None, None, 0.0), None, None)


def _recorded_run(
    project: Project,
    first: WeightSet,
    data: ImageData,
    report: Report,
    control: RunControl,
    record: RunRecord,
    resume: Checkpoint | None,
) -> TrainingOutcome:
    try:
        finished, before = _train(project, first, data, report, control, record, resume)
        result = _result(project, finished)
        proof = _proof(before, finished)
    except BaseException as error:
        # without an end the table of runs would show this one as going on for ever
        status: Status = "stopped" if isinstance(error, KeyboardInterrupt) else "failed"
        record.finish(RunFinished(status, 0, None, None, 0.0, str(error)), None)
        raise
    finally:
        give_memory_back()  # only here: it would take from a run that goes on what its next step wants
    record.finish(finished, result, proof)
    run = None if finished.status == "discarded" else record.run
    return TrainingOutcome(finished, run, result, proof)


def check_memory(shapes: ShapeReport, settings: TrainSettings) -> None:
    """Check that a run fits into memory, before the system finds out that it does not.

    Raises:
        RunError: the estimate is more than what is free.
    """
    need, free = training_memory(analyse(shapes), settings), available_memory(settings.device)
    # the estimate may be twice the truth; a CPU has a guard for the rest, and a GPU raises
    if need is not None and free is not None and need.total > 2 * free:
        raise RunError(
            f"Training would take about {need.total / 1e9:,.1f} GB, but {free / 1e9:,.1f} GB of memory are free. "
            f"Choose a smaller batch than {settings.batch_size:,}, a smaller network or smaller images, or close "
            "other programs."
        )


def check_ready(report: ShapeReport) -> None:
    """Check that a network can be trained.

    Raises:
        NetworkError: it has errors; the message is that of the first.
    """
    for problem in report.problems:
        if problem.severity == "error":
            raise NetworkError(problem.message)


def fitted_document(document: NetworkDocument, data: ImageData, report: Report) -> NetworkDocument:
    """Return the document with the data's class names and statistics, its last layer as wide as the classes."""
    document = document.copy()
    change = fit_output(document, len(data.classes))
    if change is not None:
        layer = document.layer(change.id)
        (before,) = (layer.params[key] for key in change.changes)
        report(OutputFitted(layer.path, before, len(data.classes)))
        change.apply(document)
    preprocessing = document.info.preprocessing
    if preprocessing.measured or preprocessing.mean is None or preprocessing.std is None:
        preprocessing = preprocessing.model_copy(update={"mean": data.mean, "std": data.std})
    SetInfo(labels=data.classes, preprocessing=preprocessing, scores="logits").apply(document)
    return document


def _first_weights(project: Project) -> WeightSet:
    """Return the weights that a run begins with; an empty set means new ones.

    Raises:
        RunError: trained weights are asked for, but there are none.
    """
    if project.settings.start == "new":
        return WeightSet()
    if not len(project.weights):
        raise RunError(
            "The settings say to start from trained weights, but this project has none yet. Choose new weights first."
        )
    return project.weights


def _train(
    project: Project,
    first: WeightSet,
    data: ImageData,
    report: Report,
    control: RunControl,
    record: RunRecord,
    resume: Checkpoint | None,
) -> tuple[RunFinished, FrozenState | None]:
    """Return the end of the run, and what the frozen layers were before it; None without any."""
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.engine.device import describe_device, pick_device
    from cnn_studio.engine.loop import train

    document, settings = project.document, project.settings
    preprocessing = document.info.preprocessing
    normalisation = (preprocessing.mean or data.mean, preprocessing.std or data.std)
    weights = {key: torch.tensor(array) for key, array in first.to_state(document).items()}
    module = lower(document, weights=weights, seed=settings.seed)
    frozen = frozen_paths(document)
    before = _frozen(frozen, module.state_dict()) if frozen else None
    device = describe_device(pick_device(settings.device))
    key = tuning_key(document, settings, device, is_long=settings.epochs * len(data.train) > _LONG_RUN)
    tuning = remembered_tuning(key) if settings.speed == "auto" and resume is None else None
    if tuning is not None:
        tuned = SpeedTuned(tuning, remembered=True)
        record.add(tuned)
        report(tuned)
    events = train(
        module,
        data,
        settings,
        control,
        plans=layer_plans(document),
        normalisation=normalisation,
        tuning=tuning,
        resume=resume,
    )
    for event in events:
        if isinstance(event, RunFinished):
            return event, before
        record.add(event)
        if isinstance(event, SpeedTuned) and len(event.measured) > 1 and not event.is_cut_short:
            remember_tuning(key, event.tuning)
        if not isinstance(event, CheckpointReady):
            report(event)
    raise RunError("The run ended without a result.")


def layer_plans(document: NetworkDocument) -> list[LayerPlan]:
    """Return what a run does with each layer that does not simply learn at the run's rate.

    Layers that the built network does not hold have no plan: inputs, and those that do not lead to the output.
    Layers that share weights have one: they are frozen if any of them is, and learn at the owner's rate.
    """
    from cnn_studio.engine.plan import LayerPlan

    output = document.info.output
    used = set() if output is None else ancestors(document, output)
    sharing: dict[int, list[Layer]] = {}
    for layer_id in sorted(used):
        layer = document.layer(layer_id)
        if layer.type != "input":
            owner = document.layer(layer.tied_to or layer_id)
            sharing.setdefault(owner.id, [owner]).append(layer)
    plans = [
        LayerPlan(
            group[0].path,
            all(layer.trainable for layer in group),
            group[0].lr_factor,
            any(layer.keep_statistics for layer in group),
        )
        for group in sharing.values()
    ]
    return [plan for plan in plans if plan != LayerPlan(plan.path)]


def frozen_paths(document: NetworkDocument) -> frozenset[str]:
    """Return the paths of the layers that a run leaves bit for bit as they are."""
    if all(layer.trainable for layer in document.layers.values()):
        return frozenset()
    return frozenset(plan.path for plan in layer_plans(document) if not plan.trainable)


def _frozen(paths: frozenset[str], state: Mapping[str, torch.Tensor]) -> FrozenState:
    return frozen_state(paths, {key: value.numpy() for key, value in state.items() if layer_of(key, paths)})


def _proof(before: FrozenState | None, finished: RunFinished) -> FreezeProof | None:
    if before is None or finished.weights is None:
        return None
    return prove(before, _frozen(frozenset(before.layers), finished.weights))


def _record(recorder: RunRecorder | None, report: Report) -> RunRecord:
    return RunRecord(recorder, lambda text: report(StoreFailed(text)))


def _start_record(store: RunStore, project: Project, data: ImageData, report: Report) -> RunRecorder | None:
    try:
        return store.start(project, data_digest(data))
    except StorageError as error:
        report(StoreFailed(f"This run will not be kept: {error}"))
        return None


def _result(project: Project, finished: RunFinished) -> Project | None:
    if finished.weights is None:
        return None
    arrays = {key: tensor.numpy() for key, tensor in finished.weights.items()}
    return replace(project, weights=WeightSet.from_state(project.document, arrays))
