"""Where the cards are, found by place; for wires that run to the right, with x and y exchanged as well. No Qt."""

from __future__ import annotations

from collections.abc import Iterator

from cnn_studio.ui.canvas.geometry import Box, card_box

_ROW = 64.0


class BoxIndex:
    """Boxes by key, found by rows."""

    def __init__(self) -> None:
        self._boxes: dict[int, Box] = {}
        self._rows: dict[int, set[int]] = {}

    def put_box(self, key: int, box: Box) -> None:
        """Note a box, in place of the one that this key had."""
        self.drop(key)
        self._boxes[key] = box
        for row in _rows(box.top, box.bottom):
            self._rows.setdefault(row, set()).add(key)

    def drop(self, key: int) -> None:
        """Forget a box."""
        box = self._boxes.pop(key, None)
        if box is not None:
            for row in _rows(box.top, box.bottom):
                self._rows[row].discard(key)

    def clear(self) -> None:
        """Forget all boxes."""
        self._boxes.clear()
        self._rows.clear()

    def __contains__(self, key: int) -> bool:
        return key in self._boxes

    def box(self, key: int) -> Box:
        """Return a box."""
        return self._boxes[key]

    def snapshot(self) -> dict[int, Box]:
        """Return all boxes as they are now."""
        return dict(self._boxes)

    def between(self, top: float, bottom: float) -> dict[int, Box]:
        """Return the boxes that reach into a range of y."""
        found: dict[int, Box] = {}
        if (bottom - top) / _ROW > len(self._rows):
            keys: Iterator[int] = iter(self._boxes)
        else:
            keys = (key for row in _rows(top, bottom) for key in self._rows.get(row, ()))
        for key in keys:
            box = self._boxes[key]
            if box.top < bottom and box.bottom > top:
                found[key] = box
        return found

    def at(self, x: float, y: float, margin: float = 0.0) -> int | None:
        """Return the box at a place, the nearest one where several are."""
        found = [
            (abs(box.left + box.right - 2 * x) + abs(box.top + box.bottom - 2 * y), key)
            for key, box in self.between(y - margin, y + margin + 0.1).items()
            if box.contains(x, y, margin)
        ]
        return min(found)[1] if found else None

    def inside(self, area: Box) -> set[int]:
        """Return the boxes that an area touches."""
        return {key for key, box in self.between(area.top, area.bottom).items() if box.meets(area)}

    def bounds(self) -> Box | None:
        """Return the area of all boxes, or None if there are none."""
        if not self._boxes:
            return None
        lefts, tops, rights, bottoms = zip(*self._boxes.values(), strict=True)
        return Box(min(lefts), min(tops), max(rights), max(bottoms))


class CardIndex(BoxIndex):
    """The cards by key.

    Attributes:
        turned: the same boxes with x and y exchanged.
    """

    def __init__(self) -> None:
        super().__init__()
        self.turned = BoxIndex()

    def put(self, key: int, x: float, y: float) -> None:
        """Note the centre of a card."""
        box = card_box(x, y)
        super().drop(key)
        self.put_box(key, box)
        self.turned.put_box(key, box.turned())

    def drop(self, key: int) -> None:
        """Forget a card."""
        super().drop(key)
        self.turned.drop(key)

    def clear(self) -> None:
        """Forget all cards."""
        super().clear()
        self.turned.clear()


def _rows(top: float, bottom: float) -> range:
    return range(int(top // _ROW), int(bottom // _ROW) + 1)
