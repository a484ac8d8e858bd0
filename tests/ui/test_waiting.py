"""Work that is waited for while the window stays alive."""

import threading
import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QProgressDialog, QWidget

from cnn_studio.core.errors import StorageError
from cnn_studio.ui.widgets.waiting import run_waiting


@pytest.fixture
def window(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    return widget


def test_short_work_shows_nothing(window):
    assert run_waiting(window, "Saving", lambda: threading.current_thread().name) == "waiting"
    assert not window.findChildren(QProgressDialog)


def test_the_window_lives_while_long_work_is_done(window):
    ticks, dialogs = [], []
    timer = QTimer(window)
    timer.timeout.connect(lambda: (ticks.append(1), dialogs.append(QApplication.activeModalWidget())))
    timer.start(10)
    assert run_waiting(window, "Saving", lambda: time.sleep(0.6) or 7) == 7
    timer.stop()
    assert len(ticks) >= 10
    assert any(isinstance(dialog, QProgressDialog) for dialog in dialogs)


@pytest.mark.parametrize("seconds", [0, 0.3])
def test_an_error_comes_to_whom_waits(window, seconds):
    def work():
        time.sleep(seconds)
        raise StorageError("the disk is full")

    with pytest.raises(StorageError, match="full"):
        run_waiting(window, "Saving", work)
