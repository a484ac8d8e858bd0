"""A transfer from its recipe to a classifier of the new images; the wizard's job and the command line call the same."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from cnn_studio.app.coding import codes_of, normalisation_of, weights_of, with_linear
from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.jobs import Progress
from cnn_studio.app.linear_run import keep_linear, linear_settings
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.sources import open_source
from cnn_studio.app.training import DataReady, Report, load_data, run_training
from cnn_studio.app.transfer_proof import Moved, measure_moves, prove_frozen
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import Cancelled, DataError, NetworkError, RunError
from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import RunFinished
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetInfo, SetTraining
from cnn_studio.graph.cutting import (
    CutPoint,
    Head,
    code_network,
    find_classifier,
    find_cut,
    shapes_of,
    with_head,
)
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.freezing import apply_globs
from cnn_studio.graph.paths import whole_blocks
from cnn_studio.graph.stages import frozen_with, last_stage, set_rates, thaw_steps
from cnn_studio.transfer.recipe import Strategy, TransferRecipe

_CODED: frozenset[Strategy] = frozenset({"svm", "softmax"})


@dataclass(frozen=True, slots=True)
class SourceReady:
    """The pre-trained network is open.

    Attributes:
        title: its name for people.
        notes: what to know of it, as sentences.
        cut: path of the layer behind which the code is taken.
        code_size: numbers in a code.
    """

    title: str
    notes: tuple[str, ...]
    cut: str
    code_size: int


@dataclass(frozen=True, slots=True)
class ClassifierFitted:
    """A linear classifier was fitted on the codes.

    Attributes:
        c: scikit-learn's C that cross-validation chose.
        accuracies: accuracy in cross-validation by C.
        is_converged: False where the solver gave up before its tolerance was reached.
        seconds: for choosing and fitting.
    """

    c: float
    accuracies: dict[float, float]
    is_converged: bool
    seconds: float


@dataclass(frozen=True, slots=True)
class StageStarted:
    """A step of gradual unfreezing begins.

    Attributes:
        number, total: which step of how many.
        paths: layers that learn from now on besides those before.
        parts: the same in few words: whole blocks by their names.
    """

    number: int
    total: int
    paths: tuple[str, ...]
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """Source and images of a transfer, in memory.

    Attributes:
        source: the pre-trained network.
        cut: of the source's document, where the code is taken.
        data: the new images.
    """

    title: str
    source: Project
    cut: CutPoint
    data: ImageData = field(repr=False)


@dataclass(frozen=True, slots=True)
class TransferOutcome:
    """The end of a transfer.

    Attributes:
        strategy: how it was done.
        finished: as of a run; of a linear classifier on codes the epoch is 0.
        seconds: from the images in memory to the result.
        project: network, weights and data, or None if there is no result.
        run: the kept run's number; None where it could not be kept.
        trainable, frozen: parameters of the result's network.
        proof: that the frozen layers stayed as they were; None without frozen layers.
        moved: how far each layer moved.
    """

    strategy: Strategy
    finished: RunFinished
    seconds: float
    project: Project | None = None
    run: int | None = None
    trainable: int = 0
    frozen: int = 0
    proof: FreezeProof | None = None
    moved: tuple[Moved, ...] = ()


def prepare(recipe: TransferRecipe, report: Report, control: RunControl) -> Prepared:
    """Open a recipe's source and load its images.

    Raises:
        GraphError: there is no such source, or no such cut.
        NetworkError: the source has no weights.
        DataError: the images cannot be used.
        Cancelled: the control asked to stop.
    """
    opened = open_source(recipe.source, weights=Path(recipe.weights) if recipe.weights else None)
    source = replace(opened.project, document=_as_it_was_trained(opened.project.document))
    shapes = shapes_of(source.document)
    cut = find_cut(shapes, recipe.cut)
    if recipe.strategy != "scratch":
        weights_of(source.weights, code_network(shapes, cut))
    report(SourceReady(opened.title, opened.notes, cut.path, cut.code_size(recipe.head.pooling)))
    data = load_data(replace(source, data=recipe.data), report, control)
    if len(data.classes) < 2:
        raise DataError(
            f"{data.name} has one class only, so there is nothing to tell apart. Add a folder of images of another class."
        )
    return Prepared(opened.title, replace(source, data=recipe.data), cut, data)


def _as_it_was_trained(document: NetworkDocument) -> NetworkDocument:
    """Return a network whose mean and deviation are those it learned with, and not measured anew."""
    document = document.copy()
    given = document.info.preprocessing
    if given.mean is not None and given.std is not None and given.measured:
        SetInfo(preprocessing=given.model_copy(update={"measured": False})).apply(document)
    return document


def headed(prepared: Prepared, recipe: TransferRecipe) -> NetworkDocument:
    """Return the source's network up to the cut with a head for the new classes, all of it trainable."""
    return with_new_head(prepared.source.document, prepared.cut, prepared.data.classes, recipe.head)


