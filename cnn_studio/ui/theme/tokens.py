"""The token table: every colour, type size and distance of the window, for light and for dark.

Plain values without Qt. Nothing else in the program names a colour or a pixel size.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

FAMILIES: Mapping[str, str] = MappingProxyType(
    {
        "io": "#64748b",
        "convolution": "#3b82f6",
        "pooling": "#10b981",
        "normalisation": "#8b5cf6",
        "activation": "#f59e0b",
        "dense": "#ef5da8",
        "merge": "#06b6d4",
        "regularisation": "#94a3b8",
        "shape": "#a0653c",
    }
)
"""Colour per layer family by the family's key, the same in both themes."""


@dataclass(frozen=True, slots=True)
class Space:
    """Distances in steps of 4, in pixels at 100 % and 9.5 pt; `theme.px` makes real pixels of them."""

    xs: int = 4
    s: int = 8
    m: int = 12
    l: int = 16  # noqa: E741 - the usual name of a size
    xl: int = 24
    radius_small: int = 4
    radius: int = 6
    radius_card: int = 8
    control: int = 28  # height of buttons and fields
    progress: int = 6
    scroll_bar: int = 10
    icon: int = 16
    ring: int = 2  # focus and selection


@dataclass(frozen=True, slots=True)
class TypeScale:
    """Text sizes as multiples of the interface font, and weights."""

    body: float = 1.0
    small: float = 0.9
    caption: float = 0.86
    title: float = 1.2
    regular: int = 400
    medium: int = 500
    strong: int = 600
    base_points: float = 9.5


@dataclass(frozen=True, slots=True)
class Tokens:
    """Colours of one theme as ``#rrggbb``, with the sizes that both themes share.

    Attributes:
        window, panel, canvas, card, field: grounds, from the frame of the window to where text is typed.
        line: borders and grid lines; `dots` the canvas' dots.
        on_accent: text on `accent`.
        accent_ground, warning_ground, error_ground, ok_ground: quiet grounds for text of that colour.
        hover, pressed: grounds of things under the mouse.
        loss, accuracy, validation: colours of the curves.
        shadow: strength of the shadow under cards, 0 to 1 (of black).
    """

    name: str
    is_dark: bool
    window: str
    panel: str
    canvas: str
    line: str
    dots: str
    text: str
    muted: str
    accent: str
    on_accent: str
    accent_ground: str
    warning: str
    warning_ground: str
    error: str
    error_ground: str
    ok: str
    ok_ground: str
    card: str
    field: str
    hover: str
    pressed: str
    accent_hover: str
    shadow: float
    loss: str = FAMILIES["convolution"]
    accuracy: str = FAMILIES["pooling"]
    validation: str = FAMILIES["dense"]
    space: Space = Space()
    type: TypeScale = TypeScale()

    @property
    def families(self) -> Mapping[str, str]:
        """Colour per layer family, by key."""
        return FAMILIES

    def family(self, key: str) -> str:
        """Return a layer family's colour; families that the table does not know are grey."""
        return FAMILIES.get(key, FAMILIES["io"])

    def color(self, name: str) -> str:
        """Return a colour by its token's name, a layer family's key, or as it is if it is ``#rrggbb``.

        Raises:
            KeyError: there is no such colour.
        """
        if name.startswith("#"):
            return name
        value = getattr(self, name, None)
        if isinstance(value, str) and value.startswith("#"):
            return value
        return FAMILIES[name]


LIGHT = Tokens(
    name="light",
    is_dark=False,
    window="#f4f5f7",
    panel="#ffffff",
    canvas="#eef0f4",
    line="#dfe2e8",
    dots="#d5d9e1",
    text="#1f2430",
    muted="#565d6b",
    accent="#2f5fe0",
    on_accent="#ffffff",
    accent_ground="#e8efff",
    warning="#b15109",  # #b45309 reads 4.40:1 on the canvas, under AA
    warning_ground="#fff4e0",
    error="#c62828",
    error_ground="#fdecec",
    ok="#1a7f4b",
    ok_ground="#e9f7f0",
    card="#ffffff",
    field="#f7f8fa",
    hover="#f2f4f7",
    pressed="#e6e9ef",
    accent_hover="#2751c4",
    shadow=0.10,
)

DARK = Tokens(
    name="dark",
    is_dark=True,
    window="#16181d",
    panel="#1e2127",
    canvas="#13151a",
    line="#2d313a",
    dots="#262a33",
    text="#e6e9ef",
    muted="#aab3c1",
    accent="#7ba1ff",
    on_accent="#10131a",
    accent_ground="#22304f",
    warning="#f2b35e",
    warning_ground="#3a2d17",
    error="#ff7b72",
    error_ground="#3b1f22",
    ok="#4fc38a",
    ok_ground="#17332a",
    card="#262a32",
    field="#181b20",
    hover="#272b33",
    pressed="#31363f",
    accent_hover="#94b2ff",
    shadow=0.35,
)

PAPER = replace(LIGHT, name="paper", window="#ffffff", canvas="#ffffff")
"""What pictures for files are painted with, whatever the window looks like."""

_GROUNDS = ("window", "panel", "canvas", "card", "field", "hover", "pressed")

TEXT_PAIRS: tuple[tuple[str, str], ...] = (
    *(("text", ground) for ground in _GROUNDS),
    *(("muted", ground) for ground in _GROUNDS),
    *(
        (state, ground)
        for state in ("accent", "warning", "error", "ok")
        for ground in ("panel", "card", "field")
    ),
    ("on_accent", "accent"),
    ("on_accent", "accent_hover"),
    ("warning", "canvas"),
    ("error", "canvas"),
    *(("text", f"{state}_ground") for state in ("accent", "warning", "error", "ok")),
    *((state, f"{state}_ground") for state in ("accent", "warning", "error", "ok")),
    ("muted", "accent_ground"),
    ("panel", "warning"),
    ("panel", "error"),
)
"""Every (text, ground) pair of tokens that the window uses; a test holds each to WCAG AA."""


def _luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` as WCAG 2 defines it, 0 to 1."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise ValueError(f"{color!r} is no colour of the form #rrggbb")
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    """Return the WCAG 2 contrast ratio of two ``#rrggbb`` colours, from 1 to 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def ink_on(ground: str) -> str:
    """Return black or white, whichever reads better on ``#rrggbb`` (names on family colours)."""
    return max(("#000000", "#ffffff"), key=lambda ink: contrast(ink, ground))
