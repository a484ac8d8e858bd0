"""Where the program keeps its own files; `CNN_STUDIO_HOME` moves all of them into one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "cnn-studio"


def _home() -> Path | None:
    home = os.environ.get("CNN_STUDIO_HOME")
    return Path(home) if home else None


def settings_file() -> Path:
    """Return the file of the user's preferences."""
    home = _home()
    return (home or platformdirs.user_config_path(_NAME, appauthor=False)) / "settings.json"


def tuned_file() -> Path:
    """Return the file of what was measured to compute fastest on this machine."""
    home = _home()
    return (home or platformdirs.user_state_path(_NAME, appauthor=False)) / "tuned.json"


def journals_folder() -> Path:
    """Return the folder with what every open window has done since it last saved."""
    home = _home()
    return (home or platformdirs.user_state_path(_NAME, appauthor=False)) / "journals"


def versions_folder() -> Path:
    """Return the folder with the last versions of project files."""
    home = _home()
    return (home or platformdirs.user_state_path(_NAME, appauthor=False)) / "versions"


def logs_folder() -> Path:
    """Return the folder of the log and of what crashed programs left."""
    home = _home()
    return home / "logs" if home else platformdirs.user_log_path(_NAME, appauthor=False)


def blocks_folder() -> Path:
    """Return the folder with the user's own blocks."""
    home = _home()
    return (home or platformdirs.user_data_path(_NAME, appauthor=False)) / "blocks"


def runs_folder() -> Path:
    """Return the folder with the kept runs."""
    home = _home()
    return (home or platformdirs.user_data_path(_NAME, appauthor=False)) / "runs"


def dataset_folder(kind: str) -> Path:
    """Return the folder where a known data set is kept unless the user says otherwise."""
    home = _home()
    return (home or platformdirs.user_data_path(_NAME, appauthor=False)) / "datasets" / kind


def codes_folder() -> Path:
    """Return the folder of CNN codes that were computed before."""
    home = _home()
    return (home / "cache" if home else platformdirs.user_cache_path(_NAME, appauthor=False)) / "codes"
