"""What transfer begins from: networks of libraries, one's own projects and runs, with weights or with a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import huggingface_hub.constants
import numpy as np
import pytest
import torch
from torchvision import models

from cnn_studio.app.project import Project, save_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.sources import open_source
from cnn_studio.core.errors import FileFormatError, GraphError, NetworkError, RunError
from tests.helpers.projects import lenet, random_weights


@pytest.fixture(autouse=True)
def own_places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty download folders, and no runs."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))


def trained() -> Project:
    project = lenet()
    return replace(project, weights=random_weights(project.document))


def same(first: Project, second: Project) -> bool:
    ours, theirs = (project.weights.to_state(project.document) for project in (first, second))
    return (
        bool(ours) and ours.keys() == theirs.keys() and all(np.array_equal(ours[k], theirs[k]) for k in ours)
    )


def test_the_source_that_is_always_there() -> None:
    opened = open_source("efficientnet_lite0")
    assert opened.title == "timm:tf_efficientnet_lite0"
    assert len(opened.project.weights) == 296
    assert opened.match is not None and opened.match.is_complete
    assert any(note.startswith("Its trained weights were read from") for note in opened.notes)


@pytest.mark.parametrize("prefix", ["", "project:"])
def test_ones_own_project(tmp_path: Path, prefix: str) -> None:
    project, path = trained(), tmp_path / "mein netz ü.cnnstudio"
    save_project(path, project)
    opened = open_source(f"{prefix}{path}")
    assert same(opened.project, project)
    assert (opened.title, opened.notes, opened.match) == (str(path), (), None)


def test_a_run() -> None:
    project, store = trained(), RunStore()
    run = store.start(project).run
    with pytest.raises(RunError, match=rf"Run {run} has kept no trained network yet"):
        open_source(f"run:{run}")
    store.save_network(run, project)
    opened = open_source(f"run:{run}")
    assert opened.title == f"Run {run}" and same(opened.project, project)


@pytest.mark.parametrize("name", ["resnet18", "torchvision:resnet18", "timm:resnet18"])
def test_weights_that_are_not_here_name_what_can_be_done(name: str) -> None:
    with pytest.raises(NetworkError) as caught:
        open_source(name)
    said = str(caught.value)
    full = name if ":" in name else f"torchvision:{name}"
    assert said.startswith(f"The weights of {full} are not on this machine.")
    for choice in ("efficientnet_lite0", "a file on disk", "a mirror", f"sources --download {full}"):
        assert choice in said


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("resnet19", GraphError, "There is no source 'resnet19'"),
        ("torchvision:resnet19", GraphError, "Near it there are resnet18"),
        ("run:7", RunError, "There is no run 7"),
        ("run:last", GraphError, "names no run"),
        ("run:", GraphError, "names no run"),
        ("weights.pth", GraphError, "Name the network, and give the file with --weights weights.pth"),
        ("none.cnnstudio", FileFormatError, "there is no such file"),
        ("project:none", FileFormatError, "there is no such file"),
        ("", GraphError, "There is no source"),
    ],
)
def test_names_that_are_no_source(name: str, error: type[Exception], says: str) -> None:
    with pytest.raises(error, match=says):
        open_source(name)


def test_a_project_without_weights(tmp_path: Path) -> None:
    path = tmp_path / "new.cnnstudio"
    save_project(path, lenet())
    with pytest.raises(NetworkError, match="has no trained weights, so nothing can begin from it"):
        open_source(str(path))


def test_weights_from_a_file(tmp_path: Path) -> None:
    project, path = trained(), tmp_path / "new.cnnstudio"
    save_project(path, lenet())
    state = {
        f"module.{key}": torch.from_numpy(array)
        for key, array in project.weights.to_state(project.document).items()
    }
    torch.save({"state_dict": state}, tmp_path / "net.pth")
    opened = open_source(str(path), weights=tmp_path / "net.pth")
    assert opened.match is not None and opened.match.is_complete
    assert same(opened.project, project)
    assert opened.notes[0].startswith("All 14 tensors of the network are in the file")
    with pytest.raises(FileFormatError, match="has no weights for this network"):
        open_source("torchvision:resnet18", weights=tmp_path / "net.pth")
    torch.save(models.resnet18(num_classes=3).state_dict(), tmp_path / "three.pth")
    opened = open_source("resnet18", weights=tmp_path / "three.pth")
    assert opened.match is not None and opened.match.random == ("fc.weight", "fc.bias")
    assert len(opened.project.weights) == 120
