"""Where cards go that are aligned, distributed or spaced evenly: plain places, no Qt.

All cards are of one size, so that their centres say all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP
from cnn_studio.graph.layout import COLUMN, RIGHT_STEP, ROW, Direction

Edge = Literal["left", "center", "right", "top", "middle", "bottom"]
Axis = Literal["across", "down"]
Places = dict[int, tuple[float, float]]

_AT: Mapping[Edge, tuple[int, float]] = {  # axis, and how far from the least to the greatest
    "left": (0, 0.0),
    "center": (0, 0.5),
    "right": (0, 1.0),
    "top": (1, 0.0),
    "middle": (1, 0.5),
    "bottom": (1, 1.0),
}


def aligned(places: Mapping[int, tuple[float, float]], edge: Edge) -> Places:
    """Return the places with one edge, or the centres, in one line."""
    axis, share = _AT[edge]
    low, high = min(at[axis] for at in places.values()), max(at[axis] for at in places.values())
    line = low + share * (high - low)
    return {key: _with(at, axis, line) for key, at in places.items()}


def distributed(places: Mapping[int, tuple[float, float]], along: Axis) -> Places:
    """Return the places at equal distances; the outermost cards stay."""
    axis = 0 if along == "across" else 1
    order = sorted(places, key=lambda key: (places[key][axis], places[key][1 - axis]))
    first, last = places[order[0]][axis], places[order[-1]][axis]
    step = (last - first) / max(1, len(order) - 1)
    return {key: _with(places[key], axis, first + n * step) for n, key in enumerate(order)}


def spaced(places: Mapping[int, tuple[float, float]], direction: Direction) -> Places:
    """Return the places at the distance that arranged networks have, along their longer side; the first stays."""
    spans = [
        max(at[axis] for at in places.values()) - min(at[axis] for at in places.values()) for axis in (0, 1)
    ]
    axis = 0 if spans[0] > spans[1] else 1
    steps = (COLUMN, STEP) if direction == "down" else (RIGHT_STEP, ROW)
    order = sorted(places, key=lambda key: (places[key][axis], places[key][1 - axis]))
    first = places[order[0]][axis]
    return {key: _with(places[key], axis, first + n * steps[axis]) for n, key in enumerate(order)}


def on_each_other(places: Mapping[int, tuple[float, float]]) -> tuple[int, int] | None:
    """Return two cards that would cover each other, or None."""
    rows = sorted(places, key=lambda key: places[key][1])
    for n, key in enumerate(rows):
        x, y = places[key]
        for other in rows[n + 1 :]:
            at = places[other]
            if at[1] - y >= CARD_HEIGHT:
                break
            if abs(at[0] - x) < CARD_WIDTH:
                return key, other
    return None


def _with(at: tuple[float, float], axis: int, value: float) -> tuple[float, float]:
    return (value, at[1]) if axis == 0 else (at[0], value)
