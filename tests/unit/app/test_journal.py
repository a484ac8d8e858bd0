"""The recovery journal: what a killed program leaves, what comes back of it, and damaged journals."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from cnn_studio.app.journal import Journal, find_lost, restore
from cnn_studio.app.project import Project, load_project, save_project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.app.weights import WeightSet
from cnn_studio.core.errors import FileFormatError
from cnn_studio.graph.commands import MoveLayers, RenameLayer, SetParams
from cnn_studio.graph.starters import find_starter
from tests.helpers.networks import content

_WORK = """
import os, signal, sys
from pathlib import Path
from cnn_studio.app.journal import Journal
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import MoveLayers, RenameLayer, SetParams
session = Session()
journal = Journal(session, Path(sys.argv[1]))
if sys.argv[2:]:
    session.open(Path(sys.argv[2]))
c1 = session.document.layer_at("C1").id
for x in range(20):
    session.push(MoveLayers(places={c1: (float(x), 5.0)}))  # one drag: one step
session.push(SetParams(id=c1, changes={"out_channels": 8}))
session.push(RenameLayer(id=c1, path="big"))
session.stack.undo()
session.set_settings(session.settings.model_copy(update={"epochs": 77}))
os.kill(os.getpid(), signal.SIGKILL)
"""


def crash(folder: Path, *project: Path) -> None:
    """Edit in a process of its own that is killed before it saves."""
    found = subprocess.run([sys.executable, "-c", _WORK, folder, *project], check=False)
    assert found.returncode == -signal.SIGKILL


def test_all_edits_of_a_killed_program_come_back_with_their_undo_steps(tmp_path: Path) -> None:
    crash(tmp_path)
    (lost,) = find_lost(tmp_path)
    assert (lost.name, lost.edits) == ("LeNet-5", 24)
    session = Session(starter_project(find_starter("mlp")))
    assert restore(lost, session) == 24
    layer = session.document.layer_at("C1")
    assert (layer.params["out_channels"], layer.x, session.settings.epochs) == (8, 19.0, 77)
    assert session.is_modified
    session.stack.redo()
    assert session.document.layer(layer.id).path == "big"
    for _ in range(3):
        session.stack.undo()
    assert session.stack.undo_label is None, "a drag is one step, as it was"
    assert content(session.document) == content(starter_project(find_starter("lenet5")).document)
    assert find_lost(tmp_path) == []


def test_a_project_keeps_its_file_and_its_trained_weights(tmp_path: Path) -> None:
    project = starter_project(find_starter("lenet5"))
    weights = WeightSet.from_state(project.document, {"OUT.bias": np.arange(10, dtype=np.float32)})
    file = tmp_path / "mine.cnnstudio"
    save_project(file, Project(project.document, project.data, project.settings, weights))
    crash(tmp_path / "journals", file)
    (lost,) = find_lost(tmp_path / "journals")
    session = Session()
    restore(lost, session)
    assert session.path == file
    assert session.weights.to_state(session.document)["OUT.bias"].tolist() == list(range(10))
    assert load_project(file).settings.epochs != 77, "restoring writes nothing"


def test_nothing_is_left_after_saving_or_closing(tmp_path: Path) -> None:
    session = Session()
    journal = Journal(session, tmp_path / "j")
    assert not (tmp_path / "j").exists(), "opening a project writes nothing"
    c1 = session.document.layer_at("C1").id
    session.push(SetParams(id=c1, changes={"out_channels": 8}))
    assert len(list((tmp_path / "j").iterdir())) == 1
    assert find_lost(tmp_path / "j") == [], "the window is still there"
    session.save(tmp_path / "p.cnnstudio")
    assert list((tmp_path / "j").iterdir()) == []
    session.stack.undo()
    session.stack.redo()
    session.push(RenameLayer(id=c1, path="first"))
    assert len(list((tmp_path / "j").iterdir())) == 1
    journal.close()
    assert list((tmp_path / "j").iterdir()) == []
    session.push(RenameLayer(id=c1, path="again"))
    assert list((tmp_path / "j").iterdir()) == [], "a closed journal is silent"


def test_undo_behind_the_last_save_comes_back_too(tmp_path: Path) -> None:
    session = Session()
    journal = Journal(session, tmp_path)
    c1 = session.document.layer_at("C1").id
    session.push(SetParams(id=c1, changes={"out_channels": 8}))
    session.save(tmp_path / "p.cnnstudio")
    session.stack.undo()
    session.push(MoveLayers(places={c1: (1.0, 2.0)}))
    (path,) = tmp_path.glob("*.journal")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy" / path.name).write_bytes(path.read_bytes())
    journal.close()
    (lost,) = find_lost(tmp_path / "copy")
    again = Session()
    assert restore(lost, again) == 2
    assert content(again.document) == content(session.document)
    assert again.document.layer(c1).params["out_channels"] == 6


@pytest.mark.parametrize(
    ("damage", "edits"),
    [
        (lambda lines: [*lines[:3], lines[3][:20]], 2),
        (lambda lines: [*lines[:4], '{"do": {"kind": "format_disk"}}', *lines[4:]], 3),
        (lambda lines: [*lines[:4], "[]", *lines[4:]], 3),
    ],
)
def test_a_damaged_journal_gives_what_stands_before_the_damage(damage, edits, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    crash(tmp_path)
    (path,) = tmp_path.iterdir()
    path.write_text("\n".join(damage(path.read_text().split("\n"))))
    (lost,) = find_lost(tmp_path)
    assert restore(lost, Session()) == edits


def test_hopeless_journals_are_passed_over(tmp_path: Path) -> None:
    for name, text in (
        ("a", ""),
        ("b", "\0\1"),
        ("c", '{"schema": 99}\n{}'),
        ("d", '{"schema": 1}\n{"do": 1}'),
    ):
        (tmp_path / f"{name}.journal").write_text(text)
    (lost,) = find_lost(tmp_path)
    session = Session()
    before = content(session.document)
    with pytest.raises(FileFormatError, match="first line is damaged"):
        restore(lost, session)
    assert content(session.document) == before


def test_a_file_in_the_folders_place_stops_nobody(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "j").write_text("in the way")
    session = Session()
    journal = Journal(session, tmp_path / "j")
    with caplog.at_level(logging.WARNING):
        session.push(RenameLayer(id=session.document.layer_at("C1").id, path="first"))
    assert "first" in session.document.paths
    assert "cannot be written" in caplog.text
    journal.close()


@pytest.mark.parametrize(
    ("base", "edits"),
    [("[" * 100_000, 0), ('{"file": 5}', 1), ('{"file": 1e308}', 1)],
)
def test_nonsense_in_a_journal_raises_nothing_foreign(base: str, edits: int, tmp_path: Path) -> None:
    crash(tmp_path)
    (path,) = tmp_path.iterdir()
    first, *lines = path.read_text().split("\n")
    if base.startswith("{"):
        path.write_text("\n".join([json.dumps({**json.loads(first), **json.loads(base)}), *lines]))
    else:
        path.write_text("\n".join([first, base, *lines]))
    lost = find_lost(tmp_path)
    assert len(lost) == edits
    for entry in lost:
        session = Session()
        assert restore(entry, session) == entry.edits
        assert session.path is None