def with_new_head(
    source: NetworkDocument, cut: CutPoint, classes: tuple[str, ...], head: Head
) -> NetworkDocument:
    """Return a network up to a cut with a head for new classes, all of it trainable."""
    document = with_head(shapes_of(_as_it_was_trained(source)), cut, classes, head)
    SetTraining(ids=tuple(document.layers), trainable=True, lr_factor=1.0, keep_statistics=False).apply(
        document
    )
    return document


def frozen_as(document: NetworkDocument, recipe: TransferRecipe) -> NetworkDocument:
    """Return a network with the layers frozen that a recipe names; without any, all but the last stage and the head.

    Raises:
        GraphError: a pattern names no layer.
    """
    document = document.copy()
    if recipe.freeze or recipe.unfreeze:
        apply_globs(document, freeze=recipe.freeze, unfreeze=recipe.unfreeze).apply(document)
    else:
        shapes = shapes_of(document)
        SetTraining(ids=frozen_with(shapes, last_stage(shapes)), trainable=False).apply(document)
    _set_rates(document, recipe)
    return document


def _set_rates(document: NetworkDocument, recipe: TransferRecipe) -> None:
    """Set how fast the stages learn, and whether norms adapt."""
    set_rates(shapes_of(document), recipe.rate_decay).apply(document)
    norms = tuple(layer.id for layer in document.layers.values() if layer.type == "batch_norm")
    SetTraining(ids=norms, keep_statistics=not recipe.adapts_statistics).apply(document)


def run_transfer(
    recipe: TransferRecipe,
    report: Report,
    control: RunControl,
    *,
    prepared: Prepared | None = None,
    store: RunStore | None = None,
    network: NetworkDocument | None = None,
) -> TransferOutcome:
    """Carry out a recipe.

    `report` gets `SourceReady` and `Progress`, then what the strategy says: `DataReady`, `CodesReady` and
    `ClassifierFitted`, or the events of `cnn_studio.app.training.run_training`, once per stage of gradual unfreezing.

    Args:
        recipe: what to do.
        report: called with each event, in this thread.
        control: pause, rate and stop requests.
        prepared: source and images, if they are in memory already.
        store: where to keep runs; the user's own if None.
        network: for fine-tuning, the network of `headed` as its layers shall train, in place of what the recipe says of
            freezing: rate factors and single batch norms are no matter of recipes.

    Raises:
        StudioError: the recipe cannot be carried out; says why.
    """
    try:
        prepared = prepared or prepare(recipe, report, control)
        transfer = _Transfer(recipe, prepared, report, control, store)
        if recipe.strategy in _CODED:
            return _fit_on_codes(transfer)
    except Cancelled:
        return TransferOutcome(recipe.strategy, RunFinished("stopped", 0, None, None, 0.0), 0.0)
    if recipe.strategy == "gradual":
        return _thaw(transfer)
    document = headed(prepared, recipe)
    if recipe.strategy == "finetune":
        document = frozen_as(document, recipe) if network is None else network.copy()
    return transfer.train(document, recipe.training, prepared.source.weights)


@dataclass(frozen=True, slots=True)
class _Transfer:
    """A recipe that is being carried out: what all strategies need, and what comes of it."""

    recipe: TransferRecipe
    prepared: Prepared
    report: Report
    control: RunControl
    store: RunStore | None
    began: float = field(default_factory=time.perf_counter)

    def train(
        self, document: NetworkDocument, settings: TrainSettings, weights: WeightSet
    ) -> TransferOutcome:
        """Train a network from some weights on the images."""
        source, data = self.prepared.source, self.prepared.data
        project = replace(source, document=document, settings=settings, weights=weights)
        ended = run_training(project, self.report, self.control, store=self.store, data=data)
        return self.outcome(ended.finished, ended.project, ended.run)

    def outcome(
        self, finished: RunFinished, project: Project | None, run: int | None = None
    ) -> TransferOutcome:
        """Return the end, with what became of the source's weights."""
        strategy, seconds = self.recipe.strategy, time.perf_counter() - self.began
        if project is None:
            return TransferOutcome(strategy, finished, seconds, None, run)
        counts = {True: 0, False: 0}
        shapes = shapes_of(project.document)
        for layer in project.document.layers.values():
            counts[layer.trainable] += shapes.num_params(layer.id) or 0
        source = self.prepared.source
        before = replace(source, weights=WeightSet()) if strategy == "scratch" else source
        return TransferOutcome(
            strategy,
            finished,
            seconds,
            project,
            run,
            counts[True],
            counts[False],
            prove_frozen(before, project),
            measure_moves(before, project),
        )


# ------------------------------------------------------------------------------------------------- classifiers on codes


