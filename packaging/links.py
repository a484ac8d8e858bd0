"""Whether every library that another one is linked with is in the packaged program, or comes with the system."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

_NEEDED = re.compile(r"\(NEEDED\).*\[(.+)\]")
_FILE = re.compile(r"^File: (.+)$")
_AT_ONCE = 200

SYSTEM = (
    "libc.so.6",
    "libm.so.6",
    "libdl.so.2",
    "librt.so.1",
    "libpthread.so.0",
    "libutil.so.1",
    "libresolv.so.2",
    "ld-linux*",
    "libstdc++.so.6",
    "libgcc_s.so.1",
    "libGL.so.1",
    "libEGL.so.1",
    "libxcb.so.1",
    "libwayland-*.so.*",
    "libcuda.so.1",  # NVIDIA's driver
    "libnvidia-ml.so.1",
)
"""Libraries of the system; the Debian package depends on those that not every system has."""


def missing(needs: Mapping[str, Iterable[str]], present: Iterable[str]) -> dict[str, list[str]]:
    """Return the libraries that are nowhere, with the files that are linked with them.

    Args:
        needs: the libraries that each file is linked with.
        present: names of the files in the program.
    """
    names, found = set(present), dict[str, list[str]]()
    for file, libraries in needs.items():
        for library in libraries:
            if library not in names and not any(fnmatchcase(library, pattern) for pattern in SYSTEM):
                found.setdefault(library, []).append(file)
    return found


def needs_of(folder: Path) -> tuple[dict[str, list[str]], set[str]]:
    """Return what the libraries and programs below a folder are linked with, and the names of all files there."""
    names, linked = set[str](), []
    for root, _, files in os.walk(folder):
        names |= set(files)
        linked += [Path(root) / name for name in files if _is_elf(Path(root) / name)]
    needs: dict[str, list[str]] = {}
    for start in range(0, len(linked), _AT_ONCE):
        part = linked[start : start + _AT_ONCE]
        for file, library in _read(part):
            needs.setdefault(str(Path(file).relative_to(folder)), []).append(library)
    return needs, names


def _read(files: list[Path]) -> Iterator[tuple[str, str]]:
    command = ["readelf", "--dynamic", "--wide", *map(str, files)]
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={**os.environ, "LC_ALL": "C"}
    )
    file = str(files[0])
    for line in done.stdout.splitlines():
        named, needed = _FILE.match(line), _NEEDED.search(line)
        if named:
            file = named[1]
        elif needed:
            yield file, needed[1]


def _is_elf(file: Path) -> bool:
    if file.is_symlink():
        return False
    with file.open("rb") as stream:
        return stream.read(4) == b"\x7fELF"
