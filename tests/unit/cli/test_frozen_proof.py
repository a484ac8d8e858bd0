"""What ``train`` and ``runs show`` say of frozen layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import run_training
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone, RunFinished
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.networks import chain, tiny_classifier
from tests.unit.cli.conftest import Cli

Save = Callable[[NetworkDocument], Path]


def frozen() -> NetworkDocument:
    document = chain(
        (1, 8, 8),
        ("flatten", "flatten", {}),
        ("hidden", "linear", {"out_features": 12}),
        ("fc", "linear", {"out_features": 10}),
    )
    SetTraining(ids=(document.paths["hidden"],), trainable=False).apply(document)
    return document


def test_a_run_says_that_frozen_layers_stayed(cli: Cli, save: Save) -> None:
    path = save(frozen())
    proof = cli("train", path, "--epochs", 1, "--json").events[-1]["frozen_proof"]
    assert (proof["num_layers"], proof["num_tensors"], proof["holds"], proof["changed"]) == (1, 2, True, [])
    assert proof["before"] == proof["after"]
    line = f"Frozen: 2 tensors unchanged (SHA-256 {proof['before'][:8]}…)"
    assert line in cli("train", path, "--epochs", 1).out
    assert line in cli("runs", "show", 1).out
    assert cli("runs", "show", 1, "--json").json["frozen_proof"] == proof


def test_without_frozen_layers_nothing_is_said(cli: Cli, save: Save) -> None:
    result = cli("train", save(tiny_classifier()), "--epochs", 1, "--json")
    assert result.events[-1]["frozen_proof"] is None
    assert "Frozen" not in cli("runs", "show", 1).out


def test_a_layer_that_changed_is_an_error_with_its_name(cli: Cli) -> None:
    store, project = RunStore(), Project(frozen())
    broken = FreezeProof(1, 2, "a" * 64, "b" * 64, ("hidden",))
    store.start(project).finish(RunFinished("done", 1, 0.5, None, 1.0), None, broken)
    text = cli("runs", "show", 1).out
    assert "Frozen, but changed: hidden" in text
    assert "fault of the program" in text
    assert cli("runs", "show", 1, "--json").json["frozen_proof"]["holds"] is False


def test_a_run_that_ends_with_another_frozen_layer_than_it_began_with_fails(cli: Cli) -> None:
    document = frozen()
    state = {key: value.numpy() for key, value in lower(document, seed=3).state_dict().items()}
    settings = TrainSettings(epochs=2, start="trained")
    project = Project(document, settings=settings, weights=WeightSet.from_state(document, state))
    control, store = RunControl(), RunStore()

    def stop(event: object) -> None:
        if isinstance(event, EpochDone):
            control.stop("interrupt")

    run = run_training(project, stop, control, store=store).run
    assert run is not None
    state["hidden.bias"] = state["hidden.bias"] + np.float32(
        1e-3
    )  # what it began with is no longer what it has
    changed = replace(load_project(store.start_file(run)), weights=WeightSet.from_state(document, state))
    save_project(store.start_file(run), changed)
    result = cli("train", "--resume", run, "--json")
    assert result.code == 1
    assert "Frozen, but changed: hidden" in result.err
    proof = result.events[-1]["frozen_proof"]
    assert (proof["holds"], proof["changed"]) == (False, ["hidden"])
    kept = store.run(run)
    assert kept is not None
    assert kept.frozen_proof is not None
    assert kept.frozen_proof.changed == ("hidden",)
