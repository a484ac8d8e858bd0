"""What is open when the program starts."""

from pathlib import Path

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import save_project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.start import _open_last


def opened(recent: list[Path]) -> Session:
    session = Session()
    _open_last(session, Preferences(recent=[str(path) for path in recent]))
    return session


def test_the_project_of_last_time_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "mine.cnnstudio"
    save_project(file, starter_project(find_starter("mlp")))
    session = opened([file, tmp_path / "older.cnnstudio"])
    assert session.document.info.name == "Multilayer perceptron" and session.path == file


def test_without_one_the_starter_is_open(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.cnnstudio"
    damaged.write_bytes(b"no zip")
    for recent in ([], [tmp_path / "gone.cnnstudio"], [damaged]):
        session = opened(recent)
        assert session.document.info.name == "LeNet-5" and session.path is None
