"""The ways of wires around cards, as plain geometry in canvas units; no Qt.

A wire leaves a card at the middle of its lower edge and enters the next one at the middle of its upper edge. It is
straight where it can be, a curve where that is free, and else runs in a lane beside the cards in its way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH

HALF_WIDTH, HALF_HEIGHT = CARD_WIDTH / 2, CARD_HEIGHT / 2
LANE_GAP, LANE_STEP, MAX_LANES = 18.0, 12.0, 12
LABEL_HEIGHT, LABEL_GAP = 15.0, 8.0

LabelPlace = Literal["source", "middle", "target"]

_ROW = 64.0
_CLEAR = 6.0  # least distance of a wire from a card that is not its own
_BEND = 40.0  # height in which a wire turns into its lane
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

    def box(self, width: float) -> Box:
        """Return the area of a text of that width."""
        left = self.x - width if self.to_left else self.x
        return Box(left, self.y - LABEL_HEIGHT / 2, left + width, self.y + LABEL_HEIGHT / 2)


class Route(NamedTuple):
    """The way of one wire; `lane` is the x and the y range of its run beside cards, if it has one."""

    start: Point
    curves: tuple[Curve, ...]
    label: Label | None
    lane: tuple[float, float, float] | None = None

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


class CardIndex:
    """Where the cards are, found by place."""

    def __init__(self) -> None:
        self._boxes: dict[int, Box] = {}
        self._rows: dict[int, set[int]] = {}

    def put(self, layer_id: int, x: float, y: float) -> None:
        """Note the centre of a card."""
        self.drop(layer_id)
        box = card_box(x, y)
        self._boxes[layer_id] = box
        for row in _rows(box.top, box.bottom):
            self._rows.setdefault(row, set()).add(layer_id)

    def drop(self, layer_id: int) -> None:
        """Forget a card."""
        box = self._boxes.pop(layer_id, None)
        if box is not None:
            for row in _rows(box.top, box.bottom):
                self._rows[row].discard(layer_id)

    def clear(self) -> None:
        """Forget all cards."""
        self._boxes.clear()
        self._rows.clear()

    def box(self, layer_id: int) -> Box:
        """Return a card's area."""
        return self._boxes[layer_id]

    def between(self, top: float, bottom: float) -> dict[int, Box]:
        """Return the cards that reach into a range of y."""
        found: dict[int, Box] = {}
        if (bottom - top) / _ROW > len(self._rows):
            ids: Iterator[int] = iter(self._boxes)
        else:
            ids = (layer_id for row in _rows(top, bottom) for layer_id in self._rows.get(row, ()))
        for layer_id in ids:
            box = self._boxes[layer_id]
            if box.top < bottom and box.bottom > top:
                found[layer_id] = box
        return found

    def at(self, x: float, y: float, margin: float = 0.0) -> int | None:
        """Return the card at a place, the nearest one where several are."""
        found = [
            (abs(box.left + HALF_WIDTH - x) + abs(box.top + HALF_HEIGHT - y), layer_id)
            for layer_id, box in self.between(y - margin, y + margin + 0.1).items()
            if box.contains(x, y, margin)
        ]
        return min(found)[1] if found else None

    def inside(self, area: Box) -> set[int]:
        """Return the cards that an area touches."""
        return {i for i, box in self.between(area.top, area.bottom).items() if box.meets(area)}

    def bounds(self) -> Box | None:
        """Return the area that all cards take, or None if there are none."""
        if not self._boxes:
            return None
        lefts, tops, rights, bottoms = zip(*self._boxes.values(), strict=True)
        return Box(min(lefts), min(tops), max(rights), max(bottoms))


def card_box(x: float, y: float) -> Box:
    """Return the area of the card with that centre."""
    return Box(x - HALF_WIDTH, y - HALF_HEIGHT, x + HALF_WIDTH, y + HALF_HEIGHT)


