"""The menu of decoded images: a lower limit frees at once, and the window lives meanwhile."""

from __future__ import annotations

import os
import threading

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow, QProgressDialog

from cnn_studio.app.preferences import Preferences, load_preferences
from cnn_studio.datasets.cache import ImageCache, cache_folder, cache_size
from cnn_studio.datasets.cache_fill import decode_all
from cnn_studio.datasets.cache_lock import FileLock
from cnn_studio.ui.kept_images import KeptImages
from tests.helpers.image_cache import pictures, target


@pytest.fixture
def kept(qtbot, studio_home):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.show()
    menu = window.menuBar().addMenu("Data")
    return KeptImages(menu, Preferences(image_cache_gb=100), window)


def limit(kept, gigabytes):
    return next(action for action in kept.menu.actions() if action.data() == gigabytes)


def fill(size, at):
    """Add an entry of that many bytes, last used at `at` seconds; the file has a hole in place of images."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{at:032x}.images"
    with path.open("wb") as file:
        file.truncate(size)
    os.utime(path, (at, at))
    return path


def known(kept, qtbot):
    """Look anew, and wait until the menu says what it found."""
    kept.refresh()
    qtbot.waitUntil(lambda: "…" not in kept.clear.text(), timeout=5_000)


def test_a_lower_limit_frees_the_least_recently_used_at_once(kept, qtbot):
    paths = [fill(3 * 10**9, at) for at in (1, 2, 3)]
    with qtbot.assertNotEmitted(kept.message):
        limit(kept, 20).trigger()
    assert all(path.exists() for path in paths)
    with qtbot.waitSignal(kept.message) as said:
        limit(kept, 5).trigger()
    assert said.args[0].endswith("of decoded images were deleted.")
    assert [path.exists() for path in paths] == [False, False, True]
    assert load_preferences().image_cache_gb == 5


def test_keeping_nothing_frees_everything(kept, qtbot, tmp_path):
    decode_all(pictures(tmp_path / "a", 10), target(), ImageCache())
    assert cache_size() > 0
    with qtbot.waitSignal(kept.message):
        limit(kept, 0).trigger()
    assert cache_size() == 0
    known(kept, qtbot)
    assert kept.clear.text() == "Nothing is kept"
    assert not kept.clear.isEnabled()


@pytest.mark.parametrize("choose", [lambda kept: kept.clear, lambda kept: limit(kept, 0)])
def test_the_window_lives_while_images_are_deleted(kept, qtbot, monkeypatch, choose):
    path = fill(1000, 1)
    known(kept, qtbot)
    go_on, threads, dialogs = threading.Event(), [], []
    acquire = FileLock.acquire

    def slowly(lock):  # as on a disk that takes its time
        threads.append(threading.current_thread())
        go_on.wait(10)
        return acquire(lock)

    monkeypatch.setattr(FileLock, "acquire", slowly)

    def look():
        dialogs.append(QApplication.activeModalWidget())
        go_on.set()

    QTimer.singleShot(300, look)
    with qtbot.waitSignal(kept.message):
        choose(kept).trigger()
    assert isinstance(dialogs[0], QProgressDialog)
    assert threads
    assert threading.main_thread() not in threads
    assert not path.exists()


def test_a_slow_disk_does_not_hold_up_the_menu(kept, qtbot, monkeypatch):
    fill(3_000_000, 1)
    go_on, threads = threading.Event(), []
    scan = os.scandir

    def slowly(folder):  # as on a disk that has gone to sleep
        if str(folder) == str(cache_folder()):
            threads.append(threading.current_thread())
            go_on.wait(10)
        return scan(folder)

    monkeypatch.setattr(os, "scandir", slowly)
    kept.menu.aboutToShow.emit()
    assert kept.clear.text() == "Clear (…)"
    assert not kept.clear.isEnabled()
    kept.menu.aboutToShow.emit()
    go_on.set()
    qtbot.waitUntil(kept.clear.isEnabled, timeout=5_000)
    assert kept.clear.text() == "Clear (3 MB)"
    assert len(threads) == 1, "a disk that has not answered yet is not asked twice"
    assert threads[0] is not threading.main_thread()
    path = cache_folder() / f"{1:032x}.images"
    path.unlink()
    known(kept, qtbot)
    assert kept.clear.text() == "Nothing is kept", "each opening looks anew"
