"""Snapping of cards that are dragged to the lines of others, and the guides that show it; places without Qt but for the item."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from PySide6.QtGui import QPainterPath, QPen
from PySide6.QtWidgets import QGraphicsPathItem

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.geometry import Box

_BEYOND = 12.0  # how far a guide reaches past the cards that it joins


class Guide(NamedTuple):
    """A line that shows what is in line, from end to end."""

    x1: float
    y1: float
    x2: float
    y2: float


class Snap(NamedTuple):
    """How far something moves so that it is in line with others, and the lines that show it."""

    dx: float
    dy: float
    guides: tuple[Guide, ...]


def snap(moving: Sequence[Box], others: Iterable[Box], dx: float, dy: float, reach: float) -> Snap:
    """Return a move that puts centres, or equal edges, in line where they nearly are.

    Args:
        moving: areas that move, as they are before: the one under the mouse, and all of them together.
        others: areas that stay.
        dx, dy: the move by the mouse alone.
        reach: how far off a line still attracts.
    """
    rest = list(others)
    across = _nearest(moving, rest, dx, reach)
    turned, turned_rest = [box.turned() for box in moving], [box.turned() for box in rest]
    down = _nearest(turned, turned_rest, dy, reach)
    x, y = dx if across is None else across, dy if down is None else down
    guides: list[Guide] = []
    if across is not None:
        guides += _guides([box.moved(x, y) for box in moving], rest)
    if down is not None:
        lines = _guides([box.moved(y, x) for box in turned], turned_rest)
        guides += [Guide(line.y1, line.x1, line.y2, line.x2) for line in lines]
    return Snap(x, y, tuple(guides))


def _lines(box: Box) -> tuple[float, float, float]:
    return (box.left + box.right) / 2, box.left, box.right


def _nearest(moving: Sequence[Box], rest: Sequence[Box], by: float, reach: float) -> float | None:
    """Return the move across that is nearest to the wanted one and puts something in line; None if nothing is near."""
    best, found = reach, None
    for box in moving:
        for mine, theirs in zip(_lines(box), zip(*map(_lines, rest), strict=True), strict=True):
            for line in set(theirs):
                off = abs(line - mine - by)
                if off < best:
                    best, found = off, line - mine
    return found


def _guides(moved: Sequence[Box], rest: Sequence[Box]) -> list[Guide]:
    """Return one line down for each centre, or else edge, of what was moved that is in line with others."""
    found: dict[float, Guide] = {}
    for box in moved:
        for n, line in enumerate(_lines(box)):
            joined = [other for other in rest if abs(_lines(other)[n] - line) < 0.5]
            if not joined:
                continue
            top = min(box.top, *(other.top for other in joined)) - _BEYOND
            bottom = max(box.bottom, *(other.bottom for other in joined)) + _BEYOND
            found.setdefault(round(line, 1), Guide(line, top, line, bottom))
            if n == 0:
                break  # equal centres of equal cards mean equal edges too
    return list(found.values())


class GuideItem(QGraphicsPathItem):
    """The guides of one drag, one pixel wide at every zoom."""

    def __init__(self) -> None:
        super().__init__()
        pen = QPen(theme.qcolor("accent"), 1)
        pen.setCosmetic(True)
        self.setPen(pen)
        self.setOpacity(0.8)
        self.setZValue(6)

    def show_guides(self, guides: Iterable[Guide]) -> None:
        """Show these lines and no others."""
        path = QPainterPath()
        for line in guides:
            path.moveTo(line.x1, line.y1)
            path.lineTo(line.x2, line.y2)
        self.setPath(path)
