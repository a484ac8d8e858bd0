"""Colours of plots that are more than one token: ramps over layers and values, and colours of runs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from PySide6.QtGui import QColor

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

_LAYERS = ("convolution", "normalisation", "dense", "activation")  # readable on both grounds
_VALUES = ("accent_ground", "accent", "text")  # from the ground to what stands out, in either theme
RUN_TOKENS = ("activation", "merge", "normalisation", "pooling", "dense", "shape", "convolution", "io")
"""Colours that a run may be given."""
_OWN = ("activation", "merge", "normalisation", "shape", "io")
"""Colours of runs that were given none, in turn by their number: not those of the curves of the run that is shown
(training, validation, accuracy), which would pass for another run's."""


def run_color(run: int, chosen: str = "") -> str:
    """Return a run's colour: the chosen one, or one that stays the same for its number."""
    return chosen if QColor(chosen).isValid() and chosen.startswith("#") else _OWN[run % len(_OWN)]


def layer_color(at: int, count: int) -> QColor:
    """Return the colour of a layer between the first (blue) and the last (amber) of a network."""
    return _between(_LAYERS, at / max(1, count - 1))


def _between(stops: Sequence[str], share: float) -> QColor:
    place = min(1.0, max(0.0, share)) * (len(stops) - 1)
    first = min(int(place), len(stops) - 2)
    part = place - first
    low, high = theme.qcolor(stops[first]), theme.qcolor(stops[first + 1])
    return mixed(low, high, part)


def mixed(first: QColor, last: QColor, share: float) -> QColor:
    """Return a colour between two: the first at a share of 0, the last at 1."""
    ends = (first.red(), first.green(), first.blue()), (last.red(), last.green(), last.blue())
    return QColor(*(round((1 - share) * a + share * b) for a, b in zip(*ends, strict=True)))


def value_ramp() -> np.ndarray:
    """Return 256 colours from small to large values in the theme of now, uint8 of shape [256, 3]."""
    return _value_ramp(theme.current().name)


@lru_cache(maxsize=4)
def _value_ramp(name: str) -> np.ndarray:
    import numpy as np

    del name  # the key alone
    colors = [_between(_VALUES, at / 255) for at in range(256)]
    return np.array([(color.red(), color.green(), color.blue()) for color in colors], dtype=np.uint8)
