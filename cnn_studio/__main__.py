"""The one entry point: no arguments or ``open`` start the window, everything else is the command line.

Either is imported only when it is wanted, so that the window paints without waiting for the command line's
libraries and the command line works without Qt.
"""

from __future__ import annotations

import multiprocessing
import sys


def main() -> int:
    """Run the program and return its exit code."""
    # A packaged program whose libraries start worker processes would open its window again and again.
    multiprocessing.freeze_support()
    arguments = sys.argv[1:]
    if not arguments or arguments[0] == "open" or arguments[0].endswith(".cnnstudio"):
        from cnn_studio.ui.start import start_window

        return start_window(arguments[1:] if arguments[:1] == ["open"] else arguments)
    from cnn_studio.cli.main import run_command_line

    return run_command_line(arguments)


if __name__ == "__main__":
    sys.exit(main())
