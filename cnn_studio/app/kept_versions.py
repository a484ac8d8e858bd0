"""The last versions of a project file: what stood there before it was saved over.

A version is another name for the old file where the disk allows that (no copying, no room twice while the file is the same),
else a copy.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from cnn_studio.app.places import versions_folder

_log = logging.getLogger(__name__)

MAX_VERSIONS = 5
_LARGEST_COPY = 200_000_000  # bytes; more would take seconds at every save


@dataclass(frozen=True, slots=True)
class KeptVersion:
    """An earlier state of a project file.

    Attributes:
        seconds: when it was saved, as `time.time` counts.
        num_bytes: its size.
    """

    file: Path
    seconds: float
    num_bytes: int


def keep_version(path: Path) -> None:
    """Keep a file as it is, before another takes its place; the oldest of more than `MAX_VERSIONS` goes.

    What cannot be kept is no reason not to save: it is written to the log.
    """
    try:
        if not path.is_file():
            return
        folder = _folder(path)
        folder.mkdir(parents=True, exist_ok=True)
        target = folder / f"{time.time_ns()}{path.suffix}"
        try:
            os.link(os.path.realpath(path), target)
        except OSError:
            if path.stat().st_size <= _LARGEST_COPY:
                shutil.copy2(path, target)
    except OSError as error:
        _log.info("the version of %s before this one is not kept: %s", path, error)
    for version in list_versions(path)[MAX_VERSIONS:]:
        with contextlib.suppress(OSError):
            version.file.unlink()


def list_versions(path: Path) -> list[KeptVersion]:
    """Return the kept versions of a project file, the latest first."""
    found = []
    with contextlib.suppress(OSError):
        # by name, which says when it was kept: their own times are equal where one file was saved quickly twice
        for file in sorted(_folder(path).iterdir(), reverse=True):
            state = file.stat()
            found.append(KeptVersion(file, state.st_mtime, state.st_size))
    return found


def _folder(path: Path) -> Path:
    """Return the folder of a project's versions, which has a name of its own for each place of a file."""
    name = hashlib.sha256(os.fsencode(os.path.realpath(path))).hexdigest()[:24]
    return versions_folder() / name
