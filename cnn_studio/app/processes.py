"""Which program a run belongs to, and whether that program still lives."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def own_process() -> str:
    """Return a text that names this process and no later one with the same number."""
    return f"{os.getpid()}:{_start_of(os.getpid())}"


def is_alive(process: str) -> bool:
    """Return whether the process of such a text still runs; False for a text that names none."""
    number, _, start = process.partition(":")
    if not number.isdigit():
        return False
    pid = int(number)
    if pid == os.getpid():
        return start == _start_of(pid)
    return _exists(pid) and (not start or start == _start_of(pid))


def _exists(pid: int) -> bool:
    if sys.platform == "win32":
        import ctypes

        # PROCESS_QUERY_LIMITED_INFORMATION; os.kill would end the process there
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(0x1000, False, pid)
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == 259  # STILL_ACTIVE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _start_of(pid: int) -> str:
    """When a process began, as Linux counts it; nothing where the system does not say."""
    try:
        # the second field is the name in brackets and may hold anything; the start is the 22nd
        fields = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
        return "" if fields[0] == "Z" else fields[19]  # one that has ended and was not fetched yet is no more
    except (OSError, IndexError):
        return ""
