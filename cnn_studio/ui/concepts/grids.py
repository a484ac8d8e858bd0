"""Grids of cells with windows on them: which rows and columns are drawn, where, and in which colour.

A map larger than the room shows its first and last cells with a gap between, so that padding and what is left out at
the end are always seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import Sketch

_GAP = 1.7  # width of the gap, in cells
_LARGEST, _SMALL, _SMALLEST = 16, 7, 4.5  # pixels of a cell at 100 %


@dataclass(frozen=True, slots=True)
class Track:
    """One axis of a map and the windows on it.

    Attributes:
        total: cells, with padding and what the last window hangs over the end.
        start, size: the cells among them that hold image.
        count: number of windows; 0 where none fits.
        window: the cells of a window by its number.
        seen: whether any window holds a cell.
        head: cells at the beginning that are worth showing.
    """

    total: int
    start: int
    size: int
    count: int
    window: Callable[[int], range]
    seen: Callable[[int], bool] = lambda cell: True
    head: int = 4

    @property
    def tail(self) -> int:
        """Cells at the end that are worth showing: the padding and a little more."""
        return max(3, min(8, self.total - self.start - self.size + 2))

    def holds_image(self, cell: int) -> bool:
        """Return whether a cell is image, not padding."""
        return self.start <= cell < self.start + self.size


def plain(size: int) -> Track:
    """Return the axis of a map with one-cell windows: an output."""
    return Track(size, 0, size, size, lambda n: range(n, n + 1), head=4)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which cells of an axis are drawn: the first `head` and the last `tail` of `total`."""

    total: int
    head: int
    tail: int

    @classmethod
    def choose(cls, track: Track, good: int, most: int) -> Shown:
        """Show all cells where `good` of them suffice, else what is worth showing at each end, `most` at most."""
        if track.total <= good:
            return cls(track.total, track.total, 0)
        most = max(4, most - 2)
        tail = min(track.tail, most // 2)
        head = min(max(track.head, 6), most - tail)
        hidden = track.total - head - tail
        if hidden <= 0 or (hidden <= 3 and track.total <= most):
            return cls(track.total, track.total, 0)
        return cls(track.total, head, tail)

    @property
    def units(self) -> float:
        """Length in cells, gap included."""
        return self.head + self.tail + (_GAP if self.has_gap else 0)

    @property
    def has_gap(self) -> bool:
        """Whether cells are left out."""
        return self.head + self.tail < self.total

    def indices(self) -> list[int]:
        """Return the cells that are drawn."""
        return [*range(self.head), *range(self.total - self.tail, self.total)]

    def has(self, cell: int) -> bool:
        """Return whether a cell is drawn."""
        return 0 <= cell < self.head or self.total - self.tail <= cell < self.total

    def at(self, position: float) -> float:
        """Return where the left edge of a cell lies, in drawn cells; the gap stands for all that is left out."""
        if position <= self.head:
            return position
        hidden = self.total - self.tail - self.head
        if position >= self.head + hidden:
            return position - hidden + (_GAP if hidden else 0)
        return self.head + _GAP * (position - self.head) / hidden


class Grid:
    """A map drawn as cells.

    Attributes:
        rows, columns: the axes.
        box: the area that the cells take, inside the room given.
        cell: side of a cell in pixels.
    """

    def __init__(
        self, sketch: Sketch, room: QRectF, rows: Track, columns: Track, largest: float | None = None
    ) -> None:
        """Choose what is drawn and how large.

        Args:
            sketch: draws it.
            room: the grid lies in the middle of it.
            rows, columns: the axes.
            largest: most pixels of a cell, such as that of the grid beside it.
        """
        self._sketch = sketch
        self.rows, self.columns = rows, columns
        small, smallest = theme.px(_SMALL), _SMALLEST * theme.scale()
        self._shown_rows = Shown.choose(rows, int(room.height() / small), int(room.height() / smallest))
        self._shown_columns = Shown.choose(columns, int(room.width() / small), int(room.width() / smallest))
        units = self._shown_columns.units, self._shown_rows.units
        cell = min(
            max(largest, theme.px(9)) if largest else theme.px(_LARGEST),
            room.width() / max(1, units[0]),
            room.height() / max(1, units[1]),
        )
        self.cell = float(int(cell)) if cell >= 4 else cell
        width, height = units[0] * self.cell, units[1] * self.cell
        left, top = round(room.center().x() - width / 2), round(room.center().y() - height / 2)
        self.box = QRectF(left, top, width, height)
        self._tops = {n: top + self._shown_rows.at(n) * self.cell for n in self._shown_rows.indices()}
        self._lefts = {n: left + self._shown_columns.at(n) * self.cell for n in self._shown_columns.indices()}

    def area(self, rows: range, columns: range) -> QRectF:
        """Return the box from the first to the last cell of some rows and columns."""
        top, bottom = (self._shown_rows.at(n) for n in _ends(rows))
        left, right = (self._shown_columns.at(n) for n in _ends(columns))
        return QRectF(
            self.box.left() + left * self.cell,
            self.box.top() + top * self.cell,
            (right - left) * self.cell,
            (bottom - top) * self.cell,
        )

    def box_of(self, row: int, column: int) -> QRectF:
        """Return the box of one cell that is drawn."""
        return QRectF(self._lefts[column], self._tops[row], self.cell, self.cell)

    def drawn(self) -> list[tuple[int, int]]:
        """Return the cells that are drawn, row by row."""
        return [(row, column) for row in self._tops for column in self._lefts]

    def positions(self, output: Grid) -> list[tuple[int, int]]:
        """Return the windows that are wholly drawn, and whose result is drawn on another grid."""

        def along(track: Track, shown: Shown, results: Shown) -> list[int]:
            found = [n for n in results.indices() if n < track.count]
            whole = [
                n for n in found if all(shown.has(end) for end in (track.window(n)[0], track.window(n)[-1]))
            ]
            return whole or found[:1]

        rows = along(self.rows, self._shown_rows, output._shown_rows)
        columns = along(self.columns, self._shown_columns, output._shown_columns)
        return [(row, column) for row in rows for column in columns]

    def paint(self, at: tuple[int, int] | None, *, warns: bool = True, color: str | None = None) -> None:
        """Draw all cells; those of the window `at` filled, those never seen hatched.

        Args:
            at: number of the window along rows and columns, or None for no window.
            warns: hatch image that is never seen in the warning colour.
            color: name of the colour of the window; the family's if None.
        """
        sketch = self._sketch
        held_rows = set(self.rows.window(at[0])) if at is not None else set()
        held_columns = set(self.columns.window(at[1])) if at is not None else set()
        seen_rows = {n: self.rows.seen(n) for n in self._tops}
        seen_columns = {n: self.columns.seen(n) for n in self._lefts}
        held_image = {n for n in self._lefts if self.columns.holds_image(n)}
        image, padding, filled, lost = [], [], [], []
        for row in self._tops:
            row_is_image, row_is_held = self.rows.holds_image(row), row in held_rows
            for column in self._lefts:
                box = self.box_of(row, column)
                is_image = row_is_image and column in held_image
                if row_is_held and column in held_columns:
                    filled.append(box)
                elif is_image:
                    image.append(box)
                    if not (seen_rows[row] and seen_columns[column]):
                        lost.append(box)
                if not is_image:
                    padding.append(box)
        sketch.cells(image, sketch.cell_color)
        sketch.cells(filled, sketch.tint(0.85, color))
        sketch.rings(padding, theme.qcolor("muted", 0.35))
        sketch.hatch((box.adjusted(0.5, 0.5, -0.5, -0.5) for box in lost), "warning" if warns else "muted")
        self.paint_gaps()

    def paint_gaps(self) -> None:
        """Draw three dots where rows or columns are left out."""
        sketch, radius = self._sketch, max(0.8, self.cell * 0.09)
        color = theme.qcolor("muted")
        middle = _GAP / 2 * self.cell
        for k in (-1, 0, 1):
            if self._shown_columns.has_gap:
                x = self.box.left() + self._shown_columns.head * self.cell + middle
                sketch.dot(QPointF(x + k * radius * 4, self.box.center().y()), radius, color)
            if self._shown_rows.has_gap:
                y = self.box.top() + self._shown_rows.head * self.cell + middle
                sketch.dot(QPointF(self.box.center().x(), y + k * radius * 4), radius, color)

    def outline(self, at: tuple[int, int], alpha: float, width: float = 1.5, *, dashed: bool = False) -> None:
        """Draw the outline of one window."""
        rows, columns = self.rows.window(at[0]), self.columns.window(at[1])
        if rows and columns:
            self._sketch.outline(self.area(rows, columns), self._sketch.tint(alpha), width, dashed=dashed)

    def paint_behind(self, count: int) -> None:
        """Draw the borders of further maps behind this one, up to two; call before `paint`."""
        for k in range(min(2, count - 1), 0, -1):
            shift = theme.px(3) * k
            self._sketch.outline(
                self.box.translated(shift, -shift), theme.qcolor("muted", 0.5 if k == 1 else 0.3), 1
            )


def _ends(cells: range) -> tuple[int, int]:
    return (cells[0], cells[-1] + 1) if cells else (0, 0)
