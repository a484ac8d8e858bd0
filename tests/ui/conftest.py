"""What holds for every test of the window: no screen, the theme applied, and nothing left behind or unsaid.

A test fails on a Qt warning, on a log record at WARNING or above, and on a running timer or a live thread
that it leaves behind.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
import time
from pathlib import Path

# Qt reads these once, when it is loaded.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QTimer
from PySide6.QtWidgets import QApplication

from cnn_studio.ui import theme

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.qt)
            item.add_marker(pytest.mark.qt_log_level_fail("WARNING"))
            # offscreen can neither grab input nor raise windows; it says so and nothing is wrong
            item.add_marker(pytest.mark.qt_log_ignore("This plugin does not support"))


@pytest.fixture(scope="session")
def qapp(qapp: QApplication) -> QApplication:
    qapp.setOrganizationName("cnn-studio-tests")
    theme.apply(qapp)
    gc.collect()
    gc.freeze()  # what is there now is no test's leak; looking through it after each test costs 50 ms
    return qapp


@pytest.fixture(autouse=True)
def plain_theme(qapp: QApplication) -> None:
    """Every test starts with the light theme at 9.5 pt, whatever the one before did."""
    theme.manager().set_mode("light")
    if theme.scale() != 1:
        theme.manager().set_font_size(theme.LIGHT.type.base_points)


@pytest.fixture(autouse=True)
def no_log_warnings(caplog: pytest.LogCaptureFixture):
    """Fail a test that logs at WARNING or above; ``caplog.clear()`` takes back what it meant to cause."""
    yield
    loud = [r for when in ("setup", "call") for r in caplog.get_records(when) if r.levelno >= logging.WARNING]
    if loud:
        pytest.fail("logged: " + "; ".join(f"{r.name}: {r.getMessage()}" for r in loud), pytrace=False)


def _running(kind: type[QTimer] | type[QThread]) -> list[QTimer | QThread]:
    """Return the timers or threads that Python made and that still run."""
    return [found for found in gc.get_objects() if issubclass(type(found), kind) and _is_running(found)]


def _is_running(found: QTimer | QThread) -> bool:
    try:
        return found.isActive() if isinstance(found, QTimer) else found.isRunning()
    except RuntimeError:
        return False  # deleted by Qt already


def _alive() -> list[str]:
    """Return the names of live threads besides the main one; daemons are the libraries' own.

    The watch that ends a test that never ends is a thread too.
    """
    known = ("MainThread", "pytest_timeout")
    own = [t.name for t in threading.enumerate() if not t.daemon and not t.name.startswith(known)]
    return own + [repr(thread) for thread in _running(QThread)]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item):
    """After all fixtures are gone (pytest-qt has closed the widgets): no timer runs, no thread lives."""
    result = yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    timers = _running(QTimer)
    for timer in timers:
        timer.stop()  # so that the next test is not blamed
    if timers:
        owners = ", ".join(repr(timer.parent() or timer) for timer in timers)
        raise AssertionError(f"running timers left behind: {owners}")
    deadline = time.monotonic() + 2.0
    while _alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    if alive := _alive():
        raise AssertionError("live threads left behind: " + ", ".join(alive))
    return result


@pytest.fixture
def show(qtbot):
    """Return a function that shows a document, LeNet-5 if none, on a canvas of some size."""
    from cnn_studio.ui.canvas.view import CanvasView
    from tests.helpers.canvas import Context, lenet
    from tests.helpers.ui import events

    def make(document=None, width=900, height=860):
        view = CanvasView(Context(document if document is not None else lenet()))
        qtbot.addWidget(view)
        view.animated = False
        view.resize(width, height)
        view.show()
        events()
        return view

    return make
