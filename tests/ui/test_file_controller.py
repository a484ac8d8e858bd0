"""Opening and saving from the window's side, on real files."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QFileDialog, QMenu, QMessageBox, QWidget

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import load_project, save_project
from cnn_studio.app.session import Session
from cnn_studio.ui.file_controller import FileController
from tests.helpers.projects import lenet


@pytest.fixture
def files(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return FileController(Session(), Preferences(), window)


def test_a_kept_run_opens_as_a_new_project(files, tmp_path):
    """Otherwise Save would write into the folder of the run, and the run would no longer be what was trained."""
    path = tmp_path / "network.cnnstudio"
    save_project(path, lenet())
    files.open_kept(path)
    assert files._session.path is None
    assert files._session.title == "LeNet-5"
    assert files._preferences.recent == []


def test_a_damaged_kept_run_is_said_and_the_project_stays(files, qtbot, tmp_path):
    path = tmp_path / "network.cnnstudio"
    path.write_bytes(b"nothing")
    before = files._session.document
    with qtbot.waitSignal(files.message, timeout=1000) as said:
        files.open_kept(path)
    assert str(path) in said.args[0]
    assert files._session.document is before


# ------------------------------------------------------------------------------- a file that somebody else wrote


def answer(monkeypatch, text):
    """Press a button of the next question, and return what it said."""
    said = []

    def press(box):
        said.append(box.text())
        next(button for button in box.buttons() if button.text().replace("&", "") == text).click()
        return 0

    monkeypatch.setattr(QMessageBox, "exec", press)
    return said


@pytest.fixture
def twice(files, tmp_path, monkeypatch):
    """A project that is open here and was saved by another window since."""
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    path = tmp_path / "net.cnnstudio"
    save_project(path, lenet())
    files.open(path)
    other = Session()
    other.open(path)
    other.document.change_info(name="theirs")
    other.save(path)
    files._session.document.change_info(name="ours")
    return path


def name_in(path):
    return load_project(path).document.info.name


def test_saving_over_the_work_of_another_window_is_asked_about(files, twice, monkeypatch):
    said = answer(monkeypatch, "Cancel")
    assert not files.save()
    assert "changed by another window or program" in said[0] and name_in(twice) == "theirs"


def test_saving_over_it_keeps_it_as_a_version(files, twice, monkeypatch):
    answer(monkeypatch, "Save over it")
    assert files.save() and name_in(twice) == "ours"
    menu = QMenu()
    files.fill_versions(menu)
    (action,) = menu.actions()
    action.trigger()
    assert files._session.document.info.name == "theirs" and files._session.path is None


def test_another_name_keeps_both(files, twice, monkeypatch):
    answer(monkeypatch, "Save as…")
    other = twice.with_name("mine.cnnstudio")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(other), ""))
    assert files.save()
    assert name_in(twice) == "theirs" and name_in(other) == "ours"


def test_ones_own_saves_and_a_deleted_file_are_no_question(files, twice, monkeypatch):
    answer(monkeypatch, "Save over it")
    assert files.save()
    monkeypatch.setattr(QMessageBox, "exec", lambda box: pytest.fail("nothing is to be asked"))
    files._session.document.change_info(name="ours again")
    assert files.save()
    twice.unlink()
    assert files.save() and name_in(twice) == "ours again"


def test_without_a_file_there_are_no_versions(files):
    menu = QMenu()
    files.fill_versions(menu)
    assert [action.isEnabled() for action in menu.actions()] == [False]
