"""The drawings of the icons: strokes on a 24 × 24 grid, without colours.

Drawn here because the icon-font library costs about 0.2 s to import, a fifth of the time that the
whole window has until its first paint.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cnn_studio.ui.theme.layer_icons import LAYER_ICONS


def _path(*strokes: str) -> str:
    return "".join(f'<path d="{stroke}"/>' for stroke in strokes)


def _fill(path: str) -> str:
    return f'<path d="{path}" fill="currentColor"/>'


_CIRCLE = '<circle cx="12" cy="12" r="9"/>'
_PAGE = _path("M6 3h8l5 5v12a1 1 0 0 1-1 1H6a1 1 0 0 1-1-1V4a1 1 0 0 1 1-1z", "M14 3v5h5")
_SHEETS = '<rect x="8" y="8" width="12" height="12" rx="2"/>' + _path(
    "M16 8V6a2 2 0 0 0-2-2H6a2 2 0 0 0-2 2v8a2 2 0 0 0 2 2h2"
)
_TRIANGLE = _path("M12 4 21.5 20h-19z")
_LENS = '<circle cx="11" cy="11" r="7"/>' + _path("M20.5 20.5 16 16")

ICON_PATHS: Mapping[str, str] = MappingProxyType(
    {
        "new": _PAGE + _path("M12 12v6", "M9 15h6"),
        "file": _PAGE,
        "open": _path("M3 19V6a1 1 0 0 1 1-1h5l2 3h8a1 1 0 0 1 1 1v2", "M3 19l3-8h16l-3 8z"),
        "folder": _path("M3 7a2 2 0 0 1 2-2h4l2 3h8a2 2 0 0 1 2 2v7a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z"),
        "save": _path(
            "M5 3h11l5 5v11a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2z", "M7 21v-7h10v7", "M8 3v5h7"
        ),
        "undo": _path("M8 5 4 9l4 4", "M4 9h10a6 6 0 0 1 0 12h-3"),
        "redo": _path("M16 5l4 4-4 4", "M20 9H10a6 6 0 0 0 0 12h3"),
        "arrange": '<rect x="8" y="3" width="8" height="5" rx="1"/>'
        '<rect x="3" y="16" width="7" height="5" rx="1"/>'
        '<rect x="14" y="16" width="7" height="5" rx="1"/>' + _path("M12 8v4", "M6.5 16v-4h11v4"),
        "fit": _path("M4 9V4h5", "M15 4h5v5", "M20 15v5h-5", "M9 20H4v-5"),
        "play": _fill("M7 4.5v15l12-7.5z"),
        "pause": _fill("M7 5h3.5v14H7zM13.5 5H17v14h-3.5z"),
        "stop": _fill("M6 6h12v12H6z"),
        "transfer": _path("M4 8h14", "M14 4l4 4-4 4", "M20 16H6", "M10 12l-4 4 4 4"),
        "search": _LENS,
        "zoom-in": _LENS + _path("M11 8v6", "M8 11h6"),
        "zoom-out": _LENS + _path("M8 11h6"),
        "plus": _path("M12 5v14", "M5 12h14"),
        "minus": _path("M5 12h14"),
        "close": _path("M6 6l12 12", "M18 6 6 18"),
        "check": _path("M5 12.5l4.5 4.5L19 7.5"),
        "ok": _CIRCLE + _path("M8 12.5l3 3 5-6"),
        "warning": _TRIANGLE + _path("M12 10v4", "M12 17v.2"),
        "error": _CIRCLE + _path("M12 7v6", "M12 16.5v.2"),
        "info": _CIRCLE + _path("M12 11v6", "M12 7.5v.2"),
        "help": _CIRCLE + _path("M9.5 9.5a2.5 2.5 0 1 1 3.5 2.3c-.7.3-1 .8-1 1.7", "M12 16.8v.2"),
        "snowflake": _path(
            "M12 3v18",
            "M4.2 7.5l15.6 9",
            "M19.8 7.5l-15.6 9",
            "M9.5 4.5 12 7l2.5-2.5",
            "M9.5 19.5 12 17l2.5 2.5",
        ),
        "chevron-up": _path("M6 15l6-6 6 6"),
        "chevron-down": _path("M6 9l6 6 6-6"),
        "chevron-left": _path("M15 6l-6 6 6 6"),
        "chevron-right": _path("M9 6l6 6-6 6"),
        "copy": _SHEETS,
        "duplicate": _SHEETS + _path("M14 11v6", "M11 14h6"),
        "cut": '<circle cx="6" cy="6" r="3"/><circle cx="6" cy="18" r="3"/>'
        + _path("M20 4 8.2 15.8", "M8.2 8.2 20 20"),
        "paste": '<rect x="5" y="5" width="14" height="16" rx="2"/>'
        '<rect x="9" y="3" width="6" height="4" rx="1"/>',
        "delete": _path("M4 7h16", "M9 7V4h6v3", "M6 7l1 14h10l1-14", "M10 11v6", "M14 11v6"),
        "settings": _path("M4 7h10", "M18 7h2", "M4 17h2", "M10 17h10")
        + '<circle cx="16" cy="7" r="2"/><circle cx="8" cy="17" r="2"/>',
        "export": _path("M12 15V4", "M8 8l4-4 4 4", "M4 15v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4"),
        "import": _path("M12 4v11", "M8 11l4 4 4-4", "M4 15v4a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-4"),
        "image": '<rect x="3" y="4" width="18" height="16" rx="2"/><circle cx="8.5" cy="9.5" r="1.5"/>'
        + _path("M21 16l-5-5-9 9"),
        "data": '<ellipse cx="12" cy="6" rx="8" ry="3"/>'
        + _path("M4 6v12c0 1.7 3.6 3 8 3s8-1.3 8-3V6", "M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"),
        "chart": _path("M4 4v16h16", "M7 15l4-5 3 3 5-7"),
        "table": '<rect x="3" y="4" width="18" height="16" rx="2"/>'
        + _path("M3 10h18", "M3 15h18", "M10 10v10"),
        "code": _path("M8 7l-5 5 5 5", "M16 7l5 5-5 5", "M13.5 4l-3 16"),
        "layers": _path("M12 3l9 5-9 5-9-5z", "M3 12.5l9 5 9-5", "M3 17l9 5 9-5"),
        "network": '<circle cx="12" cy="4.5" r="2"/><circle cx="12" cy="12" r="2"/>'
        '<circle cx="12" cy="19.5" r="2"/>' + _path("M12 6.5V10", "M12 14v3.5", "M14 4.5c7 2 7 13 0 15"),
        "refresh": _path("M20 5v5h-5", "M19.5 10A8 8 0 1 0 20 14"),
        "history": _path("M4 5v5h5", "M4.5 10A8 8 0 1 1 4 14", "M12 8v4.5l3 2"),
        "lock": '<rect x="5" y="11" width="14" height="10" rx="2"/>' + _path("M8 11V7a4 4 0 0 1 8 0v4"),
        "unlock": '<rect x="5" y="11" width="14" height="10" rx="2"/>' + _path("M8 11V7a4 4 0 0 1 7.7-1.5"),
        "eye": _path("M2.5 12C5 7.5 8.3 5.5 12 5.5S19 7.5 21.5 12C19 16.5 15.7 18.5 12 18.5S5 16.5 2.5 12z")
        + '<circle cx="12" cy="12" r="3"/>',
        "edit": _path("M4 20l1-4L16 5l3 3L8 19z", "M14 7l3 3"),
        "link": _path(
            "M10 14a4 4 0 0 0 5.7 0l3-3a4 4 0 0 0-5.7-5.7l-1 1",
            "M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1-1",
        ),
        "star": _path("M12 3.5l2.6 5.6 6 .7-4.5 4.1 1.2 6-5.3-3-5.3 3 1.2-6L3.4 9.8l6-.7z"),
        "sun": '<circle cx="12" cy="12" r="4"/>'
        + _path(
            "M12 3v2",
            "M12 19v2",
            "M3 12h2",
            "M19 12h2",
            "M5.6 5.6 7 7",
            "M17 17l1.4 1.4",
            "M5.6 18.4 7 17",
            "M17 7l1.4-1.4",
        ),
        "moon": _path("M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z"),
        "chip": '<rect x="6" y="6" width="12" height="12" rx="2"/>'
        + _path("M10 3v3", "M14 3v3", "M10 18v3", "M14 18v3", "M3 10h3", "M3 14h3", "M18 10h3", "M18 14h3"),
        "group": '<rect x="3" y="3" width="18" height="18" rx="2" stroke-dasharray="3 3"/>'
        '<rect x="7" y="7" width="6" height="4"/><rect x="11" y="13" width="6" height="4"/>',
        "more": _fill(
            "M5 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3zM12 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z"
            "M19 10.5a1.5 1.5 0 1 1 0 3 1.5 1.5 0 0 1 0-3z"
        ),
        "tour": _CIRCLE + _path("M15.5 8.5l-2 5-5 2 2-5z"),
    }
)


def svg(name: str, color: str) -> str:
    """Return an icon as an SVG document in one colour.

    Args:
        name: key of `ICON_PATHS`, or of `LAYER_ICONS` for a layer type.
        color: ``#rrggbb``.

    Raises:
        KeyError: there is no icon of this name.
    """
    # currentColor is put in here: Qt's SVG renderer takes it from no style sheet
    strokes = ICON_PATHS[name] if name in ICON_PATHS else LAYER_ICONS[name]
    body = strokes.replace("currentColor", color)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24">'
        f'<g fill="none" stroke="{color}" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">'
        f"{body}</g></svg>"
    )
