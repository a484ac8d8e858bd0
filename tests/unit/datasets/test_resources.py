import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.core.errors import StudioError
from cnn_studio.resources import resource_path, resources_folder

ROOT = Path(__file__).resolve().parents[3]


def test_files_are_found_and_missing_ones_named() -> None:
    assert resource_path("digits.npz").stat().st_size > 10_000
    assert "CC BY 4.0" in resource_path("digits.txt").read_text("utf-8")
    with pytest.raises(StudioError, match=r"no-such-file\.svg"):
        resource_path("no-such-file.svg")


@pytest.mark.parametrize("inside", ["resources", "cnn_studio/_resources"])
def test_a_frozen_program_looks_where_it_was_unpacked(
    tmp_path: Path, inside: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / inside).mkdir(parents=True)
    monkeypatch.setattr(sys, "_MEIPASS", str(tmp_path), raising=False)
    assert resources_folder() == tmp_path / inside


@pytest.mark.slow
def test_an_installed_wheel_finds_its_files(tmp_path: Path) -> None:
    source, site = tmp_path / "a source", tmp_path / "site packages ä"
    source.mkdir()
    for name in ("cnn_studio", "resources"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    (source / "README.md").touch()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    subprocess.run([*pip, "wheel", "--no-deps", "-w", str(tmp_path), str(source)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    subprocess.run([*pip, "install", "--no-deps", "--target", str(site), str(wheel)], check=True)
    code = "from cnn_studio.resources import resource_path; print(resource_path('digits.npz'))"
    environment = {**os.environ, "PYTHONPATH": str(site), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, env=environment, cwd=tmp_path
    )
    assert Path(done.stdout.decode("utf-8").strip()) == site / "cnn_studio" / "_resources" / "digits.npz"
    assert not (site / "resources").exists()
