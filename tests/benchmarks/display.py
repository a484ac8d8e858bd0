"""A display for the window: an X server of our own where there is one, else Qt's offscreen platform."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from tests.helpers.desktop import Screen


@contextmanager
def display() -> Iterator[dict[str, str]]:
    """Yield the environment in which a window can open; ends the X server afterwards."""
    environment = dict(os.environ)
    if shutil.which("Xvfb") is None:
        yield environment | {"QT_QPA_PLATFORM": "offscreen"}
        return
    with Screen() as screen:
        yield environment | {"DISPLAY": screen.display, "QT_QPA_PLATFORM": "xcb"}
