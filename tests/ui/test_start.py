"""What is open when the program starts."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import save_project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.start import _open_last

START = """
import signal, sys
from PySide6.QtCore import QTimer
from cnn_studio.ui.start import start_window

def prepare(window):
    end = window.close if sys.argv[1] == "close" else lambda: signal.raise_signal(signal.SIGTERM)
    QTimer.singleShot(500, window, end)  # while torch is being imported in a thread

sys.exit(start_window([], prepare))
"""


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


@pytest.mark.parametrize(("how", "code"), [("close", 0), ("signal", 143)])
def test_no_temporary_folder_stays_behind_when_the_program_ends_at_once(tmp_path: Path, how: str, code: int):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(scratch))
    done = subprocess.run([sys.executable, "-c", START, how], env=environment, timeout=60, check=False)
    assert done.returncode == code
    assert not list(scratch.iterdir())


def test_the_window_needs_nothing_slow_before_its_first_paint():
    code = (
        "import sys, cnn_studio.ui.main_window;"
        "print(sorted({'torch', 'numpy', 'pyqtgraph', 'PIL', 'sklearn'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"
