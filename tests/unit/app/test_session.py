"""The open project: what counts as modified, what is one step, what happens to weights."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnn_studio.app.project import Project
from cnn_studio.app.session import Session
from cnn_studio.core.errors import FileFormatError, GraphError, StorageError
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.commands import RemoveLayer, RenameLayer, SetOutput, SetParams
from tests.helpers.networks import content, tiny_classifier
from tests.helpers.projects import random_weights


@pytest.fixture
def session() -> Session:
    document = tiny_classifier()
    return Session(Project(document, weights=random_weights(document)))


def test_the_first_session_is_lenet_and_valid() -> None:
    first = Session()
    assert first.title == "LeNet-5"
    assert first.report().ok
    assert not first.is_modified


def test_modified_follows_undo_to_the_saved_state(session: Session, tmp_path: Path) -> None:
    session.push(RenameLayer(id=2, path="first"))
    assert session.is_modified
    session.save(tmp_path / "p.cnnstudio")
    assert not session.is_modified
    assert session.title == "p"
    session.stack.undo()
    assert session.is_modified
    session.stack.redo()
    assert not session.is_modified
    session.stack.undo()
    session.push(RenameLayer(id=2, path="other"))
    session.stack.undo()
    assert session.is_modified, "the saved state lies on a way that is gone"


def test_settings_and_data_count_as_changes_until_saved(session: Session, tmp_path: Path) -> None:
    heard: list[str] = []
    session.settings_changed.connect(lambda: heard.append("settings"))
    session.set_settings(session.settings)
    session.set_data(session.data)
    assert not session.is_modified
    session.set_settings(session.settings.model_copy(update={"epochs": 3}))
    session.set_data(DataSource(kind="mnist", folder="/m"))
    assert heard == ["settings", "settings"]
    assert session.is_modified
    session.save(tmp_path / "p")
    assert not session.is_modified
    session.open(tmp_path / "p")
    assert (session.settings.epochs, session.data.folder) == (3, "/m")


def test_a_failed_save_leaves_the_project_modified(session: Session, tmp_path: Path) -> None:
    session.push(SetOutput(id=4))
    with pytest.raises(StorageError):
        session.save(tmp_path / "no" / "p")
    assert session.is_modified
    assert session.path is None


def test_a_failed_open_keeps_the_present_project(session: Session, tmp_path: Path) -> None:
    session.push(SetOutput(id=4))
    before = content(session.document)
    with pytest.raises(FileFormatError):
        session.open(tmp_path / "no")
    assert content(session.document) == before
    assert session.is_modified


def test_another_project_brings_its_own_document_and_signals(session: Session) -> None:
    old, heard = session.document, []
    session.changed.connect(heard.append)
    session.replace(Project(tiny_classifier(3)))
    SetOutput(id=4).apply(old)
    assert heard == []
    session.push(SetOutput(id=4))
    assert len(heard) == 1
    assert session.document is not old


def test_adopting_classes_is_one_step(session: Session) -> None:
    before = content(session.document)
    assert session.adopt_classes(("cat", "dog")) == "fc1"
    assert session.document.info.labels == ("cat", "dog")
    assert session.document.layer_at("fc1").params["out_features"] == 2
    assert session.report().ok
    assert session.adopt_classes(("cat", "dog")) is None
    session.stack.undo()
    assert content(session.document) == before
    assert session.stack.undo_label is None


def test_adopting_as_many_classes_changes_names_alone(session: Session) -> None:
    assert session.adopt_classes(tuple("abcdefghij")) is None
    assert session.document.layer_at("fc1").params["out_features"] == 10


def test_weights_survive_a_rename_and_are_misfits_after_other_sizes(session: Session) -> None:
    assert session.has_fitting_weights
    session.push(RenameLayer(id=2, path="block.first"))
    assert session.has_fitting_weights
    assert "block.first.weight" in session.weights.to_state(session.document)
    session.push(SetParams(id=2, changes={"out_channels": 8}))
    assert not session.has_fitting_weights
    misfits = session.weights.misfits(session.report())
    assert [session.document.layer(i).path for i in misfits] == ["block.first", "fc1"]
    session.stack.undo()
    assert session.has_fitting_weights


def test_a_refused_edit_changes_nothing(session: Session) -> None:
    before = content(session.document)
    with pytest.raises(GraphError):
        session.push(RemoveLayer(id=2))
    assert content(session.document) == before
    assert not session.is_modified
    assert session.stack.undo_label is None


def test_a_fix_is_one_step_of_its_own(session: Session) -> None:
    session.push(SetParams(id=4, changes={"kernel_size": (3, 3)}))
    (problem,) = [p for p in session.report().problems if p.code == "not_tiling"]
    fix = next(f for f in problem.fixes if "Window" in f.label)
    session.apply_fix(fix)
    session.push(SetParams(id=4, changes={"kernel_size": (2, 2)}))
    session.stack.undo()
    session.stack.undo()
    assert [p.code for p in session.report().problems] == ["not_tiling"]


def test_results_of_a_run_are_no_undo_step(session: Session) -> None:
    snapshot = session.snapshot()
    session.push(RenameLayer(id=2, path="first"))
    info = snapshot.document.info.preprocessing.model_copy(update={"mean": (0.1,), "std": (0.3,)})
    snapshot.document.change_info(preprocessing=info)
    session.adopt_weights(Project(snapshot.document, weights=random_weights(snapshot.document, 1)))
    assert session.document.layer(2).path == "first"
    assert session.document.info.preprocessing.mean == (0.1,)
    session.stack.undo()
    assert session.document.info.preprocessing.mean == (0.1,)
    assert session.has_fitting_weights
    session.clear_weights()
    assert not session.has_fitting_weights
