"""The user's preferences: theme, recent projects, window layout. A damaged file falls back to the defaults."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnn_studio.app.files import replacing
from cnn_studio.app.places import settings_file
from cnn_studio.core.errors import StorageError

MAX_RECENT = 12


class Preferences(BaseModel):
    """What the program remembers between starts.

    Attributes:
        theme: ``system`` follows the desktop.
        recent: project files, the latest first.
        geometry, layout: the window's place and its panels, as Qt's base64 text.
        welcomed: whether the strip of the first start was closed.
        image_cache_gb: how much decoded images may take on disk; 0 keeps none.
        code_cache_gb: how much CNN codes that were computed may take on disk; 0 keeps none.
        animate: whether the canvas glides and opens gaps, or jumps.
        notify: whether the desktop says that a run ended while another window was in front.
        weights_mirror: web address in place of the hosts of published weights, or nothing; see `mirrored`.
        minimap: whether the canvas shows a map of networks larger than the view.
    """

    model_config = ConfigDict(extra="ignore")

    theme: Literal["system", "light", "dark"] = "system"
    recent: list[str] = Field([], max_length=1000)
    geometry: str = ""
    layout: str = ""
    welcomed: bool = False
    notify: bool = True
    minimap: bool = True
    weights_mirror: str = Field("", max_length=2000)
    image_cache_gb: int = Field(20, ge=0, le=100_000)
    code_cache_gb: int = Field(4, ge=0, le=100_000)
    animate: bool = True

    def remember(self, path: Path) -> None:
        """Put a project first among the recent ones; a name that is no text cannot be kept."""
        text = str(path.resolve())
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return
        self.recent = [text, *(known for known in self.recent if known != text)][:MAX_RECENT]


def load_preferences(path: Path | None = None) -> Preferences:
    """Read the preferences; the defaults where the file is missing or damaged."""
    try:
        return Preferences.model_validate_json((path or settings_file()).read_bytes())
    except (OSError, ValidationError):
        return Preferences()


def save_preferences(preferences: Preferences, path: Path | None = None) -> None:
    """Write the preferences; a folder that cannot be written is no reason to trouble the user."""
    target = path or settings_file()
    with contextlib.suppress(OSError, StorageError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            file.write(preferences.model_dump_json(indent=1).encode())
