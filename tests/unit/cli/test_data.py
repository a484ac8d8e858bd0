import io
import sys
from pathlib import Path

import pytest

from cnn_studio.app.jobs import Progress
from cnn_studio.cli.progress import Line
from cnn_studio.datasets.catalogue import SOURCES
from tests.helpers.images import write_classes, write_mnist
from tests.unit.cli.conftest import Cli


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = write_classes(tmp_path / "bilder ü", {"ant": 30, "bee": 30})
    (root / "ant" / "broken.png").write_bytes(b"no")
    (root / "bee" / "copy.png").write_bytes((root / "bee" / "003.png").read_bytes())
    return root


def test_inspect_in_words(cli: Cli, pictures: Path) -> None:
    done = cli("data", "inspect", f"folder:{pictures}", "--test", "0.1")
    assert done.code == 0
    assert done.out.startswith(f"Images in {pictures}\n61 images in 2 classes: ")
    assert "6 test" in done.out
    assert "all 16 × 12" in done.out
    assert "note: 1 file cannot be read as images" in done.out
    assert "    ant/broken.png: not an image of a known kind" in done.out
    assert "bee/copy.png" in done.out
    assert not done.err


def test_inspect_as_json(cli: Cli, pictures: Path) -> None:
    found = cli("data", "inspect", f"folder:{pictures}", "--json").json
    assert found["images"] == 61
    assert found["classes"]["ant"] == {"train": 24, "val": 6}
    assert found["formats"] == {"PNG": 61}
    assert found["sizes"] == [{"width": 16, "height": 12, "images": 61}]
    assert found["skipped"] == [
        {"file": str(pictures / "ant" / "broken.png"), "reason": "not an image of a known kind"}
    ]
    assert {entry["file"] for entry in found["duplicates"][0]} == {"bee/003.png", "bee/copy.png"}
    assert [finding["code"] for finding in found["findings"]]


def test_inspect_arrays(cli: Cli, tmp_path: Path) -> None:
    write_mnist(tmp_path / "m", 200, 50)
    done = cli("data", "inspect", f"mnist:{tmp_path / 'm'}")
    assert done.code == 0
    assert "250 images in 10 classes: 160 training · 40 validation · 50 test" in done.out
    assert cli("data", "inspect", "digits").code == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["folder:/nowhere/at/all"], "no folder"),
        (["nonsense"], "no data source"),
        (["digits", "--test", "0.9"], "split"),
        (["digits", "--val", "2"], "split"),
        (["csv:/nowhere.csv"], "no file"),
    ],
)
def test_what_cannot_be_inspected_is_said(cli: Cli, arguments: list[str], said: str) -> None:
    done = cli("data", "inspect", *arguments)
    assert done.code == 2
    assert said in done.err
    assert not done.out


def test_a_folder_without_one_readable_image(cli: Cli, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.png").write_bytes(b"no")
    done = cli("data", "inspect", f"folder:{tmp_path}")
    assert done.code == 2
    assert "0 images" in done.out


def test_list_names_everything(cli: Cli) -> None:
    done = cli("data", "list")
    assert done.code == 0
    for info in SOURCES.values():
        assert info.title in done.out
        assert info.licence in done.out or not sum(info.counts)
    assert "emnist/byclass:DIR" in done.out
    found = {entry["kind"]: entry for entry in cli("data", "list", "--json").json}
    assert found["cifar10"]["can_download"]
    assert found["cifar100"]["variants"] == ["fine", "coarse"]


def test_download_without_internet_ends_in_a_sentence(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy at a port where nobody listens is a machine without a way out."""
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    done = cli("data", "download", "cifar10", tmp_path / "new")
    assert done.code == 2
    assert "Check the internet connection" in done.err
    assert not list((tmp_path / "new").iterdir())


def test_download_of_unknown_names(cli: Cli, tmp_path: Path) -> None:
    for name in ("imagenet", "folder"):
        done = cli("data", "download", name, tmp_path)
        assert done.code == 2
        assert "cifar10" in done.err


class Terminal(io.StringIO):
    """A stream that somebody watches."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("total", [0, 50_000_000])
def test_progress_stays_on_one_line(monkeypatch: pytest.MonkeyPatch, total: int) -> None:
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    with Line("") as line:
        for number in range(50):
            line.bytes(Progress("Downloading", (number + 1) * 1_000_000, total))
    said = screen.getvalue()
    assert said.count("\n") == 1
    assert said.endswith("\n")
    assert ("50.0 of 50.0 MB" in said) == bool(total)
