"""What may be dropped onto the window: one project file, or one folder of images."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtGui import QDropEvent

from cnn_studio.app.project import SUFFIX


def dropped_path(event: QDropEvent) -> Path | None:
    """Return the one folder or project file that is dragged, or None."""
    urls = event.mimeData().urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.is_dir() or path.suffix == SUFFIX else None
