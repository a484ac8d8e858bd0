"""What the window wants to train: one run at a time, the others wait their turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnn_studio.app.project import Project, load_project
from cnn_studio.app.run_history import read_history
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import Report, StoreFailed, TrainingOutcome, resume_training, run_training
from cnn_studio.core.errors import StudioError
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import Event, RunStarted
from cnn_studio.graph.document import NetworkDocument

Work = Callable[[Report, RunControl], TrainingOutcome]


@dataclass(frozen=True, slots=True)
class ProjectRead:
    """What a run from the store trains, read in its job."""

    project: Project


@dataclass(frozen=True, slots=True)
class HistoryRead:
    """What a run that goes on has shown so far; follows its `RunStarted`, before the first new step."""

    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is wanted.

    Attributes:
        title: what the queue calls it.
        work: carries it out.
        document: the document it was taken from, so that its weights go back there; None for a run from the store.
        key: what its images depend on, to know whether the window still shows them.
        resumed: the number of the run that goes on, or None.
        project: what it trains; None for a run from the store, which reports it as `ProjectRead`.
    """

    title: str
    work: Work
    document: NetworkDocument | None = None
    key: object = None
    resumed: int | None = None
    project: Project | None = None


def new_run(
    project: Project, data: ImageData | None, store: RunStore, document: NetworkDocument, key: object
) -> Wanted:
    """Return the run of a snapshot of the open project."""
    return Wanted(
        project.document.info.name,
        lambda report, control: run_training(project, report, control, store=store, data=data),
        document,
        key,
        project=project,
    )


def repeated_run(name: str, store: RunStore, run: int) -> Wanted:
    """Return a run that does again, from the start, what a kept one did."""

    def work(report: Report, control: RunControl) -> TrainingOutcome:
        project = load_project(store.start_file(run))
        report(ProjectRead(project))
        return run_training(project, report, control, store=store)

    return Wanted(f"{name} (run {run} again)", work)


def resumed_run(name: str, store: RunStore, run: int) -> Wanted:
    """Return a run that goes on where a kept one was cut off."""

    def work(report: Report, control: RunControl) -> TrainingOutcome:
        def pass_on(event: object) -> None:
            report(event)
            if isinstance(event, RunStarted):  # by now what came after the checkpoint is forgotten
                try:
                    report(HistoryRead(tuple(read_history(store, run))))
                except StudioError as error:
                    report(StoreFailed(str(error)))

        report(ProjectRead(load_project(store.start_file(run))))
        return resume_training(run, pass_on, control, store=store)

    return Wanted(f"{name} (run {run} goes on)", work, resumed=run)
