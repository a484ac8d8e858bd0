"""Temporary folders that go with the process, also where it ends at once, past Python's own clean-up."""

from __future__ import annotations

import os
import sys
from tempfile import TemporaryDirectory
from typing import NoReturn
from weakref import WeakSet

_folders: WeakSet[TemporaryDirectory[str]] = WeakSet()


def scratch_folder(what: str) -> TemporaryDirectory[str]:
    """Return a new empty folder that is deleted with its object, or when the process ends.

    Args:
        what: a word for its name, so that what a killed process leaves behind can be told.
    """
    folder = TemporaryDirectory(prefix=f"cnn-studio-{what}-", ignore_cleanup_errors=True)
    _folders.add(folder)
    return folder


def leave_at_once(code: int) -> NoReturn:
    """End the process without waiting for its threads, and leave no temporary folder behind."""
    for folder in list(_folders):
        folder.cleanup()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:  # a program without a console has none
            stream.flush()
    os._exit(code)
