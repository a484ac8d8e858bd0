"""A lock between programs that ends with its holder, however that ends."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import IO


class FileLock:
    """Held by at most one holder on this machine, in this or another process; not waited for.

    The system frees it when the process ends, so there are no stale locks. The file vanishes on `release`.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[bytes] | None = None

    def acquire(self) -> bool:
        """Take the lock if nobody has it; return whether it is held now.

        Raises:
            OSError: the file cannot be made.
        """
        while self._file is None:
            file = self._path.open("ab")
            if not _lock(file):
                file.close()
                return False
            if _is_still(file, self._path):
                self._file = file
            else:  # the holder before has removed the file after it was opened here
                file.close()
        return True

    def release(self) -> None:
        """Give the lock back; nothing happens where it is not held."""
        if self._file is None:
            return
        with suppress(OSError):  # Windows refuses: the file is open, and stays for the next one
            self._path.unlink()
        self._file.close()
        self._file = None


def _is_still(file: IO[bytes], path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except OSError:
        return False


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
