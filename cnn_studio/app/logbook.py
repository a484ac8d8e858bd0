"""What the window writes down while it runs, so that a fault can be understood later: a log, and reports of crashes.

Nothing of it leaves the machine by itself.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import platform
import traceback
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import IO

from cnn_studio.app.places import logs_folder
from cnn_studio.app.processes import is_alive, own_process
from cnn_studio.app.versions import versions

_log = logging.getLogger(__name__)

_LOG = "cnn-studio.log"
_LOG_BYTES, _OLD_LOGS = 1_000_000, 2
_SUFFIX = ".crash"
_SHOWN_LINES = 200
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@dataclass(frozen=True)
class CrashReport:
    """What a program that ended by a fault left behind.

    Attributes:
        file: where it is.
        seconds: when, as `time.time` counts.
    """

    file: Path
    seconds: float

    def text(self) -> str:
        """Return what the program was doing, thread by thread, or why that cannot be read."""
        try:
            return self.file.read_text("utf-8", "replace")
        except OSError as error:
            return f"{self.file} cannot be read: {error}."

    def forget(self) -> None:
        """Delete it."""
        with contextlib.suppress(OSError):
            self.file.unlink()


class Logbook:
    """Keeps the log of one program, and a file that the system's fault handler writes to when the program crashes.

    Where the folder cannot be written nothing is kept, and nothing fails.
    """

    def __init__(self) -> None:
        self._handler: RotatingFileHandler | None = None
        self._crash: IO[str] | None = None
        folder = logs_folder()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._handler = RotatingFileHandler(
                folder / _LOG, maxBytes=_LOG_BYTES, backupCount=_OLD_LOGS, encoding="utf-8"
            )
            # kept open: at a crash nothing can be opened any more
            self._crash = (folder / f"{own_process().replace(':', '-')}{_SUFFIX}").open("w", encoding="utf-8")
        except OSError as error:
            _log.info("no log is kept: %s", error)
        if self._handler is not None:
            self._handler.setFormatter(logging.Formatter(_FORMAT))
            logging.getLogger().addHandler(self._handler)
            logging.getLogger("cnn_studio").setLevel(logging.INFO)
        if self._crash is not None and "PYTHONFAULTHANDLER" not in os.environ:
            faulthandler.enable(self._crash)

    def begin(self) -> None:
        """Write down which versions run; reading them takes a moment, for which the window need not wait."""
        _log.info("CNN Studio begins: %s", ", ".join(f"{name} {value}" for name, value in versions().items()))

    def record(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Write down an error that nobody caught."""
        _log.error("not caught: %s", "".join(traceback.format_exception(kind, error, trace)).rstrip())

    def close(self) -> None:
        """End it: the program leaves in good order."""
        _log.info("CNN Studio ends")
        if self._crash is not None:
            faulthandler.disable()
            self._crash.close()
            with contextlib.suppress(OSError):
                Path(self._crash.name).unlink()
        if self._handler is not None:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()


def find_crashes() -> list[CrashReport]:
    """Return what programs that crashed have left, the latest first; what says nothing is deleted.

    A program that was killed, or lost its power, has nothing to say.
    """
    found = []
    for file in _crash_files():
        pid, _, start = file.stem.partition("-")
        if is_alive(f"{pid}:{start}"):
            continue
        report = CrashReport(file, _changed(file))
        if report.text().strip():
            found.append(report)
        else:
            report.forget()
    return sorted(found, key=lambda report: -report.seconds)


def _crash_files() -> Iterator[Path]:
    try:
        yield from sorted(logs_folder().glob(f"*{_SUFFIX}"))
    except OSError:
        return


def _changed(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0


def diagnostics(*more: str) -> str:
    """Return what somebody who looks for a fault needs to know: versions, the machine, and the end of the log.

    Args:
        more: further lines, such as what the window knows.
    """
    lines = [
        f"{datetime.now():%Y-%m-%d %H:%M}",
        f"{platform.platform()}, {platform.machine()}, {os.cpu_count()} processors",
        *(f"{name} {value}" for name, value in versions("PySide6-Essentials", "pyqtgraph", "timm").items()),
        *more,
        "",
        *_last_lines(logs_folder() / _LOG),
    ]
    return "\n".join(lines) + "\n"


def _last_lines(file: Path) -> list[str]:
    try:
        with file.open(encoding="utf-8", errors="replace") as stream:
            return [line.rstrip("\n") for line in deque(stream, _SHOWN_LINES)]
    except OSError as error:
        return [f"There is no log: {error}."]
