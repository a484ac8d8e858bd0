"""What stood in a project file before it was saved over."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnn_studio.app import kept_versions
from cnn_studio.app.kept_versions import MAX_VERSIONS, keep_version, list_versions
from cnn_studio.app.project import load_project, save_project
from tests.helpers.projects import lenet


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))


def save(path: Path, name: str) -> None:
    project = lenet()
    project.document.change_info(name=name)
    keep_version(path)
    save_project(path, project)


def names(path: Path) -> list[str]:
    return [load_project(version.file).document.info.name for version in list_versions(path)]


def test_each_save_keeps_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "net.cnnstudio"
    for name in ("first", "second", "third"):
        save(path, name)
    assert load_project(path).document.info.name == "third"
    assert names(path) == ["second", "first"]


def test_the_oldest_go(tmp_path: Path) -> None:
    path = tmp_path / "net.cnnstudio"
    for number in range(MAX_VERSIONS + 4):
        save(path, f"number {number}")
    assert names(path) == [f"number {number}" for number in range(MAX_VERSIONS + 2, 2, -1)]


def test_projects_of_one_name_in_two_folders_are_two(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        for state in ("old", "new"):
            save(tmp_path / folder / "net.cnnstudio", f"{state} {folder}")
    assert names(tmp_path / "a" / "net.cnnstudio") == ["old a"]
    assert names(tmp_path / "b" / "net.cnnstudio") == ["old b"]


def test_a_new_file_has_none(tmp_path: Path) -> None:
    keep_version(tmp_path / "net.cnnstudio")
    assert list_versions(tmp_path / "net.cnnstudio") == []


def test_a_disk_without_links_gets_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(kept_versions.os, "link", refuse)
    path = tmp_path / "net.cnnstudio"
    for name in ("first", "second"):
        save(path, name)
    assert names(path) == ["first"]
    assert list_versions(path)[0].file.stat().st_ino != path.stat().st_ino


@pytest.mark.skipif(
    os.name != "posix", reason="a file in the place of a folder is an error of its own elsewhere"
)
def test_a_home_that_cannot_be_written_does_not_stop_a_save(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "file" / "below"))
    path = tmp_path / "net.cnnstudio"
    save(path, "first")
    save(path, "second")
    assert load_project(path).document.info.name == "second" and list_versions(path) == []
