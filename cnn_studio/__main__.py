"""The one entry point: no arguments or ``open`` start the window, everything else is the command line.

Either is imported only when it is wanted, so that the window paints without waiting for the command line's
libraries and the command line works without Qt.
"""

from __future__ import annotations

import gc
import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow


def open_window(arguments: Sequence[str], prepare: Callable[[MainWindow], object] | None = None) -> int:
    """Open the window and return the exit code when it is closed.

    Args:
        arguments: at most one: the project to open.
        prepare: called with the window before it is shown (measurements of the start).
    """
    # Nothing that is made on the way to the first paint is garbage; looking for some takes 40 ms of it. The thread
    # that loads torch switches the search on again.
    gc.disable()
    from cnn_studio.ui.start import start_window

    return start_window(arguments, prepare)


def _test_window(arguments: Sequence[str]) -> int:
    """Open the window for the self-test, see `cnn_studio.app.self_test`; it closes by itself."""
    folder, started = arguments

    def prepare(window: MainWindow) -> object:
        from cnn_studio.ui.self_test import window_test

        return window_test(Path(folder), float(started))(window)

    return open_window([], prepare)


def main() -> int:
    """Run the program and return its exit code."""
    # A packaged program whose libraries start worker processes would open its window again and again.
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    if not arguments or arguments[0] == "open" or arguments[0].endswith(".cnnstudio"):
        return open_window(arguments[1:] if arguments[:1] == ["open"] else arguments)
    from cnn_studio.app.self_test import WINDOW_COMMAND

    if arguments[0] == WINDOW_COMMAND:
        return _test_window(arguments[1:])
    from cnn_studio.cli.main import run_command_line

    code = run_command_line(arguments)
    # all is done and said: another Ctrl+C while Python takes itself down ends it without a traceback
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    return code


if __name__ == "__main__":
    sys.exit(main())
