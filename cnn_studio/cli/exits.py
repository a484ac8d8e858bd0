"""Exit codes, and how errors become sentences on the error stream."""

from __future__ import annotations

import sys
from enum import IntEnum

from cnn_studio.core.errors import NetworkError, RunError, StudioError


class Exit(IntEnum):
    """What the shell gets."""

    DONE = 0
    FAILED = 1  # the network has errors, or the run failed
    BAD_INPUT = 2
    STOPPED = 3  # by the user


def exit_for(error: StudioError) -> Exit:
    """Return the exit code for an error that ended a command."""
    return Exit.FAILED if isinstance(error, NetworkError | RunError) else Exit.BAD_INPUT


def complain(message: str) -> None:
    """Write a sentence to the error stream."""
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
