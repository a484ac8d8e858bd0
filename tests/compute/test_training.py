"""Runs from request to kept result: what freezing means for layers without a module of their own, and broken runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnn_studio.app.project import Project, starter_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import TrainingOutcome, layer_plans, run_training
from cnn_studio.core.errors import RunError
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone
from cnn_studio.engine.plan import LayerPlan
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from tests.helpers.networks import chain, join


def small_project() -> Project:
    project = starter_project(find_starter("mlp"))
    return replace(project, settings=project.settings.model_copy(update={"epochs": 1}))


def train(project: Project, folder: Path) -> TrainingOutcome:
    return run_training(project, lambda event: None, RunControl(), store=RunStore(folder))


def freeze(document: NetworkDocument, *paths: str) -> None:
    SetTraining(ids=tuple(document.paths[path] for path in paths), trainable=False).apply(document)


def test_a_selection_frozen_with_the_input_trains(tmp_path: Path) -> None:
    project = small_project()
    freeze(project.document, "input", "flatten", "fc1")
    outcome = train(project, tmp_path)
    assert outcome.finished.status == "done", outcome.finished.message


def test_a_frozen_layer_that_leads_nowhere_trains(tmp_path: Path) -> None:
    project = small_project()
    join(project.document, "aside", "linear", ["flatten"], out_features=3)
    freeze(project.document, "aside")
    outcome = train(project, tmp_path)
    assert outcome.finished.status == "done", outcome.finished.message


def test_shared_weights_have_one_plan_under_the_owners_name() -> None:
    document = chain(
        (1, 2, 4),
        ("flatten", "flatten", {}),
        ("first", "linear", {"out_features": 8}),
        ("second", "linear", {"out_features": 8}),
    )
    owner, other = document.paths["first"], document.paths["second"]
    document.change_layer(other, tied_to=owner)
    assert layer_plans(document) == []
    document.change_layer(owner, lr_factor=0.5)
    assert layer_plans(document) == [LayerPlan("first", lr_factor=0.5)]
    freeze(document, "second")
    assert layer_plans(document) == [LayerPlan("first", trainable=False, lr_factor=0.5)]


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt(), "stopped"), (OSError("the terminal is gone"), "failed")]
)
def test_a_run_that_breaks_off_does_not_look_as_if_it_went_on(
    tmp_path: Path, error: BaseException, status: str
) -> None:
    def report(event: object) -> None:
        if isinstance(event, BatchDone):
            raise error

    store = RunStore(tmp_path)
    with pytest.raises(type(error)):
        run_training(small_project(), report, RunControl(), store=store)
    (run,) = store.runs()
    assert run.status == status


def test_a_run_from_trained_weights_goes_on_and_keeps_what_is_frozen(tmp_path: Path) -> None:
    first = train(small_project(), tmp_path)
    assert first.project is not None
    project = replace(
        first.project, settings=first.project.settings.model_copy(update={"start": "trained", "epochs": 1})
    )
    freeze(project.document, "fc1")
    losses: list[float] = []

    def note(event: object) -> None:
        if isinstance(event, BatchDone):
            losses.append(event.loss)

    second = run_training(project, note, RunControl(), store=RunStore(tmp_path))
    assert second.finished.status == "done", second.finished.message
    assert losses[0] < 1.0, "new weights would begin at ln 10 = 2.3"
    before = first.project.weights.to_state(first.project.document)
    assert second.project is not None
    after = second.project.weights.to_state(second.project.document)
    for key in before:
        assert (before[key] == after[key]).all() == key.startswith("fc1"), key


def test_a_run_from_trained_weights_needs_some(tmp_path: Path) -> None:
    project = small_project()
    project = replace(project, settings=project.settings.model_copy(update={"start": "trained"}))
    with pytest.raises(RunError, match="has none yet"):
        train(project, tmp_path)
