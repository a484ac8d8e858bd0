"""``sources`` and ``import --weights``: what is listed, fetched from a server that the test starts, and fitted."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from cnn_studio.app.project import load_project
from tests.helpers.web import Site, serving
from tests.unit.cli.conftest import Cli

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def no_downloads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Empty download folders; that of torch is returned."""
    import huggingface_hub.constants

    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "torch" / "hub" / "checkpoints"


def test_the_record_of_a_source(cli: Cli, no_downloads: Path) -> None:
    found = {entry["name"]: entry for entry in cli("sources", "--json").json}
    first = found["timm:tf_efficientnet_lite0"]
    assert first["is_here"] and first["bytes_on_disk"] > 1e7 and first["bytes_to_download"] == 0
    assert first["mean"] == first["std"] == [0.5, 0.5, 0.5]
    assert (first["library"], first["licence"], first["origin"]) == (
        "timm",
        "apache-2.0",
        "Google, converted by ML Illustrated",
    )
    assert (first["params"], first["macs"], first["accuracy"]) == (4_652_008, 391_925_248, 75.1)
    assert "Google" in first["accuracy_source"]
    resnet = found["torchvision:resnet50"]
    assert not resnet["is_here"] and resnet["bytes_on_disk"] is None and resnet["file"] is None
    assert resnet["bytes_to_download"] == pytest.approx(102.5e6, rel=0.01)
    assert (resnet["params"], resnet["input_size"]) == (25_557_032, [3, 224, 224])
    assert resnet["mean"] == [0.485, 0.456, 0.406] and resnet["origin"] == "PyTorch (torchvision)"
    no_downloads.mkdir(parents=True)
    (no_downloads / "resnet50-11ad3fa6.pth").write_bytes(b"12345")
    found = {entry["name"]: entry for entry in cli("sources", "--json").json}
    assert found["torchvision:resnet50"]["bytes_on_disk"] == 5


def test_weights_are_fetched_on_request(
    cli: Cli, no_downloads: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnn_studio.transfer.opening import find_network

    content = os.urandom(200_000)
    name = f"squeezenet1_1-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    card = replace(
        find_network("torchvision:squeezenet1_1"), file_name=name, url=f"https://x.org/models/{name}"
    )
    monkeypatch.setattr("cnn_studio.transfer.sources.find_network", lambda _name: card)
    with serving(Site({f"models/{name}": content})) as site:
        done = cli("sources", "--download", "squeezenet1_1", "--mirror", site.url)
    assert (done.code, done.out, done.err) == (0, f"{no_downloads / name}\n", "")
    assert (no_downloads / name).read_bytes() == content
    again = cli("sources", "--download", "squeezenet1_1", "--json").json
    assert (again["is_here"], again["bytes_on_disk"], again["file"]) == (
        True,
        200_000,
        str(no_downloads / name),
    )


def test_what_is_always_here_needs_no_connection(cli: Cli) -> None:
    assert cli("sources", "--download", "efficientnet_lite0").out.endswith(
        "efficientnet-lite0-57934424.pth\n"
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--download", "resnet19"), "There is no source 'resnet19'"),
        (("--download", "resnet18", "--mirror", "x.org"), "The mirror 'x.org' is no web address"),
        (("--download", "resnet18", "--mirror", "http://127.0.0.1:9"), "it refuses connections"),
        (("--mirror", "http://127.0.0.1:9"), "--mirror goes with --download NAME."),
    ],
)
def test_what_cannot_be_fetched(cli: Cli, arguments: tuple[str, ...], says: str) -> None:
    done = cli("sources", *arguments)
    assert (done.code, done.out) == (2, "") and says in done.err and done.err.count("\n") == 1


def test_ctrl_c_keeps_what_came(tmp_path: Path, no_downloads: Path) -> None:
    content = bytes(3_000_000)
    name = "models/squeezenet1_1-b8a52dc0.pth"
    command = (sys.executable, "-m", "cnn_studio", "sources", "--download", "torchvision:squeezenet1_1")
    with (
        serving(Site({name: content}, delay=0.005)) as site,
        subprocess.Popen(
            [*command, "--mirror", site.url], stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as process,
    ):
        part = no_downloads / "squeezenet1_1-b8a52dc0.pth.part"
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not (part.exists() and part.stat().st_size):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (3, "")
    assert err == "Stopped. What came is kept; the same command goes on from there.\n"
    assert 0 < part.stat().st_size < len(content)
    assert [path.name for path in no_downloads.iterdir()] == [part.name]


def test_an_import_with_weights_from_a_file(cli: Cli, tmp_path: Path) -> None:
    from torchvision import models

    weights, path = tmp_path / "mine.pth", tmp_path / "s.cnnstudio"
    torch.save({"state_dict": models.squeezenet1_1(num_classes=3).state_dict()}, weights)
    done = cli("import", "torchvision:squeezenet1_1", "--weights", weights, "-o", path)
    assert (done.code, done.err) == (0, "")
    lines = done.out.splitlines()
    assert lines[0] == "50 of the network's 52 tensors fit (722,496 parameters)."
    assert lines[1].startswith(
        "Of another shape, so random here: classifier.1.weight ([3, 512, 1, 1] in the file, "
    )
    assert lines[2] == "The weights lie under 'state_dict' in the file."
    assert len(load_project(path).weights) == 50


def test_an_import_with_a_file_of_another_network(cli: Cli, tmp_path: Path) -> None:
    weights, path = tmp_path / "other.pth", tmp_path / "s.cnnstudio"
    torch.save({"a": torch.ones(2)}, weights)
    done = cli("import", "torchvision:squeezenet1_1", "--weights", weights, "-o", path)
    assert (done.code, done.out) == (2, "") and not path.exists()
    assert done.err == (
        f"{weights} has no weights for this network. None of the network's 52 tensors is in the file. Without a place in "
        "this network: a.\n"
    )
