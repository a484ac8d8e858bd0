"""What ``train`` and ``runs show`` say of frozen layers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.engine.events import RunFinished
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
