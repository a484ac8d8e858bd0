"""How the canvas shows a project: read from any record, and kept in the project's file."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from cnn_studio.app.project import Project, load_project, save_project
from cnn_studio.app.view_state import ViewState
from tests.helpers.networks import tiny_classifier


@pytest.mark.parametrize(
    ("record", "state"),
    [
        (
            {"folded": ["layer1", "a.b"], "direction": "right"},
            ViewState(folded=frozenset({"layer1", "a.b"}), direction="right"),
        ),
        ({"folded": None}, ViewState()),
        ({"direction": "up"}, ViewState()),
        ({"folded": "layer1"}, ViewState()),
        ([], ViewState()),
        ({"zoom": 3}, ViewState()),
    ],
)
def test_how_the_canvas_shows_it_comes_back_and_never_refuses_a_file(
    tmp_path: Path, record: Any, state: ViewState
) -> None:
    assert ViewState.read(record) == state
    path = tmp_path / "p.cnnstudio"
    save_project(path, Project(tiny_classifier(), view=state))
    assert load_project(path).view == state


def test_a_damaged_state_does_not_refuse_the_file(tmp_path: Path) -> None:
    path = tmp_path / "p.cnnstudio"
    save_project(path, Project(tiny_classifier(), view=ViewState(folded=frozenset({"a"}))))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["project.json"] = members["project.json"].replace(b'"direction": "down"', b'"direction": "up"')
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert load_project(path).view == ViewState()
