"""Where the window stands and how large its panels are, from one start to the next."""

from __future__ import annotations

import json

from PySide6.QtCore import QByteArray
from PySide6.QtWidgets import QMainWindow

from cnn_studio.app.preferences import Preferences
from cnn_studio.ui import theme
from cnn_studio.ui.workspace import Workspace


def restore(window: QMainWindow, workspace: Workspace, preferences: Preferences) -> None:
    """Put the window where it was; without a memory, as large as the screen allows, up to a comfortable size."""
    room = window.screen().availableGeometry()
    window.resize(min(theme.px(1600), room.width()), min(theme.px(1000), room.height()))
    if preferences.geometry:
        window.restoreGeometry(QByteArray.fromBase64(preferences.geometry.encode()))
    try:
        workspace.restore_sizes(json.loads(preferences.layout or "{}"))
    except (ValueError, TypeError, AttributeError):
        preferences.layout = ""  # written by another version; the default layout is as good


def store(window: QMainWindow, workspace: Workspace, preferences: Preferences) -> None:
    """Note in the preferences where the window stands."""
    preferences.geometry = bytes(window.saveGeometry().toBase64().data()).decode()
    preferences.layout = json.dumps(workspace.sizes())
