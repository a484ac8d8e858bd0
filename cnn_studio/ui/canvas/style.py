"""Fonts and sizes of the canvas in its own units, where a card is 214 × 50; the view scales them all.

Colours come from the theme's tokens when painting, so that a change of theme needs no more than a repaint.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPen
from PySide6.QtWidgets import QApplication

from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH
from cnn_studio.ui import theme

CARD = QRectF(-CARD_WIDTH / 2, -CARD_HEIGHT / 2, CARD_WIDTH, CARD_HEIGHT)
"""A card about its own centre."""

BAR_WIDTH = 5.0
INSET = 16.0  # from the card's left edge to its text
PADDING = 12.0  # from its text to the right edge
BADGE_RADIUS = 9.0
PORT_RADIUS = 5.0
PORT_WIDTH = 14.0  # a press this far aside of a port is one on it,
PORT_REACH = 9.0  # this far outside of the card,
PORT_DEPTH = 7.0  # and this far inside
SHADOW_REACH = 8.0
WIRE_WIDTH = 1.6
WIRE_REACH = 9.0
GRID = 24.0
TILE_ZOOM = 0.4  # below this, cards are tiles
FADE_ZOOM = 0.55  # below this, shapes begin to fade
NAME_ZOOM = 0.2  # below this, tiles have no name
TILE_TEXT = 26
MARK = 9.0  # size of the mark that folds a block


class Fonts(NamedTuple):
    """The fonts of the canvas with their metrics."""

    name: QFont
    detail: QFont
    mono: QFont
    tile: QFont
    badge: QFont
    name_metrics: QFontMetricsF
    detail_metrics: QFontMetricsF
    mono_metrics: QFontMetricsF
    tile_metrics: QFontMetricsF


_now: list[Fonts] = []  # asking Qt for the families costs more than all else in painting a wire


def fonts() -> Fonts:
    """Return the fonts as they are now; the interface font decides the family."""
    if not _now:
        _listen()
        _now.append(_fonts(QApplication.font().family(), theme.mono_font().family()))
    return _now[0]


@lru_cache(maxsize=1)
def _listen() -> None:
    theme.manager().changed.connect(_forget)


def _forget() -> None:
    _now.clear()
    mono_text.cache_clear()


@lru_cache(maxsize=2048)
def mono_text(text: str, most: float) -> tuple[str, float]:
    """Return a text in the monospace font, shortened to a width, and its width; most shapes occur many times."""
    metrics = fonts().mono_metrics
    width = metrics.horizontalAdvance(text)
    if width > most:
        text, width = metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, most), most
    return text, width


def pen(color: str, alpha: float, width: float, *, is_cosmetic: bool = False) -> QPen:
    """Return a pen in a colour of the theme, to be used as it is; `width` in pixels if cosmetic."""
    return _pen(theme.qcolor(color).name(), alpha, width, is_cosmetic)


def opaque_pen(color: QColor, width: float, *, is_cosmetic: bool = False) -> QPen:
    """Return a pen in a colour as it is; `width` in pixels if cosmetic."""
    return _pen(color.name(), 1.0, width, is_cosmetic)


def over_canvas(color: str, alpha: float) -> QColor:
    """Return what a colour of the theme looks like on the canvas, opaque: blending costs ten times as much."""
    return _over(theme.qcolor(color).name(), alpha, theme.current().canvas)


@lru_cache(maxsize=64)
def _over(color: str, alpha: float, ground: str) -> QColor:
    top, below = QColor(color), QColor(ground)

    def mix(a: int, b: int) -> int:
        return round(alpha * a + (1 - alpha) * b)

    return QColor(mix(top.red(), below.red()), mix(top.green(), below.green()), mix(top.blue(), below.blue()))


@lru_cache(maxsize=256)
def _pen(color: str, alpha: float, width: float, is_cosmetic: bool) -> QPen:
    found = QPen(theme.qcolor(color, alpha), width)
    found.setCapStyle(Qt.PenCapStyle.FlatCap)
    found.setCosmetic(is_cosmetic)
    return found


def _fonts(family: str, mono: str) -> Fonts:
    kinds = theme.current().type
    base = kinds.base_points * 4 / 3

    def make(size: float, weight: int, name: str = family) -> QFont:
        font = QFont(name)
        font.setPixelSize(round(size))
        font.setWeight(QFont.Weight(weight))
        font.setHintingPreference(QFont.HintingPreference.PreferNoHinting)  # the same widths at every zoom
        return font

    found = (
        make(base * 1.03, kinds.strong),
        make(base * kinds.small, kinds.regular),
        make(base * kinds.caption, kinds.regular, mono),
        make(TILE_TEXT, kinds.strong),
        make(base, 700),
    )
    return Fonts(*found, *(QFontMetricsF(font) for font in found[:4]))
