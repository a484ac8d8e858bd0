"""One compressed file of the packaged program, for systems without Debian's packages."""

from __future__ import annotations

import importlib
import importlib.util
import shutil
import subprocess
import tarfile
from pathlib import Path

_LEVEL = 10  # beyond it files get 2 % smaller and take three times as long


def way_to_pack() -> tuple[str, str]:
    """Return how archives are compressed here (``python``, ``tool`` or ``xz``), and why it is not zstd, if it is not."""
    if importlib.util.find_spec("zstandard") is not None:
        return "python", ""
    if shutil.which("zstd"):
        return "tool", ""
    return "xz", (
        "Neither the zstandard package nor the zstd program is here, so the archive is a .tar.xz: packing and unpacking "
        "take some times as long. Install one of them: pip install zstandard, or apt-get install zstd."
    )


def pack(folder: Path, stem: str) -> Path:
    """Write a folder into an archive beside it; the files in it belong to nobody in particular.

    Args:
        folder: its name is the name of the one folder in the archive.
        stem: of the archive's name.
    """
    way, _ = way_to_pack()
    file = folder.with_name(f"{stem}.tar.{'xz' if way == 'xz' else 'zst'}")
    part = file.with_name(f"{file.name}.part")
    if way == "xz":
        with tarfile.open(part, "w:xz", preset=6) as archive:
            _add(archive, folder)
    elif way == "python":
        zstandard = importlib.import_module("zstandard")
        compressor = zstandard.ZstdCompressor(level=_LEVEL, threads=-1)
        with (
            part.open("wb") as raw,
            compressor.stream_writer(raw) as stream,
            tarfile.open(fileobj=stream, mode="w|") as archive,
        ):
            _add(archive, folder)
    else:
        command = ["zstd", "-q", "-f", "-T0", f"-{_LEVEL}", "-o", str(part)]
        with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
            with tarfile.open(fileobj=process.stdin, mode="w|") as archive:
                _add(archive, folder)
            if process.stdin is not None:
                process.stdin.close()
        if process.returncode:
            raise OSError(f"zstd ended with code {process.returncode}")
    return part.replace(file)


def _add(archive: tarfile.TarFile, folder: Path) -> None:
    archive.add(folder, folder.name, filter=_nobodys)


def _nobodys(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
