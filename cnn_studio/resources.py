"""Where the program's own data files (the digits, icons, starter projects) lie, however it was installed."""

from __future__ import annotations

import sys
from pathlib import Path

from cnn_studio.core.errors import StudioError


def resources_folder() -> Path:
    """Return the folder that holds the program's data files.

    It is ``resources/`` beside the package in a checkout or an editable install, ``cnn_studio/_resources`` in
    an installed wheel, and either of them in the folder that PyInstaller unpacks.

    Raises:
        StudioError: there is no such folder; the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    unpacked = getattr(sys, "_MEIPASS", None)
    candidates = (
        [Path(unpacked) / "resources", Path(unpacked) / "cnn_studio" / "_resources"] if unpacked else []
    )
    candidates.append(package / "_resources")
    # Only in a checkout: in site-packages a folder of that name would belong to somebody else.
    if (package.parent / "pyproject.toml").is_file():
        candidates.append(package.parent / "resources")
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise StudioError(
        f"The program's data folder is missing (looked for {', '.join(map(str, candidates))}). "
        "Install CNN Studio again."
    )


def resource_path(name: str) -> Path:
    """Return the path of a data file or folder, such as ``digits.npz``; ``/`` separates folders inside.

    Raises:
        StudioError: the file is missing from the installation.
    """
    path = resources_folder() / name
    if not path.exists():
        raise StudioError(
            f"The program's file {name} is missing (looked for {path}). Install CNN Studio again."
        )
    return path
