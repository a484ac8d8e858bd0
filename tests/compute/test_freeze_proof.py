"""Every run with frozen layers proves that they stayed bit for bit as they were, and names those that did not."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.app.freeze_proof import FreezeProof, frozen_state, layer_of, prove
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import TrainingOutcome, resume_training, run_training
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import BatchDone, EpochDone
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.networks import chain


def network() -> NetworkDocument:
    return chain(
        (1, 8, 8),
        ("block.conv", "conv2d", {"out_channels": 4, "kernel_size": (3, 3), "padding": (1, 1, 1, 1)}),
        ("block.bn", "batch_norm", {}),
        ("relu", "relu", {}),
        ("flatten", "flatten", {}),
        ("hidden", "linear", {"out_features": 12}),
        ("fc", "linear", {"out_features": 10}),
    )


def project(*frozen: str, **settings: object) -> Project:
    document = network()
    SetTraining(ids=tuple(document.paths[path] for path in frozen), trainable=False).apply(document)
    return Project(document, settings=TrainSettings.model_validate({"epochs": 2, "seed": 4} | settings))


def other_weights(document: NetworkDocument) -> WeightSet:
    state = lower(document, seed=9).state_dict()
    return WeightSet.from_state(document, {key: value.numpy() for key, value in state.items()})


def trained(project: Project, folder: Path) -> TrainingOutcome:
    return run_training(project, lambda event: None, RunControl(), store=RunStore(folder))


def digest_of(state: dict[str, np.ndarray], *paths: str) -> str:
    """The fingerprint as described: SHA-256 over the layers' own, each over names, shapes and bytes."""
    whole = hashlib.sha256()
    for path in sorted(paths):
        own = hashlib.sha256()
        for key in sorted(key for key in state if key.rpartition(".")[0] == path):
            own.update(f"{key}{state[key].shape}{state[key].dtype}".encode() + state[key].tobytes())
        whole.update(f"{path}\0{own.hexdigest()}\0".encode())
    return whole.hexdigest()


@pytest.mark.parametrize("more", [{}, {"ema_decay": 0.9}, {"optimizer": "adamw", "weight_decay": 0.1}])
def test_a_run_from_new_weights_proves_what_was_frozen(tmp_path: Path, more: dict[str, object]) -> None:
    begun = project("block.conv", "block.bn", **more)
    outcome = trained(begun, tmp_path)
    first = {key: value.numpy().copy() for key, value in lower(begun.document, seed=4).state_dict().items()}
    proof = outcome.frozen_proof
    assert proof is not None
    assert proof.holds
    assert (proof.num_layers, proof.changed) == (2, ())
    assert proof.num_tensors == len([key for key in first if key.startswith("block.")])
    assert proof.before == proof.after == digest_of(first, "block.conv", "block.bn")
    assert outcome.project is not None
    kept = outcome.project.weights.to_state(outcome.project.document)
    assert digest_of(kept, "block.conv", "block.bn") == proof.after
    assert not np.array_equal(kept["hidden.weight"], first["hidden.weight"])
    row = RunStore(tmp_path).run(outcome.run or 0)
    assert row is not None
    assert row.frozen_proof == proof


def test_a_run_from_trained_weights_proves_these(tmp_path: Path) -> None:
    begun = project("hidden", start="trained")
    begun = replace(begun, weights=other_weights(begun.document))
    proof = trained(begun, tmp_path).frozen_proof
    assert proof is not None
    assert proof.before == digest_of(begun.weights.to_state(begun.document), "hidden")
    assert proof.holds


def test_without_frozen_layers_there_is_no_proof(tmp_path: Path) -> None:
    outcome = trained(project(), tmp_path)
    assert outcome.frozen_proof is None
    row = RunStore(tmp_path).run(outcome.run or 0)
    assert row is not None
    assert row.frozen_proof is None


def test_a_run_that_goes_on_proves_against_its_very_beginning(tmp_path: Path) -> None:
    begun = project("block.conv", "block.bn", start="trained", epochs=3)
    begun = replace(begun, weights=other_weights(begun.document))
    control, store = RunControl(), RunStore(tmp_path)

    def report(event: object) -> None:
        if isinstance(event, EpochDone) or (isinstance(event, BatchDone) and event.epoch == 2):
            control.stop("interrupt")

    cut = run_training(begun, report, control, store=store)
    assert cut.finished.status == "interrupted"
    outcome = resume_training(cut.run or 0, lambda event: None, RunControl(), store=store)
    assert outcome.finished.status == "done"
    proof = outcome.frozen_proof
    assert proof is not None
    assert proof.before == digest_of(begun.weights.to_state(begun.document), "block.conv", "block.bn")
    assert proof.holds


def test_a_layer_that_changed_is_named() -> None:
    frozen = ("a.conv", "a.bn", "scale")
    state = {
        "a.conv.weight": np.ones((2, 3), dtype=np.float32),
        "a.bn.running_mean": np.zeros(2, dtype=np.float32),
        "a.bn.num_batches_tracked": np.array(7),
        "scale": np.ones(2, dtype=np.float32),
        "fc.weight": np.ones(4, dtype=np.float32),
    }
    before = frozen_state(frozen, state)
    assert before.num_tensors == 4
    learned = prove(before, frozen_state(frozen, state | {"fc.weight": np.zeros(4, dtype=np.float32)}))
    assert learned is not None
    assert learned.holds
    assert learned.text == f"Frozen: 4 tensors unchanged (SHA-256 {learned.before[:8]}…)"
    moved = prove(before, frozen_state(frozen, state | {"a.bn.num_batches_tracked": np.array(8)}))
    assert moved is not None
    assert not moved.holds
    assert moved.changed == ("a.bn",)
    assert "changed: a.bn, of 4 tensors" in moved.text
    assert FreezeProof.from_record(moved.record()) == moved
    assert prove(frozen_state((), state), frozen_state((), state)) is None


def test_a_tensor_belongs_to_the_nearest_layer_around_it() -> None:
    assert layer_of("a.b.weight", {"a", "a.b"}) == "a.b"
    assert layer_of("a.b.inner.weight", {"a.b"}) == "a.b"
    assert layer_of("token", {"token"}) == "token"
    assert layer_of("ab.weight", {"a"}) is None