def _fit_on_codes(transfer: _Transfer) -> TransferOutcome:
    from cnn_studio.transfer.linear import LinearKind, fit_linear

    recipe, prepared, report = transfer.recipe, transfer.prepared, transfer.report
    check = transfer.control.check
    if recipe.head.hidden:
        raise RunError(
            "A linear classifier on CNN codes has no hidden layer. Set the hidden units to 0, or choose fine-tuning."
        )
    kind: LinearKind = "svm" if recipe.strategy == "svm" else "softmax"
    data, pooling, speed = prepared.data, recipe.head.pooling, recipe.training.speed
    report(DataReady(data))
    codes = codes_of(prepared.source, data, prepared.cut, report, check, pooling=pooling, speed=speed)
    fit = fit_linear(
        kind,
        codes.train,
        data.train.labels,
        len(data.classes),
        balanced=recipe.balanced,
        seed=recipe.training.seed,
        progress=lambda done, total: report(Progress("Fitting the linear classifier", done, total)),
        check=check,
    )
    report(ClassifierFitted(fit.c, dict(fit.accuracies), fit.is_converged, fit.seconds))
    document = headed(prepared, with_linear_head(recipe))
    shapes = shapes_of(document)
    SetTraining(ids=frozen_with(shapes, (find_classifier(shapes),)), trainable=False).apply(document)
    mean, std = normalisation_of(document, data)
    given = document.info.preprocessing.model_copy(update={"mean": mean, "std": std, "measured": False})
    change = SetInfo(
        labels=data.classes, scores="margins" if kind == "svm" else "logits", preprocessing=given
    )
    change.apply(document)
    project = with_linear(replace(prepared.source, settings=recipe.training), document, fit.weight, fit.bias)
    test = None if codes.test is None or data.test is None else fit.accuracy(codes.test, data.test.labels)
    finished = RunFinished(
        "done", 0, fit.accuracy(codes.val, data.val.labels), test, codes.images_per_second,
        weights=None, test=None,
    )  # fmt: skip
    outcome = transfer.outcome(finished, project)
    settings = linear_settings(recipe, prepared.cut.path, codes, fit.c)
    run = keep_linear(
        transfer.store, project, settings, data, finished, outcome.seconds, outcome.proof, report
    )
    return replace(outcome, run=run)


def with_linear_head(recipe: TransferRecipe) -> TransferRecipe:
    """Return a recipe whose head is one linear layer without dropout, which fitted weights belong to."""
    return recipe.model_copy(update={"head": recipe.head.model_copy(update={"hidden": 0, "dropout": 0.0})})


# ----------------------------------------------------------------------------------------------------------- training


def _thaw(transfer: _Transfer) -> TransferOutcome:
    """Train the head, then the head and the last part, and so on; each step goes on from the one before."""
    recipe = transfer.recipe
    document = headed(transfer.prepared, recipe)
    _set_rates(document, recipe)
    shapes = shapes_of(document)
    steps = thaw_steps(shapes, recipe.stages)
    settings = recipe.training
    each = max(1, settings.epochs // len(steps))
    best: TransferOutcome | None = None
    weights = transfer.prepared.source.weights
    for number, learning in enumerate(steps, 1):
        now = document.copy()
        if recipe.freeze or recipe.unfreeze:
            apply_globs(now, freeze=recipe.freeze, unfreeze=recipe.unfreeze).apply(now)
        SetTraining(ids=frozen_with(shapes, learning), trainable=False).apply(now)
        before = set() if number == 1 else set(steps[number - 2])
        paths = tuple(now.layer(i).path for i in learning if i not in before)
        everything = [now.layer(i).path for i in steps[-1]]
        transfer.report(StageStarted(number, len(steps), paths, whole_blocks(paths, everything)))
        left = settings.epochs - each * (len(steps) - 1) if number == len(steps) else each
        stage = settings.model_copy(update={"epochs": max(1, left)})
        outcome = transfer.train(now, stage, weights)
        is_done = outcome.finished.status == "done"
        if best is not None and outcome.finished.status == "stopped" and not _is_better(outcome, best):
            best = replace(
                best, finished=replace(best.finished, status="stopped")
            )  # an earlier step's result stays
        elif best is None or not is_done or _is_better(outcome, best):
            best = outcome
        if not is_done or outcome.project is None:
            break
        weights = outcome.project.weights
    if best is None:
        raise NetworkError("This network has no layers to thaw.")
    return replace(best, seconds=time.perf_counter() - transfer.began)


def _is_better(one: TransferOutcome, other: TransferOutcome) -> bool:
    return (one.finished.val_accuracy or 0.0) >= (other.finished.val_accuracy or 0.0)


def count_right(outcome: TransferOutcome, part: ImagePart) -> int:
    """Return how many images of the validation part were right."""
    return int(np.rint((outcome.finished.val_accuracy or 0.0) * len(part)))
