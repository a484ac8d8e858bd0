"""The recovery journal: every edit as a line on disk at once, so that a crash loses nothing.

A journal begins with the project as it was when it was opened or last saved, in the first line; each further line is
what happened to the undo stack or to the settings. It is deleted when everything is saved or given up. A journal
whose program is gone is what a crash left behind.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from cnn_studio.app.places import journals_folder
from cnn_studio.app.project import Project, load_project
from cnn_studio.app.session import Session
from cnn_studio.core.commands import CommandStack, StackEvent
from cnn_studio.core.errors import FileFormatError, StudioError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import AnyCommand, parse_command
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import from_record, to_record

_log = logging.getLogger(__name__)
_SUFFIX = ".journal"
_SCHEMA = 1
_LARGEST = 256 * 2**20

Entry = dict[str, Any]


def entry_of(event: StackEvent) -> Entry:
    """Return what a stack did as a JSON-able record."""
    command: AnyCommand = event.command  # type: ignore[assignment]  # stacks of documents hold no others
    merged = {"merged": True} if event.merged else {}
    return {event.kind: command.model_dump(mode="json"), **merged}


def replay(entries: Iterable[Entry], stack: CommandStack[NetworkDocument]) -> int:
    """Carry out recorded entries on a stack whose document is as it was when the record began.

    Undo and redo may reach back to steps from before that: their commands are in the record, and become new steps.

    Returns:
        How many were carried out; fewer than there are if one of them is damaged or refused.
    """
    count = 0
    for entry in entries:
        try:
            if not entry.get("merged"):
                stack.seal()
            if "undo" in entry and stack.undo_label is not None:
                stack.undo()
            elif "redo" in entry and stack.redo_label is not None:
                stack.redo()
            else:
                (command,) = (entry[kind] for kind in ("do", "undo", "redo") if kind in entry)
                stack.push(parse_command(command))
        except (StudioError, ValueError):
            _log.warning("entry %d of a journal was refused", count, exc_info=True)
            break
        count += 1
    return count


class Journal:
    """Writes what happens to a session. A disk that cannot be written is no reason to stop the user's work."""

    def __init__(self, session: Session, folder: Path | None = None) -> None:
        self._session = session
        self._folder = folder or journals_folder()
        self._file: IO[str] | None = None
        self._path: Path | None = None
        self._failed = False
        self._begin()
        session.replaced.connect(self._replaced)
        session.settings_changed.connect(self._settings_changed)
        session.state_changed.connect(self._state_changed)

    def _begin(self) -> None:
        self._stack = self._session.stack
        self._base = self._describe()
        self._stack.happened.connect(self._note)

    def _describe(self) -> Callable[[], Entry]:
        """Return what writes the project as it is now; only a first edit makes it worth the time."""
        session = self._session
        document, path, name = session.document.copy(), session.path, session.title
        data, settings = session.data, session.settings
        return lambda: {
            "schema": _SCHEMA,
            "name": name,
            "file": None if path is None else str(path),
            "document": to_record(document),
            "data": data.model_dump(mode="json"),
            "training": settings.model_dump(mode="json"),
        }

    def _replaced(self) -> None:
        self._stack.happened.disconnect(self._note)
        self._discard()
        self._begin()

    def _state_changed(self) -> None:
        if self._path is not None and not self._session.is_modified:
            self._discard()  # everything is in the project's own file
            self._base = self._describe()

    def _settings_changed(self) -> None:
        session = self._session
        if session.is_modified or self._path is not None:
            self._write(
                {
                    "data": session.data.model_dump(mode="json"),
                    "training": session.settings.model_dump(mode="json"),
                }
            )

    def _note(self, event: StackEvent) -> None:
        self._write(entry_of(event))

    def _write(self, entry: Entry) -> None:
        if self._failed:
            return
        try:
            if self._file is None:
                self._open()
            if self._file is not None:
                self._file.write(json.dumps(entry, ensure_ascii=True) + "\n")
                self._file.flush()  # to the system: a crash of the program loses nothing; only one of the machine may
        except OSError:
            self._failed = True
            _log.warning("the recovery journal cannot be written", exc_info=True)

    def _open(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._path = self._folder / f"{time.time_ns()}-{os.getpid()}{_SUFFIX}"
        self._file = self._path.open("x", encoding="ascii")
        _lock(self._file)
        self._file.write(json.dumps(self._base(), ensure_ascii=True) + "\n")

    def _discard(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                self._file.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)
        self._file = self._path = None

    def close(self) -> None:
        """Delete the journal: the user saved everything or gave it up."""
        self._stack.happened.disconnect(self._note, missing_ok=True)
        self._discard()
        self._failed = True


@dataclass(frozen=True, slots=True)
class LostWork:
    """What a program that ended without a goodbye had not saved.

    Attributes:
        path: its journal.
        name: the project's name.
        edits: how many entries the journal holds.
        seconds: when it was last written, as the system counts.
    """

    path: Path
    name: str
    edits: int
    seconds: float

    def discard(self) -> None:
        """Give the work up."""
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)


