"""``import``: networks of torchvision and timm become projects; nothing is downloaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnn_studio.app.project import load_project
from tests.unit.cli.conftest import Cli

pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Empty download folders."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))


def test_an_imported_network_is_a_sound_project(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "r.cnnstudio"
    done = cli("import", "torchvision:resnet18", "-o", path)
    assert (done.code, done.err) == (0, "")
    assert done.out == "Its weights are not on this machine, so the network is untrained.\n"
    assert cli("check", path).code == 0
    assert cli("summary", path, "--json").json["total_params"] == 11_689_512
    info = load_project(path).document.info
    assert (info.name, len(info.labels), info.preprocessing.resize) == ("resnet18", 1000, "crop")


def test_the_packaged_weights_come_along(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "l.cnnstudio"
    assert cli("import", "timm:tf_efficientnet_lite0", "-o", path).out.startswith(
        "Its trained weights were read from"
    )
    project = load_project(path)
    assert len(project.weights) == 296
    assert project.document.info.labels[0].startswith("tench")


def test_the_list(cli: Cli) -> None:
    cards = cli("import", "--list", "torchvision", "--json").json
    assert len(cards) == 68
    resnet = next(card for card in cards if card["name"] == "torchvision:resnet50")
    assert (resnet["params"], resnet["input_size"]) == (25_557_032, [3, 224, 224])
    assert resnet["macs"] == pytest.approx(4.089e9) and resnet["accuracy"] == pytest.approx(80.858)
    line = next(
        line for line in cli("import", "--list", "torchvision").out.splitlines() if "resnet50 " in line
    )
    assert "25.6 M parameters" in line and "80.9 % top-1" in line


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ((), 2, "Say which network"),
        (("torchvision:resnet18",), 2, "import torchvision:resnet18 -o network.cnnstudio"),
        (("torchvision:resnet19", "-o", "x.cnnstudio"), 2, "Near it there are resnet18"),
        (("timm:eca_resnet33ts", "-o", "x.cnnstudio"), 1, "conv1d is no layer"),
        (("--list", "keras"), 2, "there are torchvision and timm"),
    ],
)
def test_what_cannot_be_imported(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    result = cli("import", *arguments)
    assert (result.code, result.out) == (code, "")
    assert says in result.err and result.err.count("\n") == 1
    assert not (tmp_path / "x.cnnstudio").exists()
