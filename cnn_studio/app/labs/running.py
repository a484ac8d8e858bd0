"""Carries a laboratory out: its arms as ordinary runs, one after the other, and then what was seen."""

from __future__ import annotations

from dataclasses import dataclass, field

from cnn_studio.app.labs.lab import Arm, ArmResult, Findings, Lab, Setup
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import DataReady, Report, TrainingOutcome, load_data, run_training
from cnn_studio.app.transferring import Prepared, run_transfer
from cnn_studio.core.errors import Cancelled
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone, GradientsMeasured, RunFinished, RunStarted
from cnn_studio.graph.cutting import find_cut, shapes_of
from cnn_studio.transfer.recipe import TransferRecipe

_MOST_SEEN = 2_000
"""Training images that a finished network is asked about again; more would only sharpen the last digit."""


@dataclass(frozen=True, slots=True)
class ArmStarted:
    """One of the runs begins.

    Attributes:
        number, total: which of how many, from 1.
        name: of the arm.
        project: what is trained.
    """

    number: int
    total: int
    name: str
    project: Project = field(repr=False)


@dataclass(frozen=True, slots=True)
class ArmFinished:
    """One of the runs ended; a failed one too, which may be what the experiment is about."""

    result: ArmResult


@dataclass(frozen=True, slots=True)
class LabOutcome:
    """The end of an experiment.

    Attributes:
        lab: the experiment.
        setup: what it was run with.
        results: of the arms that ran, in order.
        findings: what was seen; None where the user stopped it before.
    """

    lab: Lab
    setup: Setup
    results: tuple[ArmResult, ...]
    findings: Findings | None


def run_lab(
    lab: Lab,
    setup: Setup,
    report: Report,
    control: RunControl,
    *,
    store: RunStore | None = None,
) -> LabOutcome:
    """Train the arms of an experiment and say what was seen.

    `report` gets `ArmStarted`, the events of `run_training`, and `ArmFinished`, once per arm. A stop ends the run under
    way in order, which is kept, and the experiment with it.

    Args:
        lab: the experiment.
        setup: the seed and the images.
        report: called with each event, in this thread.
        control: pause and stop requests, for all the runs.
        store: where to keep the runs; the user's own if None.

    Raises:
        DataError: the images cannot be used.
        NetworkError: a network does not fit the images.
    """
    results: list[ArmResult] = []
    for number, arm in enumerate(lab.arms, 1):
        if control.stop_requested:
            break
        project = named_project(lab, arm, setup)
        report(ArmStarted(number, len(lab.arms), arm.name, project))
        results.append(_run_arm(arm, project, setup, report, control, store))
        report(ArmFinished(results[-1]))
    is_whole = len(results) == len(lab.arms) and all(
        one.finished.status in ("done", "failed") for one in results
    )
    return LabOutcome(lab, setup, tuple(results), lab.observe(results) if is_whole else None)


def named_project(lab: Lab, arm: Arm, setup: Setup) -> Project:
    """Return what an arm trains, under a name that tells it among all kept runs."""
    project = arm.build(setup)
    project.document.change_info(name=f"{lab.title}: {arm.name}")
    return project


def _run_arm(
    arm: Arm, project: Project, setup: Setup, report: Report, control: RunControl, store: RunStore | None
) -> ArmResult:
    if arm.draw is None:
        return _train(arm.name, project, None, report, control, store)
    try:
        data = arm.draw(load_data(project, report, control), setup)
    except Cancelled:
        return ArmResult(arm.name, RunFinished("stopped", 0, None, None, 0.0))
    if arm.recipe is None:
        return _train(arm.name, project, data, report, control, store)
    return _transfer(arm.name, project, arm.recipe(setup), data, report, control, store)


def _transfer(
    name: str,
    project: Project,
    recipe: TransferRecipe,
    data: ImageData,
    report: Report,
    control: RunControl,
    store: RunStore | None,
) -> ArmResult:
    cut = find_cut(shapes_of(project.document), recipe.cut)
    prepared = Prepared(recipe.source, project, cut, data)
    outcome = run_transfer(recipe, report, control, prepared=prepared, store=store)
    return ArmResult(
        name,
        outcome.finished,
        outcome.run,
        num_train=len(data.train),
        num_val=len(data.val),
        num_params=outcome.trainable,
        project=outcome.project,
    )


def _train(
    name: str,
    project: Project,
    data: ImageData | None,
    report: Report,
    control: RunControl,
    store: RunStore | None,
) -> ArmResult:
    epochs: list[EpochDone] = []
    gradients: list[GradientsMeasured] = []
    started: list[RunStarted] = []
    loaded: list[ImageData] = []

    def keep(event: object) -> None:
        match event:
            case EpochDone():
                epochs.append(event)
            case GradientsMeasured():
                gradients.append(event)
            case RunStarted():
                started.append(event)
            case DataReady(data):
                loaded.append(data)
        report(event)

    outcome = run_training(project, keep, control, store=store, data=data)
    return ArmResult(
        name,
        outcome.finished,
        outcome.run,
        tuple(epochs),
        tuple(gradients),
        started[0].num_train if started else 0,
        started[0].num_val if started else 0,
        started[0].total_params if started else 0,
        _seen_accuracy(outcome, loaded[0]) if loaded else None,
        outcome.project,
    )


def _seen_accuracy(outcome: TrainingOutcome, data: ImageData) -> float | None:
    """Return how well the kept network does on the images that it learnt from, shown as they are."""
    project = outcome.project
    if project is None:
        return None
    import torch

    from cnn_studio.compiler import lower
    from cnn_studio.datasets.batches import normalise
    from cnn_studio.engine.metrics import evaluate

    state = {key: torch.tensor(array) for key, array in project.weights.to_state(project.document).items()}
    module = lower(project.document, weights=state)
    preprocessing = project.document.info.preprocessing
    mean, std = preprocessing.mean or data.mean, preprocessing.std or data.std
    # the images may be sorted by class, so that the first ones would be of a few classes only
    step = max(1, len(data.train) // _MOST_SEEN)
    images, labels = data.train.images[::step], data.train.labels[::step]
    batches = (
        (
            normalise(torch.from_numpy(images[at : at + 64].copy()), mean, std),
            torch.from_numpy(labels[at : at + 64]),
        )
        for at in range(0, len(labels), 64)
    )
    return evaluate(module, batches).accuracy
