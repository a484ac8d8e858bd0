"""What may be dropped onto the window: one project file, one folder of images, or one list of them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QDropEvent

from cnn_studio.app.project import SUFFIX

_LISTS = frozenset({".csv", ".tsv"})


def dropped_path(event: QDropEvent) -> Path | None:
    """Return the one folder, project file or list (CSV) that is dragged, or None."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() or path.suffix == SUFFIX or is_list(path) else None


def is_list(path: Path) -> bool:
    """Return whether a file is a list of images by its name."""
    return path.suffix.lower() in _LISTS
