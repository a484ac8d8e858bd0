"""Places, boxes, curves and ways of wires as plain numbers in canvas units; no Qt."""

from __future__ import annotations

from typing import Literal, NamedTuple

from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH

HALF_WIDTH, HALF_HEIGHT = CARD_WIDTH / 2, CARD_HEIGHT / 2
LABEL_HEIGHT, LABEL_GAP = 15.0, 8.0

LabelPlace = Literal["source", "middle", "target"]

_SAMPLES = tuple(n / 16 for n in range(1, 16))


class Point(NamedTuple):
    """A place on the canvas."""

    x: float
    y: float


class Box(NamedTuple):
    """A card's area."""

    left: float
    top: float
    right: float
    bottom: float

    def contains(self, x: float, y: float, margin: float = 0.0) -> bool:
        """Return whether a place lies in the box widened by `margin`."""
        return self.left - margin < x < self.right + margin and self.top - margin < y < self.bottom + margin

    def moved(self, dx: float, dy: float) -> Box:
        """Return the box at another place."""
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def turned(self) -> Box:
        """Return the box with x and y exchanged."""
        return Box(self.top, self.left, self.bottom, self.right)

    def meets(self, other: Box, margin: float = 0.0) -> bool:
        """Return whether two boxes overlap, or come closer than `margin`."""
        return (
            self.left - margin < other.right
            and other.left < self.right + margin
            and self.top - margin < other.bottom
            and other.top < self.bottom + margin
        )


class Curve(NamedTuple):
    """One piece of a wire: a cubic Bézier curve from where the piece before ended; straight if both controls lie on it."""

    first: Point
    second: Point
    end: Point
    is_straight: bool = False


class Label(NamedTuple):
    """Where the text beside a wire stands: its left end, or its right end, and its middle."""

    x: float
    y: float
    to_left: bool

    def box(self, width: float, height: float = LABEL_HEIGHT) -> Box:
        """Return the area of a text of that size."""
        left = self.x - width if self.to_left else self.x
        return Box(left, self.y - height / 2, left + width, self.y + height / 2)


class Route(NamedTuple):
    """The way of one wire.

    Attributes:
        lane: where its run beside cards is, if it has one: its place across the way of the network, and the range
            along it.
    """

    start: Point
    curves: tuple[Curve, ...]
    label: Label | None
    lane: tuple[float, float, float] | None = None

    def turned(self, label_width: float) -> Route:
        """Return the way with x and y exchanged; its text, of that width, stays level."""
        label = None
        if self.label is not None:
            left, top, _, bottom = self.label.box(LABEL_HEIGHT, label_width).turned()
            label = Label(left, (top + bottom) / 2, to_left=False)
        curves = tuple(
            Curve(Point(*c.first[::-1]), Point(*c.second[::-1]), Point(*c.end[::-1]), c.is_straight)
            for c in self.curves
        )
        return Route(Point(*self.start[::-1]), curves, label, self.lane)

    def points(self) -> list[Point]:
        """Return places along the wire, close enough to measure distances."""
        found, here = [self.start], self.start
        for curve in self.curves:
            if curve.is_straight:
                found.append(curve.end)
            else:
                found += [_at(here, curve, t) for t in _SAMPLES] + [curve.end]
            here = curve.end
        return found


def card_box(x: float, y: float) -> Box:
    """Return the area of the card with that centre."""
    return Box(x - HALF_WIDTH, y - HALF_HEIGHT, x + HALF_WIDTH, y + HALF_HEIGHT)


def line(start: Point, end: Point) -> Curve:
    """Return a straight piece of a wire."""
    return Curve(start, end, end, is_straight=True)


def _at(start: Point, curve: Curve, t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    first, second, end = curve.first, curve.second, curve.end
    return Point(
        a * start.x + b * first.x + c * second.x + d * end.x,
        a * start.y + b * first.y + c * second.y + d * end.y,
    )
