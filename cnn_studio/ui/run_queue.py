"""What the window wants to train: one run at a time, the others wait their turn."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import Report, TrainingOutcome, resume_training, run_training
from cnn_studio.datasets.records import ImageData
from cnn_studio.engine.control import RunControl
from cnn_studio.graph.document import NetworkDocument

Work = Callable[[Report, RunControl], TrainingOutcome]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A run that is wanted.

    Attributes:
        title: what the queue calls it.
        work: carries it out.
        document: the document it was taken from, so that its weights go back there; None for a run from the store.
        key: what its images depend on, to know whether the window still shows them.
        resumed: the number of the run that goes on, or None.
    """

    title: str
    work: Work
    document: NetworkDocument | None = None
    key: object = None
    resumed: int | None = None


def new_run(
    project: Project, data: ImageData | None, store: RunStore, document: NetworkDocument, key: object
) -> Wanted:
    """Return the run of a snapshot of the open project."""
    return Wanted(
        project.document.info.name,
        lambda report, control: run_training(project, report, control, store=store, data=data),
        document,
        key,
    )


def repeated_run(project: Project, store: RunStore, run: int) -> Wanted:
    """Return a run that does again, from the start, what a kept one did."""
    return Wanted(
        f"{project.document.info.name} (run {run} again)",
        lambda report, control: run_training(project, report, control, store=store),
    )


def resumed_run(name: str, store: RunStore, run: int) -> Wanted:
    """Return a run that goes on where a kept one was cut off."""
    return Wanted(
        f"{name} (run {run} goes on)",
        lambda report, control: resume_training(run, report, control, store=store),
        resumed=run,
    )