def _rows(top: float, bottom: float) -> range:
    return range(int(top // _ROW), int(bottom // _ROW) + 1)


def _at(start: Point, curve: Curve, t: float) -> Point:
    a, b, c, d = (1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3
    first, second, end = curve.first, curve.second, curve.end
    return Point(
        a * start.x + b * first.x + c * second.x + d * end.x,
        a * start.y + b * first.y + c * second.y + d * end.y,
    )


def _line(start: Point, end: Point) -> Curve:
    return Curve(start, end, end, is_straight=True)


class Router:
    """Finds ways for wires between cards; wires that run beside cards get lanes of their own."""

    def __init__(self, cards: CardIndex) -> None:
        self._cards = cards
        self._lanes: dict[object, tuple[float, float, float]] = {}

    def release(self, key: object) -> None:
        """Give back the lane of a wire."""
        self._lanes.pop(key, None)

    def clear(self) -> None:
        """Give back all lanes."""
        self._lanes.clear()

    def route(
        self, key: object, source: int, target: int, label_width: float, label_at: LabelPlace = "middle"
    ) -> Route:
        """Return the way of a wire between two cards.

        Args:
            key: the wire, for its lane.
            source, target: the cards.
            label_width: room that its text takes.
            label_at: the end of the wire that its text stands at, away from where other wires join it.
        """
        self.release(key)
        above, below = self._cards.box(source), self._cards.box(target)
        start = Point(above.left + HALF_WIDTH, above.bottom)
        end = Point(below.left + HALF_WIDTH, below.top)
        route = None
        if end.y >= start.y + 2:
            others = self._cards.between(start.y - _CLEAR, end.y + _CLEAR)
            for own in (source, target):
                others.pop(own, None)
            route = self._direct(start, end, list(others.values()), label_at)
        if route is None:
            route = self._beside(start, end)
            if route.lane is not None:
                self._lanes[key] = route.lane
        return route._replace(label=self._free_label(route, label_width))

    def _direct(self, start: Point, end: Point, others: list[Box], label_at: LabelPlace) -> Route | None:
        if abs(start.x - end.x) < 1:
            high, low = start.y + LABEL_HEIGHT / 2, end.y - LABEL_HEIGHT / 2
            y = {"source": high + 0.5, "middle": (high + low) / 2, "target": low - 0.5}[label_at]
            route = Route(start, (_line(start, end),), Label(start.x + LABEL_GAP, y, to_left=False))
            column = Box(start.x, start.y, start.x, end.y)
            return None if any(box.meets(column, _CLEAR) for box in others) else route
        reach = max(18.0, (end.y - start.y) * 0.5)
        curve = Curve(Point(start.x, start.y + reach), Point(end.x, end.y - reach), end)
        goes_right = end.x > start.x
        if label_at == "source":
            x = start.x - LABEL_GAP if goes_right else start.x + LABEL_GAP
            label = Label(x, start.y + LABEL_HEIGHT / 2 + 3, to_left=goes_right)
        else:
            x = end.x + LABEL_GAP if goes_right else end.x - LABEL_GAP
            label = Label(x, end.y - LABEL_HEIGHT / 2 - 3, to_left=not goes_right)
        route = Route(start, (curve,), label)
        if any(box.contains(x, y, _CLEAR - 2) for x, y in route.points() for box in others):
            return None
        return route

    def _beside(self, start: Point, end: Point) -> Route:
        """Return the way through the free lane that is the shortest detour, to the left among equals."""
        goes_up = end.y < start.y + _BEND
        bend = _BEND if goes_up else min(_BEND, (end.y - start.y) / 2)
        top, bottom = (end.y, start.y) if goes_up else (start.y, end.y)
        boxes = list(self._cards.between(top - 2, bottom + 2).values())
        lanes = {start.x, end.x}
        for box in boxes:
            for n in range(MAX_LANES):
                lanes |= {box.left - LANE_GAP - n * LANE_STEP, box.right + LANE_GAP + n * LANE_STEP}
        middle = (start.x + end.x) / 2
        best = min(lanes)
        clear = bend * 0.6

        def cost(x: float) -> tuple[float, float]:
            detour = abs(x - start.x) + abs(x - end.x)
            if abs(x - start.x) < 1 or abs(x - end.x) < 1:
                return detour, x  # straight down one of the two columns
            return detour + (100 if x > middle else 40), x

        for lane in sorted(lanes, key=cost):
            run = Box(lane, top + (-bend if goes_up else clear), lane, bottom + (bend if goes_up else -clear))
            if not any(box.meets(run, _CLEAR + 2) for box in boxes) and self._is_unused(lane, top, bottom):
                best = lane
                break
        side = Label(
            best - LABEL_GAP if best <= middle else best + LABEL_GAP, (top + bottom) / 2, best <= middle
        )
        return Route(start, _lane_curves(start, end, best, bend, goes_up), side, (best, top, bottom))

    def _is_unused(self, lane: float, top: float, bottom: float) -> bool:
        return not any(
            abs(x - lane) < LANE_STEP - 1 and first < bottom - 4 and top + 4 < last
            for x, first, last in self._lanes.values()
        )

    def _free_label(self, route: Route, width: float) -> Label | None:
        """Return where the text fits beside the wire without touching a card, or None if nowhere."""
        if route.label is None:
            return None
        x, y, to_left = route.label
        mirrored = x + 2 * LABEL_GAP if to_left else x - 2 * LABEL_GAP
        choices = [route.label, Label(mirrored, y, not to_left)]
        for label in choices:
            if not self._cards.inside(label.box(width)):
                return label
        return None


def _lane_curves(start: Point, end: Point, lane: float, bend: float, goes_up: bool) -> tuple[Curve, ...]:
    if goes_up:
        top, bottom = Point(lane, end.y), Point(lane, start.y)
        return (
            Curve(Point(start.x, start.y + bend), Point(lane, start.y + bend), bottom),
            _line(bottom, top),
            Curve(Point(lane, end.y - bend), Point(end.x, end.y - bend), end),
        )
    enter, leave = Point(lane, start.y + bend), Point(lane, end.y - bend)
    curves = []
    if abs(lane - start.x) < 1:
        curves.append(_line(start, enter))
    else:
        curves.append(Curve(Point(start.x, start.y + bend * 0.45), Point(lane, start.y + bend * 0.15), enter))
    curves.append(_line(enter, leave))
    if abs(lane - end.x) < 1:
        curves.append(_line(leave, end))
    else:
        curves.append(Curve(Point(lane, end.y - bend * 0.15), Point(end.x, end.y - bend * 0.45), end))
    return tuple(curves)
