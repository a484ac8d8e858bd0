"""Keeps the machine from going to sleep while a run goes on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from types import TracebackType


class KeptAwake:
    """The machine stays awake from `__enter__` to `__exit__`, or until this process ends; where that cannot be had, it does not.

    The screen may still go dark.
    """

    def __init__(self) -> None:
        self._helper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> KeptAwake:
        if sys.platform == "win32":
            _windows(0x80000000 | 0x00000001)  # ES_CONTINUOUS | ES_SYSTEM_REQUIRED
            return self
        command = _command()
        if command:
            try:
                self._helper = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl+C on the terminal means the run, which ends in its own time
                )
            except OSError:
                self._helper = None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.platform == "win32":
            _windows(0x80000000)
        elif self._helper is not None:
            self._helper.terminate()
            self._helper.wait()
            self._helper = None


def _command() -> list[str]:
    """Return the helper of this system, which ends by itself when this process does; none if there is none."""
    pid = str(os.getpid())
    if sys.platform == "darwin":
        return ["caffeinate", "-i", "-w", pid]
    inhibit, tail = shutil.which("systemd-inhibit"), shutil.which("tail")
    # without a running login manager it would only complain
    if inhibit is None or tail is None or not os.path.isdir("/run/systemd/seats"):  # noqa: PTH112 - no other use of Path
        return []
    reason = ["--what=sleep:idle", "--who=CNN Studio", "--why=A network is being trained", "--mode=block"]
    return [inhibit, *reason, tail, "--pid", pid, "-f", "/dev/null"]


def _windows(state: int) -> None:
    import ctypes

    windll = getattr(ctypes, "windll")  # noqa: B009 - exists on Windows only, where type checkers know it
    windll.kernel32.SetThreadExecutionState(state)
