"""``transfer --advise``: counts, measurement, case and recommendation as text and JSON, and nothing trained."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_studio.app.project import Project, save_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.weights import WeightSet
from cnn_studio.compiler import lower
from cnn_studio.graph.starters import find_starter
from cnn_studio.transfer.recipe import load_recipe
from tests.helpers.images import real_data
from tests.unit.cli.conftest import Cli


def textures(folder: Path, count: int = 12) -> Path:
    """Stripes of two directions: nothing like photographs."""
    for label, name in enumerate(("down", "across")):
        (folder / name).mkdir(parents=True)
        for number in range(count):
            places = np.mgrid[0:64, 0:64][label]
            values = (np.sin(places * (0.4 + 0.05 * number)) > 0) * 255
            Image.fromarray(values.astype(np.uint8)).convert("RGB").save(folder / name / f"{number}.png")
    return folder


def test_photographs_are_few_and_similar(cli: Cli) -> None:
    data = f"folder:{real_data('hymenoptera')}"
    found = cli("transfer", "--data", data, "--advise", "--json")
    assert found.code == 0, found.err
    record = found.json
    assert record["case"] == "small_similar"
    assert record["strategy"] == "svm"
    assert record["counts"] == {"ants": 124, "bees": 121}
    assert record["likeness"]["level"] == "similar"
    assert 0.05 < record["likeness"]["distance"] < 0.16
    assert record["basis"] == "measured"
    assert record["cut_behind"] is None
    assert RunStore().runs() == []


def test_textures_are_told_to_be_cut_earlier_and_the_command_says_where(cli: Cli, tmp_path: Path) -> None:
    folder = textures(tmp_path / "with space")
    kept = tmp_path / "recipe.json"
    found = cli("transfer", "--data", f"folder:{folder}", "--advise", "--save-recipe", kept)
    assert found.code == 0, found.err
    assert "very different" in found.out
    assert "Case: few images, different from the source data" in found.out
    assert "  down " in found.out
    assert "Recommended: CNN codes + linear SVM" in found.out
    command = shlex.split(found.out.strip().splitlines()[-1])
    assert command[:2] == ["cnn-studio", "transfer"]
    options = dict(zip(command[2::2], command[3::2], strict=False))
    assert options["--data"] == f"folder:{folder}"
    assert options["--strategy"] == "svm"
    assert options["--cut"].startswith("blocks.")
    assert RunStore().runs() == []
    assert load_recipe(kept).data.folder == str(folder)
    done = cli(*command[1:-1], tmp_path / "mine.cnnstudio")
    assert done.code == 0, done.err
    assert len(RunStore().runs()) == 1


def test_an_own_network_without_batch_norm_is_measured_by_another(cli: Cli, tmp_path: Path) -> None:
    document = find_starter("lenet5").build()
    state = {key: value.numpy() for key, value in lower(document).state_dict().items()}
    path = tmp_path / "own.cnnstudio"
    save_project(path, Project(document, weights=WeightSet.from_state(document, state)))
    record = cli("transfer", "--source", path, "--data", "digits", "--advise", "--json").json
    assert "EfficientNet-Lite0 measures in its place" in " ".join(record["notes"])
    assert record["likeness"]["ruler"] == "timm:tf_efficientnet_lite0"
    assert record["case"] == "large_different"


@pytest.mark.parametrize(
    "arguments", [["--data", "digits", "--source", "resnet1"], ["--data", "folder:/no/where"]]
)
def test_what_cannot_be_used_is_said(cli: Cli, arguments: list[str]) -> None:
    found = cli("transfer", *arguments, "--advise")
    assert found.code == 2
    assert found.err.strip()
