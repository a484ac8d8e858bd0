"""What this system must have before a window can open; asked before Qt is, because Qt ends the process instead."""

from __future__ import annotations

import ctypes
import os
import sys

# What Qt's xcb platform plug-in loads, and the Debian packages that have it.
_XCB_LIBRARIES = {
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
}


def missing_libraries() -> list[str]:
    """Return the Debian packages whose libraries Qt needs for a window here and that cannot be loaded."""
    if not sys.platform.startswith("linux"):
        return []
    missing = []
    for library, package in _XCB_LIBRARIES.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing.append(package)
    return missing


def display_problem() -> str:
    """Return the sentence that says why no window can open here, or nothing."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "xcb") != "xcb":
        return ""  # other systems always have a screen; another platform was asked for on purpose
    if os.environ.get("WAYLAND_DISPLAY") and not os.environ.get("DISPLAY"):
        return ""
    if not os.environ.get("DISPLAY"):
        return (
            "There is no display to open a window on (DISPLAY is not set). Start CNN Studio on a desktop, or use the "
            "command line: cnn-studio --help."
        )
    missing = missing_libraries()
    if missing:
        return (
            "System libraries that the window needs are missing. On Debian or Ubuntu: "
            f"sudo apt-get install {' '.join(missing)}"
        )
    if not _display_answers():
        return f"The display {os.environ['DISPLAY']} (DISPLAY) does not answer. Check that it runs and that you may use it."
    return ""


def _display_answers() -> bool:
    """Return whether the X server can be reached; True where that cannot be asked."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return True
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.c_void_p)
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed
