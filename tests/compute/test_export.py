"""Exported files of every starter, run in a fresh interpreter that knows torch alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from cnn_studio.app.project import Project, load_project, save_project, starter_project
from cnn_studio.app.weights import WeightSet
from cnn_studio.cli.main import run_command_line
from cnn_studio.compiler import lower
from cnn_studio.compiler.source import class_name
from cnn_studio.graph.starters import STARTERS, find_starter

_RUN = """
import json, sys, torch
space = {}
exec(compile(open("network.py", encoding="utf-8").read(), "network.py", "exec"), space)
module = space[sys.argv[1]]().eval()
module.load_state_dict(torch.load("weights.pth", weights_only=True), strict=True)
with torch.no_grad():
    logits = module(torch.load("images.pt", weights_only=True))
torch.save(logits, "logits.pt")
print(json.dumps([name for name in ("cnn_studio", "torchvision", "timm") if name in sys.modules]))
"""


def round_trip(name: str, folder: Path) -> float:
    """Export code and weights by the command line, run them elsewhere, and return the largest difference."""
    project = folder / "p.cnnstudio"
    assert run_command_line(["new", name, "-o", str(project)]) == 0
    for what, file in (("python", "network.py"), ("weights", "weights.pth")):
        assert run_command_line(["export", str(project), "--format", what, "-o", str(folder / file)]) == 0
    document = load_project(project).document
    entry = document.layer_at("input").params
    size = (2, entry["channels"], entry["height"], entry["width"])
    images = torch.rand(size, generator=torch.Generator().manual_seed(1))
    torch.save(images, folder / "images.pt")
    with torch.no_grad():
        expected = lower(document, seed=load_project(project).settings.seed).eval()(images)
    found = subprocess.run(
        [sys.executable, "-I", "-c", _RUN, class_name(document.info.name)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        check=False,
    )
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == []
    assert float(expected.abs().max()) > 1e-4, "logits of zero would compare equal whatever the code does"
    return float((torch.load(folder / "logits.pt", weights_only=True) - expected).abs().max())


@pytest.mark.parametrize("name", ["lenet5-1998", "squeezenet1_1"])
def test_code_and_weights_agree(name: str, tmp_path: Path) -> None:
    assert round_trip(name, tmp_path) <= 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("name", [starter.name for starter in STARTERS])
def test_code_and_weights_of_every_starter_agree(name: str, tmp_path: Path) -> None:
    assert round_trip(name, tmp_path) <= 1e-5
    for file in tmp_path.iterdir():
        file.unlink()  # half a gigabyte each for VGG


@pytest.fixture
def half_trained(tmp_path: Path) -> Path:
    """A project whose first layer alone has weights: all of them 0.25."""
    project = starter_project(find_starter("mlp"))
    first = {"fc1.weight": np.full((128, 784), 0.25, np.float32), "fc1.bias": np.zeros(128, np.float32)}
    path = tmp_path / "half.cnnstudio"
    weights = WeightSet.from_state(project.document, first)
    save_project(path, Project(project.document, project.data, project.settings, weights))
    return path


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".npz"])
def test_weights_in_every_format(
    suffix: str, half_trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / f"w ü{suffix}"
    assert run_command_line(["export", str(half_trained), "--format", "weights", "-o", str(out)]) == 0
    assert "4 tensors. The project has no trained values for 2 of them" in capsys.readouterr().out
    if suffix == ".npz":
        with np.load(out) as archive:
            state = {key: archive[key] for key in archive.files}
    elif suffix == ".pt":
        state = {key: value.numpy() for key, value in torch.load(out, weights_only=True).items()}
    else:
        from safetensors.numpy import load_file

        state = load_file(out)
    assert sorted(state) == ["fc1.bias", "fc1.weight", "fc2.bias", "fc2.weight"]
    assert (state["fc1.weight"] == 0.25).all()
    assert state["fc2.weight"].std() > 0


def test_refusals_write_nothing(
    half_trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(tmp_path.iterdir())
    for what, name, says in (
        ("weights", "w.bin", "End its name in .safetensors"),
        ("weights", "no/w.pt", "no such folder"),
        ("python", "no/w.py", "no such folder"),
    ):
        arguments = ["export", str(half_trained), "--format", what, "-o", str(tmp_path / name)]
        assert run_command_line(arguments) != 0
        assert says in capsys.readouterr().err
    assert run_command_line(["export", str(half_trained), "--format", "onnx", "-o", str(tmp_path / "x")]) == 2
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("what", ["python", "weights"])
def test_a_project_is_not_written_over_by_its_export(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project = tmp_path / "p.pt"
    save_project(project, starter_project(find_starter("mlp")))
    before = project.read_bytes()
    other_name = tmp_path / "link.pt"
    other_name.symlink_to(project)
    for target in (project, other_name):
        assert run_command_line(["export", str(project), "--format", what, "-o", str(target)]) == 2
        assert "is the project itself" in capsys.readouterr().err
    assert project.read_bytes() == before
