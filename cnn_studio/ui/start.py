"""Starts the window: as little as possible before the first paint, everything slow after it."""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

import cnn_studio
from cnn_studio.app.logbook import Logbook
from cnn_studio.app.preferences import Preferences, load_preferences, save_preferences
from cnn_studio.app.session import Session
from cnn_studio.app.system import display_problem
from cnn_studio.app.threads import prepare_process
from cnn_studio.core.errors import StudioError
from cnn_studio.core.scratch import leave_at_once
from cnn_studio.resources import resource_path
from cnn_studio.ui import theme
from cnn_studio.ui.concepts.registry import concepts
from cnn_studio.ui.crash_notice import CrashNotice
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.recovery import Recovery

_log = logging.getLogger(__name__)
_GRACE_SECONDS = 0.5
_IDLE_MS = 600
_SWITCH_SECONDS = 0.001


def start_window(arguments: Sequence[str], prepare: Callable[[MainWindow], object] | None = None) -> int:
    """Open the window and return the exit code when it is closed.

    Args:
        arguments: at most one: the project to open.
        prepare: called with the window before it is shown (measurements of the start).
    """
    if len(arguments) > 1:
        sys.stderr.write("Only one project can be opened at a time: cnn-studio open FILE\n")
        return 2
    problem = display_problem()
    if problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    prepare_process()
    session = Session()
    if arguments:
        try:
            session.open(Path(arguments[0]))
        except StudioError as error:
            sys.stderr.write(f"{error}\n")
            return 2
    app = QApplication.instance() or QApplication(["cnn-studio"])
    if not isinstance(app, QApplication):
        raise TypeError("a QCoreApplication runs already")
    app.setApplicationName("CNN Studio")
    app.setApplicationVersion(cnn_studio.__version__)
    app.setDesktopFileName("cnn-studio")
    preferences = load_preferences()
    if not arguments:
        _open_last(session, preferences)
    if session.path is not None:
        preferences.remember(session.path)
        save_preferences(preferences)
    theme.manager().set_mode(preferences.theme)
    theme.apply(app)
    window = MainWindow(session, preferences)
    window.painted.connect(_show_icon)  # drawing it must not hold up the first paint
    recovery = Recovery(session, window.workspace.lost, window.files.may_leave, window)
    recovery.message.connect(window.workspace.say)
    recovery.look()
    crashes = CrashNotice(window.workspace.crashed, window)
    crashes.look()
    logbook = Logbook()
    window.ready.connect(logbook.begin)
    sys.excepthook = _Excepthook(window, logbook)
    _let_signals_close(window)
    # the drawing modules of the concept pictures: not before they can be wanted, not when the first one is
    window.ready.connect(lambda: QTimer.singleShot(_IDLE_MS, window, concepts))
    if prepare is not None:
        prepare(window)
    # a run's thread gives the window its turn after this time at the latest (Python's default is 5 ms)
    sys.setswitchinterval(_SWITCH_SECONDS)
    window.show()
    code = app.exec()
    recovery.journal.close()
    logbook.close()
    if not window.training.shut_down(_GRACE_SECONDS) or window.loader.is_loading:
        # a thread inside one long step or import cannot be interrupted, and Python must not be taken down around
        # it; everything is saved, so the process may go
        _log.info("a job did not end in time")
        leave_at_once(code)
    return code


def _open_last(session: Session, preferences: Preferences) -> None:
    """Open the project of last time; one that is gone or damaged by now leaves the starter open."""
    for name in preferences.recent[:1]:
        with contextlib.suppress(StudioError):
            session.open(Path(name))


def _show_icon() -> None:
    QApplication.setWindowIcon(QIcon(str(resource_path("icons/cnn-studio.svg"))))


class _Excepthook:
    """Reports errors in slots instead of losing them: on the error stream, and in a sentence above the canvas."""

    def __init__(self, window: MainWindow, logbook: Logbook) -> None:
        self._window = window
        self._logbook = logbook

    def __call__(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        traceback.print_exception(kind, error, trace)
        self._logbook.record(kind, error, trace)
        text = (
            str(error)
            if isinstance(error, StudioError)
            else f"Something went wrong: {kind.__name__}: {error}."
        )
        with contextlib.suppress(RuntimeError):  # the window may be gone already
            self._window.workspace.say(text)


def _let_signals_close(window: MainWindow) -> None:
    """Close on Ctrl+C and on the system's wish, without a question: nobody may be there to answer."""

    def leave(number: int, frame: object) -> None:
        window.training.shut_down(_GRACE_SECONDS)
        leave_at_once(128 + number)

    signal.signal(signal.SIGINT, leave)
    signal.signal(signal.SIGTERM, leave)
    # Python runs signal handlers only between its own steps; Qt's loop makes none while nothing happens
    timer = QTimer(window)
    timer.timeout.connect(_nothing)
    timer.start(500)


def _nothing() -> None:
    """Give Python a step."""
