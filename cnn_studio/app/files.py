"""Writing a file so that a crash, a full disk or a refusal never harms what was there before."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cnn_studio.core.errors import StorageError

_REASONS = {
    errno.ENOSPC: "the disk is full. Free some space or choose another place",
    errno.EDQUOT: "your disk quota is used up. Free some space or choose another place",
    errno.EFBIG: "the file would be larger than the system allows. Choose another place",
    errno.EACCES: "you may not write there. Choose another place",
    errno.EPERM: "you may not write there. Choose another place",
    errno.EROFS: "that disk is read-only. Choose another place",
    errno.ENOENT: "there is no such folder. Choose another place",
    errno.ENOTDIR: "its folder is no folder. Choose another place",
    errno.EISDIR: "it is a folder. Choose another name",
    errno.ENAMETOOLONG: "the name is too long. Choose a shorter one",
}

_PART = ".part"


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a temporary file beside `path` that takes its place when the block ends without an error.

    The new file is synced to disk before it is renamed, so there is always either the old or the new one.

    Raises:
        StorageError: the file cannot be written; what was there before is unchanged.
    """
    with replacing_path(path) as temporary, temporary.open("wb") as file:
        yield file


@contextlib.contextmanager
def replacing_path(path: Path) -> Iterator[Path]:
    """As `replacing`, for writers that want the name of a file: the block gets that of the temporary one.

    Raises:
        StorageError: the file cannot be written; what was there before is unchanged.
    """
    temporary: Path | None = None
    try:
        _check_writable(path)
        target = Path(os.path.realpath(path))  # a symbolic link stays one
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=_PART, dir=target.parent)
        temporary = Path(name)
        try:
            yield temporary
            os.fsync(handle)
        finally:
            os.close(handle)
        temporary.chmod(_mode_of(target))
        temporary.replace(target)
        temporary = None
        _sync_folder(target.parent)
    except OSError as error:
        raise storage_error(path, error) from error
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink()


def remove_parts(folder: Path) -> None:
    """Delete what a program that was killed left of files half-written in a folder; nobody may be writing there.

    What cannot be deleted stays: it does no harm.
    """
    with contextlib.suppress(OSError):
        for path in folder.glob(f".*{_PART}"):
            path.unlink()


def storage_error(path: Path, error: OSError) -> StorageError:
    """Return the sentence for a write that the system refused."""
    reason = _REASONS.get(error.errno or 0, f"the system said: {error.strerror or error}")
    return StorageError(f"{path} could not be saved: {reason}. Nothing was overwritten.")


def _check_writable(path: Path) -> None:
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    # a rename would replace a read-only file without asking, and the superuser may write anything
    if path.exists() and not path.stat().st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise StorageError(f"{path} is read-only and was not overwritten. Choose another name.")
    # the rename would put an ordinary file in a device's place: for the superuser even in /dev/null's
    if path.exists() and not path.is_file():
        raise StorageError(f"{path} is a device and no file, and was not overwritten. Choose another name.")


def _mode_of(path: Path) -> int:
    if path.exists():
        return stat.S_IMODE(path.stat().st_mode)
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


def _sync_folder(folder: Path) -> None:
    if os.name != "posix":
        return  # Windows cannot open folders; its rename is already durable
    # the new file is in place; a folder that cannot be read or a disk that syncs no folders is no failed save
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
