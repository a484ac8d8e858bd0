"""Opening and saving from the window's side, on real files."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import save_project
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
