"""Whether this is the packaged program, and how the program starts itself."""

from __future__ import annotations

import sys


def is_frozen() -> bool:
    """Return whether this is the packaged program, which brings its own Python and no compiler."""
    return bool(getattr(sys, "frozen", False))


def own_command(*arguments: str) -> list[str]:
    """Return the command that starts this program once more, however it was installed."""
    python = [] if is_frozen() else ["-m", "cnn_studio"]
    return [sys.executable, *python, *arguments]
