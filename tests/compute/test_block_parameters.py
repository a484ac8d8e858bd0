"""Layers that are a parameter of their block: built, trained, frozen, saved, opened and exported under their path."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.training import TrainingOutcome, run_training
from cnn_studio.compiler import lower
from cnn_studio.compiler.source import class_name, source_text
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import GradientsMeasured
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.networks import chain, join
from tests.helpers.tiny_training import tiny_data

SCALES = {"map": (4, 1, 1), "vector_map": (4,), "vector": (6,)}


def network(**params: Any) -> NetworkDocument:
    """A residual block whose branch ends in layer scale, then a classifier of three classes."""
    document = chain(
        (1, 8, 8),
        ("stem", "conv2d", {"out_channels": 4, "kernel_size": 3}),
        ("block.conv", "conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        ("block.layer_scale", "layer_scale", {"init": 0.5, **params}),
        ("block.drop", "stochastic_depth", {"p": 0.2}),
        name="Scaled",
    )
    join(document, "block.add", "add", ["stem", "block.drop"])
    join(document, "flatten", "flatten", ["block.add"])
    fc = join(document, "fc", "linear", ["flatten"], out_features=3)
    document.change_info(output=fc.id)
    return document


def train(
    project: Project, folder: Path, events: list[object] | None = None
) -> tuple[TrainingOutcome, dict[str, Any]]:
    report = (lambda event: None) if events is None else events.append
    outcome = run_training(project, report, RunControl(), store=RunStore(folder), data=tiny_data())
    assert outcome.finished.status == "done", outcome.finished.message
    assert outcome.project is not None
    return outcome, dict(outcome.project.weights.to_state(outcome.project.document))


@pytest.mark.parametrize("layout", SCALES)
def test_the_key_is_the_path_and_the_numbers_are_the_formula(layout: str) -> None:
    document = network(layout=layout, init=0.25)
    document.change_info(output=document.paths["block.layer_scale"])
    join(document, "flat", "flatten", ["block.layer_scale"])
    document.change_info(output=document.paths["flat"])
    module = lower(document, seed=1)
    assert module.state_dict()["block.layer_scale"].shape == SCALES[layout]
    assert [name for name, _ in module.named_parameters() if "scale" in name] == ["block.layer_scale"]
    assert module.state_dict().keys() == {
        "stem.weight", "stem.bias", "block.conv.weight", "block.conv.bias", "block.layer_scale"
    }  # fmt: skip
    with torch.no_grad():
        factors = torch.linspace(-1, 1, module.get_parameter("block.layer_scale").numel())
        module.get_parameter("block.layer_scale").copy_(factors.view(SCALES[layout]))
    images = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    inner = module.block.conv(module.stem(images))
    shown = {"map": (-1, 1, 1), "vector_map": (-1, 1, 1), "vector": (-1,)}[layout]
    torch.testing.assert_close(module(images), (inner * factors.view(shown)).flatten(1))


def test_its_node_says_which_layer_it_is_and_copies_are_independent() -> None:
    document = network()
    module = lower(document)
    nodes = {node.meta["layer_id"]: node.op for node in module.graph.nodes if "layer_id" in node.meta}
    assert nodes[document.paths["block.layer_scale"]] == "call_function"
    other = copy.deepcopy(module)
    with torch.no_grad():
        other.get_parameter("block.layer_scale").fill_(3)
    assert (module.get_parameter("block.layer_scale") == 0.5).all()
    assert lower(document, device="meta").state_dict()["block.layer_scale"].is_meta


def test_weights_load_under_the_path_and_shared_ones_stand_once() -> None:
    document = network()
    again = join(document, "block.again", "layer_scale", ["block.layer_scale"], init=0.5)
    document.change_layer(again.id, tied_to=document.paths["block.layer_scale"])
    document.change_info(output=join(document, "flat", "flatten", ["block.again"]).id)
    given = torch.full((4, 1, 1), 3.0)
    module = lower(document, weights={"block.layer_scale": given})
    assert torch.equal(module.state_dict()["block.layer_scale"], given)
    assert "block.again" not in module.state_dict()
    images = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(module(images), 9 * module.block.conv(module.stem(images)).flatten(1))


def test_it_trains_freezes_saves_and_opens_again(tmp_path: Path) -> None:
    settings = TrainSettings(epochs=2, batch_size=16, learning_rate=0.02, optimizer="adam", seed=3)
    project = Project(network(), settings=settings)
    events: list[object] = []
    _, learned = train(project, tmp_path, events)
    assert learned["block.layer_scale"].shape == (4, 1, 1)
    assert not np.array_equal(learned["block.layer_scale"], np.full((4, 1, 1), 0.5, np.float32))
    owners = {path for e in events if isinstance(e, GradientsMeasured) for path, _ in e.norms}
    assert "block.layer_scale" in owners

    slow = Project(network(), settings=settings)
    slow.document.change_layer(slow.document.paths["block.layer_scale"], lr_factor=1e-3)
    _, slowly = train(slow, tmp_path)
    moved = [np.abs(found["block.layer_scale"] - 0.5).max() for found in (learned, slowly)]
    assert moved[1] < moved[0] / 20

    frozen = Project(network(), settings=settings)
    frozen.document.change_layer(frozen.document.paths["block.layer_scale"], trainable=False)
    outcome, kept = train(frozen, tmp_path)
    assert np.array_equal(kept["block.layer_scale"], np.full((4, 1, 1), 0.5, np.float32))
    assert not np.array_equal(kept["fc.weight"], learned["fc.weight"])

    assert outcome.project is not None
    trained = replace(outcome.project)
    layer_id = trained.document.paths["block.layer_scale"]
    trained.document.change_layer(layer_id, path="stage.gamma")
    save_project(tmp_path / "scaled.cnnstudio", trained)
    opened = load_project(tmp_path / "scaled.cnnstudio")
    state = opened.weights.to_state(opened.document)
    assert np.array_equal(state["stage.gamma"], kept["block.layer_scale"])
    assert opened.weights.misfits(infer_shapes(opened.document)) == []
    module = lower(opened.document, weights={key: torch.tensor(value) for key, value in state.items()})
    assert set(module.state_dict()) == set(state)


def test_the_exported_code_has_the_parameter_in_its_block() -> None:
    document = network()
    text = source_text(document)
    assert "self.block.layer_scale = nn.Parameter(torch.full((4, 1, 1), 0.5))" in text
    space: dict[str, Any] = {}
    exec(text, space)
    exported: nn.Module = space[class_name(document.info.name)]().eval()
    module = lower(document, seed=2).eval()
    exported.load_state_dict(module.state_dict())
    images = torch.randn(2, 1, 8, 8, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(exported(images), module(images))
    document.change_layer(document.paths["block.layer_scale"], path="7.0")
    text = source_text(document)
    assert "self[7][0] = nn.Parameter" in text
    exec(text, space)
    exported = space[class_name(document.info.name)]()
    assert exported.state_dict()["7.0"].shape == (4, 1, 1)
    exported(images)