def find_lost(folder: Path | None = None) -> list[LostWork]:
    """Return what programs that are gone have left, the latest first; journals without an edit are deleted."""
    found = []
    for path in sorted((folder or journals_folder()).glob(f"*{_SUFFIX}"), reverse=True):
        if _is_open_elsewhere(path):
            continue
        try:
            base, entries = _read(path)
            lost = LostWork(path, str(base.get("name") or "Untitled"), len(entries), path.stat().st_mtime)
        except (OSError, FileFormatError):
            _log.warning("the journal %s cannot be read", path, exc_info=True)
            continue
        if entries:
            found.append(lost)
        else:
            lost.discard()
    return found


def restore(lost: LostWork, session: Session) -> int:
    """Open lost work in a session, with its undo steps; the old journal is deleted.

    Returns:
        How many of the edits could be carried out.

    Raises:
        FileFormatError: the journal is damaged from the beginning; the present project stays.
    """
    base, entries = _read(lost.path)
    project, path = _base_project(base)
    session.replace(project, path)
    count = 0
    for entry in entries:
        if "training" in entry:
            with contextlib.suppress(ValidationError):
                session.set_settings(TrainSettings.model_validate(entry["training"]))
                session.set_data(DataSource.model_validate(entry.get("data", {})))
            count += 1
        elif replay([entry], session.stack):
            count += 1
        else:
            break
    session.stack.seal()
    lost.discard()
    return count


def _base_project(base: Entry) -> tuple[Project, Path | None]:
    """Return the project that a journal began with; its weights are those of its file, if that is still there."""
    try:
        document = from_record(base["document"])
        data = DataSource.model_validate(base.get("data", {}))
        settings = TrainSettings.model_validate(base.get("training", {}))
    except (KeyError, TypeError, ValidationError) as error:
        raise FileFormatError(f"The journal's first line is damaged: {error}.") from None
    project = Project(document, data, settings)
    file = base.get("file")
    if not file or not isinstance(file, str):
        return project, None
    path = Path(file)
    with contextlib.suppress(StudioError):
        return replace(project, weights=load_project(path).weights), path
    return project, None


def _read(path: Path) -> tuple[Entry, list[Entry]]:
    """Read a journal; a last line that was cut off is left out."""
    if path.stat().st_size > _LARGEST:
        raise FileFormatError(f"{path} is larger than a journal can be.")
    entries: list[Entry] = []
    for line in path.read_bytes().split(b"\n"):
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):  # the second: lists in lists in lists
            break
        if not isinstance(entry, dict):
            break
        entries.append(entry)
    if not entries or entries[0].get("schema") != _SCHEMA:
        raise FileFormatError(f"{path} is no recovery journal of this version.")
    return entries[0], entries[1:]


def _lock(file: IO[str]) -> None:
    """Mark a journal as in use for as long as this process lives, whatever ends it."""
    if os.name == "posix":
        import fcntl

        with contextlib.suppress(OSError):  # some network disks have no locks
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_open_elsewhere(path: Path) -> bool:
    if os.name != "posix":
        try:
            path.rename(path)  # Windows refuses while another process has the file open
        except OSError:
            return True
        return False
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    return False
