"""The ways of wires around cards; no Qt.

A wire leaves a card at the middle of its lower edge and enters the next one at the middle of its upper edge. It is
straight where it can be, a curve where that is free, and else runs in a lane beside the cards in its way. For
networks that run to the right, the same is worked out with x and y exchanged.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

from cnn_studio.graph.document import Link
from cnn_studio.graph.layout import Direction
from cnn_studio.ui.canvas.card_index import BoxIndex, CardIndex
from cnn_studio.ui.canvas.geometry import (
    LABEL_GAP,
    LABEL_HEIGHT,
    Box,
    Curve,
    Label,
    LabelPlace,
    Point,
    Route,
    line,
)

LANE_GAP, LANE_STEP = 18.0, 12.0

_CLEAR = 6.0  # least distance of a wire from a card that is not its own
_BEND = 40.0  # height in which a wire turns into its lane


class Router:
    """Finds the ways of wires; wires that run beside cards get lanes of their own.

    Args:
        cards: where the cards are; kept up to date by the caller.
        direction: where the network runs to.
    """

    def __init__(self, cards: CardIndex, direction: Direction = "down") -> None:
        self._is_down = direction == "down"
        self._cards: BoxIndex = cards if self._is_down else cards.turned
        self._lanes: dict[object, tuple[float, float, float]] = {}

    def release(self, key: object) -> None:
        """Give back the lane of a wire."""
        self._lanes.pop(key, None)

    def span(self, source: int, target: int) -> float:
        """Return how far a wire between two cards reaches along the way of the network."""
        return self._cards.box(target).top - self._cards.box(source).top

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
        start = Point((above.left + above.right) / 2, above.bottom)
        end = Point((below.left + below.right) / 2, below.top)
        width, height = (label_width, LABEL_HEIGHT) if self._is_down else (LABEL_HEIGHT, label_width)
        route = None
        if end.y >= start.y + 2:
            others = self._cards.between(start.y - _CLEAR, end.y + _CLEAR)
            for own in (source, target):
                others.pop(own, None)
            route = self._direct(start, end, list(others.values()), label_at, height)
        if route is None:
            route = self._beside(start, end)
            if route.lane is not None:
                self._lanes[key] = route.lane
        route = route._replace(label=self._free_label(key, route, width, height))
        return route if self._is_down else route.turned(label_width)

    def _direct(
        self, start: Point, end: Point, others: list[Box], label_at: LabelPlace, height: float
    ) -> Route | None:
        to_left = not self._is_down  # right of a wire that runs down, above one that runs to the right
        if abs(start.x - end.x) < 1:
            column = Box(start.x, start.y, start.x, end.y)
            if any(box.meets(column, _CLEAR) for box in others):
                return None
            high, low = start.y + height / 2, end.y - height / 2
            y = {"source": min(high + 0.5, low), "middle": (high + low) / 2, "target": max(low - 0.5, high)}
            x = start.x - LABEL_GAP if to_left else start.x + LABEL_GAP
            return Route(start, (line(start, end),), Label(x, y[label_at], to_left))
        reach = max(18.0, (end.y - start.y) * 0.5)
        curve = Curve(Point(start.x, start.y + reach), Point(end.x, end.y - reach), end)
        goes_right = end.x > start.x
        if label_at == "source":
            x = start.x - LABEL_GAP if goes_right else start.x + LABEL_GAP
            label = Label(x, start.y + height / 2 + 3, to_left=goes_right)
        else:
            x = end.x + LABEL_GAP if goes_right else end.x - LABEL_GAP
            label = Label(x, end.y - height / 2 - 3, to_left=not goes_right)
        route = Route(start, (curve,), label)
        if others and any(box.contains(x, y, _CLEAR - 2) for x, y in route.points() for box in others):
            return None
        return route

    def _beside(self, start: Point, end: Point) -> Route:
        """Return the way through the free lane that is the shortest detour, to the left among equals."""
        goes_up = end.y < start.y + _BEND
        bend = _BEND if goes_up else min(_BEND, (end.y - start.y) / 2)
        top, bottom = (end.y, start.y) if goes_up else (start.y, end.y)
        clear = -bend if goes_up else bend * 0.6
        run = (top + clear - _CLEAR - 2, bottom - clear + _CLEAR + 2)
        boxes = [
            box for box in self._cards.between(*run).values() if box.top < run[1] and run[0] < box.bottom
        ]
        lanes = [x for x, low, high in self._lanes.values() if low < bottom - 4 and top + 4 < high]
        blocked = _Blocked(
            [
                *((box.left - _CLEAR - 2, box.right + _CLEAR + 2) for box in boxes),
                *((x - LANE_STEP + 1, x + LANE_STEP - 1) for x in lanes),
            ]
        )
        choices = {start.x, end.x, *blocked.ends()}
        for box in boxes:
            choices |= {box.left - LANE_GAP, box.right + LANE_GAP}
        for x in lanes:
            choices |= {x - LANE_STEP, x + LANE_STEP}
        middle = (start.x + end.x) / 2

        def cost(x: float) -> tuple[float, float]:
            detour = abs(x - start.x) + abs(x - end.x)
            if abs(x - start.x) < 1 or abs(x - end.x) < 1:
                return detour, x  # straight down one of the two columns
            return detour + (100 if x > middle else 40), x

        best = min((x for x in choices if x not in blocked), key=cost)
        to_left = best <= middle or not self._is_down
        side = Label(best - LABEL_GAP if to_left else best + LABEL_GAP, (top + bottom) / 2, to_left)
        return Route(start, _lane_curves(start, end, best, bend, goes_up), side, (best, top, bottom))

    def _free_label(self, key: object, route: Route, width: float, height: float) -> Label | None:
        """Return where the text fits beside the wire without touching a card, or None if nowhere."""
        if route.label is None:
            return None
        x, y, to_left = route.label
        mirrored = x + 2 * LABEL_GAP if to_left else x - 2 * LABEL_GAP
        free = [
            label
            for label in (route.label, Label(mirrored, y, not to_left))
            if not self._cards.inside(label.box(width, height))
        ]
        clear = (label for label in free if not self._is_crossed(key, label.box(width, height)))
        return next(clear, free[0] if free else None)

    def _is_crossed(self, key: object, box: Box) -> bool:
        return any(
            box.left < x < box.right and low < box.bottom and box.top < high and other != key
            for other, (x, low, high) in self._lanes.items()
        )

    def crossed(self, labels: dict[Link, Box]) -> set[Link]:
        """Return the wires whose texts other wires run through, where these run beside cards."""
        lanes = sorted(
            (x, low, high, key) for key, (x, low, high) in self._lanes.items() if isinstance(key, Link)
        )
        places = [lane[0] for lane in lanes]
        found: set[Link] = set()
        for link, shown in labels.items():
            box = shown if self._is_down else shown.turned()
            for _, low, high, key in lanes[bisect_right(places, box.left) : bisect_left(places, box.right)]:
                if key != link and low < box.bottom and box.top < high:
                    found.add(link)
                    break
        return found


class _Blocked:
    """Ranges of x in which no lane may run."""

    def __init__(self, spans: Iterable[tuple[float, float]]) -> None:
        self._lows: list[float] = []
        self._highs: list[float] = []
        for low, high in sorted(spans):
            if self._highs and low <= self._highs[-1]:
                self._highs[-1] = max(high, self._highs[-1])
            else:
                self._lows.append(low)
                self._highs.append(high)

    def __contains__(self, x: float) -> bool:
        n = bisect_right(self._lows, x)
        return n > 0 and self._lows[n - 1] < x < self._highs[n - 1]

    def ends(self) -> tuple[float, ...]:
        """Return a place on each side of everything, both free."""
        gap = LANE_GAP - _CLEAR - 2
        return (self._lows[0] - gap, self._highs[-1] + gap) if self._lows else ()


def _lane_curves(start: Point, end: Point, lane: float, bend: float, goes_up: bool) -> tuple[Curve, ...]:
    if goes_up:
        top, bottom = Point(lane, end.y), Point(lane, start.y)
        return (
            Curve(Point(start.x, start.y + bend), Point(lane, start.y + bend), bottom),
            line(bottom, top),
            Curve(Point(lane, end.y - bend), Point(end.x, end.y - bend), end),
        )
    enter, leave = Point(lane, start.y + bend), Point(lane, end.y - bend)
    curves = []
    if abs(lane - start.x) < 1:
        curves.append(line(start, enter))
    else:
        curves.append(Curve(Point(start.x, start.y + bend * 0.45), Point(lane, start.y + bend * 0.15), enter))
    curves.append(line(enter, leave))
    if abs(lane - end.x) < 1:
        curves.append(line(leave, end))
    else:
        curves.append(Curve(Point(lane, end.y - bend * 0.15), Point(end.x, end.y - bend * 0.45), end))
    return tuple(curves)
