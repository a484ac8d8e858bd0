"""The arithmetic of one cell, drawn: patch × filter = products, or what stands for it in other kinds of layers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetricsF, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import CENTER, LEFT, Sketch
from cnn_studio.ui.insight.cell_bars import LINE, channel_at, paint_channels, paint_list
from cnn_studio.ui.insight.cell_curve import paint_function
from cnn_studio.ui.insight.cell_facts import Facts, short_number
from cnn_studio.ui.insight.cell_paint import LARGEST_CELL, limit_of, number_width, paint_grid, picture

_GAP, _RESULT = 26, 90
_BARS = 54
_MOST_BARS = 9
_TALLEST = 236


class Grid(NamedTuple):
    """A painted grid: its name, its numbers, where it lies."""

    name: str
    values: np.ndarray
    box: QRectF


class Sums(QWidget):
    """Draws how a cell comes about.

    Attributes:
        channel_picked: a channel's bar was clicked.
    """

    channel_picked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: Facts | None = None
        self._channel = 0
        self._limit = 0.0
        self.grids: list[Grid] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setAccessibleName("How the cell comes about")
        theme.manager().changed.connect(self._restyle)

    def show_facts(self, facts: Facts | None, channel: int = 0) -> None:
        """Show a cell, one channel of its patch.

        Args:
            facts: of the cell.
            channel: place of the channel in the patch.
        """
        self._facts, self._channel = facts, channel
        self._limit = self._limit_below(facts, channel)
        self.setAccessibleDescription("" if facts is None else facts.text())
        if self.heightForWidth(self.width()) != self.height():
            self.updateGeometry()
        self.update()

    @staticmethod
    def _limit_below(facts: Facts | None, channel: int) -> float:
        """Return what has the full colour in the patch: what has it in the map that it lies on."""
        if facts is None or not facts.done.patches:
            return 0.0
        patch = facts.done.patches[0]
        layer = facts.look.layers[patch.source]
        own = layer.values[patch.channels[channel]] if layer.has_maps else layer.values
        return max(
            limit_of(np.asarray(own)), limit_of(patch.values[channel]) if len(patch.values) > channel else 0.0
        )

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()

    @property
    def bar_area(self) -> QRectF:
        """Where the channels' bars stand."""
        high, side = theme.px(_BARS), theme.px(4)
        return QRectF(side, self.height() - high - side, self.width() - 2 * side, high)

    # -------------------------------------------------------------------------------------------------------- painting

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        side = theme.px(4)
        sketch = Sketch(painter, QRectF(self.rect()).adjusted(side, 0, -side, 0), "convolution")
        self.grids = []
        facts = self._facts
        if facts is not None:
            match facts.kind:
                case "filter":
                    self._paint_filter(sketch, facts)
                case "window":
                    self._paint_window(sketch, facts)
                case "weights":
                    sketch.head("the strongest of all products x · w, sorted")
                    paint_list(sketch, sketch.area, facts.contributions(_MOST_BARS))
                case "powers":
                    sketch.head(
                        "each score as a power of e: softmax divides the cell's own by the sum of all"
                    )
                    paint_list(sketch, sketch.area, facts.powers(_MOST_BARS))
                case "merge":
                    sketch.head("the values that meet here")
                    paint_list(sketch, sketch.area, facts.inputs())
                case "function":
                    paint_function(sketch, facts)
                case "values":
                    self._paint_values(sketch, facts)
                case "note":
                    pass  # the sentence stands below
        painter.end()

    def _paint_filter(self, sketch: Sketch, facts: Facts) -> None:
        done, at = facts.done, self._channel
        assert done.weights is not None
        assert done.products is not None
        patch = done.patches[0]
        bars = len(facts.channel_sums) > 1
        area = sketch.area
        if bars:
            area = area.adjusted(0, 0, 0, -(theme.px(_BARS) + sketch.line_height + theme.px(14)))
        named = [
            ("patch x", patch.values[at], self._limit),
            ("filter w", done.weights[at], limit_of(done.weights)),
            ("products x·w", done.products[at], limit_of(done.products)),
        ]
        boxes = self._paint_row(sketch, area, named, ("×", "="), patch.is_padding)
        total = float(np.nan_to_num(done.products[at]).sum())
        alone = f"Σ = {short_number(total)}" if not bars else f"Σ here {short_number(total)}"
        self._paint_result(sketch, boxes[-1], facts, alone)
        if bars:
            line = QRectF(
                area.left(),
                self.bar_area.top() - sketch.line_height - theme.px(6),
                area.width(),
                sketch.line_height,
            )
            sketch.text(line, f"through its whole depth: what each of {facts.depth:,} channels adds", LEFT)
            paint_channels(sketch, self.bar_area, facts.channel_sums, at)

    def _paint_row(
        self,
        sketch: Sketch,
        area: QRectF,
        named: list[tuple[str, np.ndarray, float]],
        signs: tuple[str, ...],
        padding: np.ndarray | None = None,
        marked: tuple[int, int] | None = None,
    ) -> list[QRectF]:
        rows, columns = named[0][1].shape
        line = sketch.line_height + theme.px(4)
        side = _side(area.width(), len(named), rows, columns)
        top = area.top() + line + max(0.0, area.height() - line - side * rows) / 2
        boxes, left = [], area.left()
        for number, (name, values, limit) in enumerate(named):
            wide = max(side * columns, sketch.width_of(name))
            box = QRectF(left + (wide - side * columns) / 2, top, side * columns, side * rows)
            sketch.text(QRectF(left - 1, top - line, wide + 2, sketch.line_height), name)
            paint_grid(
                sketch, box.topLeft(), side, values, limit,
                padding=padding if number == 0 else None, marked=marked if number == 0 else None,
            )  # fmt: skip
            self.grids.append(Grid(name, values, box))
            boxes.append(box)
            left += wide + theme.px(_GAP)
        for sign, one, other in zip(signs, boxes, boxes[1:], strict=False):
            middle = QRectF(one.right(), one.center().y() - line / 2, other.left() - one.right(), line)
            sketch.text(middle, sign, CENTER, "text", strong=True)
        return boxes

    def _paint_result(self, sketch: Sketch, before: QRectF, facts: Facts, word: str) -> None:
        """Paint the cell itself at the right, ringed as it is in its map."""
        own = facts.look.layers[facts.done.layer_id]
        cell = facts.done.cell
        limit = limit_of(np.asarray(own.values[cell[0]] if own.has_maps else own.values))
        side = max(number_width(limit), theme.px(LARGEST_CELL))
        wide = max(theme.px(_RESULT), sketch.width_of(word, mono=True))
        middle = min(before.right() + theme.px(_GAP) + wide / 2, sketch.area.right() - wide / 2)
        box = QRectF(middle - side / 2, before.center().y() - side / 2, side, side)
        sketch.arrow_between(before, box)
        value = np.array([[facts.done.value]])
        paint_grid(sketch, box.topLeft(), side, value, limit, marked=(0, 0))
        under = QRectF(middle - wide / 2, box.bottom() + theme.px(4), wide, sketch.line_height)
        sketch.text(under, "the cell", color="text", strong=True)
        over = QRectF(
            under.left(), box.top() - sketch.line_height - theme.px(4), under.width(), under.height()
        )
        sketch.text(over, word, mono=True)

    def _paint_window(self, sketch: Sketch, facts: Facts) -> None:
        done = facts.done
        patch = done.patches[0]
        marked = None
        if done.winner is not None:
            row, column = done.winner.cell[1:]
            marked = (
                int(np.flatnonzero(patch.rows == row)[0]),
                int(np.flatnonzero(patch.columns == column)[0]),
            )
        name = "patch x"
        boxes = self._paint_row(
            sketch, sketch.area, [(name, patch.values[0], self._limit)], (), patch.is_padding, marked
        )
        word = "largest" if marked is not None else "Σ" if done.divisor is None else f"Σ ÷ {done.divisor:,g}"
        self._paint_result(sketch, boxes[0], facts, word)

    def _paint_values(self, sketch: Sketch, facts: Facts) -> None:
        """Paint many values that the cell depends on, as one picture in rows."""
        values = facts.done.patches[0].values
        flat = values[:, 0, 0][None] if values.shape[1:] == (1, 1) else values.reshape(len(values), -1)
        sketch.head(f"{values.size:,} values have a part in it")
        area = sketch.area
        box = QRectF(area.left(), area.top(), area.width(), min(area.height(), theme.px(14) * len(flat)))
        side_x = box.width() / flat.shape[1]
        sketch.painter.drawImage(box, picture(flat, limit_of(flat)))
        sketch.outline(box, sketch.edge, 1)
        if len(flat) == 1 and facts.done.cell[0] in facts.done.patches[0].channels:
            at = int(np.flatnonzero(facts.done.patches[0].channels == facts.done.cell[0])[0])
            ring = QRectF(box.left() + at * side_x, box.top(), max(side_x, theme.px(4)), box.height())
            sketch.outline(ring, theme.qcolor("accent"), theme.px(2))

    # ------------------------------------------------------------------------------------------------ mouse and sizes

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        facts = self._facts
        if facts is None or event.button() != Qt.MouseButton.LeftButton or len(facts.channel_sums) < 2:
            return
        area = self.bar_area.adjusted(0, -theme.px(3), 0, theme.px(3))
        at = channel_at(self.bar_area, len(facts.channel_sums), event.position().x())
        if at is not None and area.contains(QPointF(event.position())):
            self.channel_picked.emit(at)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            text = self.text_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), text, self) if text else QToolTip.hideText()
            return True
        return super().event(event)

    def text_at(self, place: QPointF) -> str:
        """Return what is said of the number under a place."""
        for name, values, box in self.grids:
            if box.contains(place):
                rows, columns = values.shape
                row = min(rows - 1, int((place.y() - box.top()) / box.height() * rows))
                column = min(columns - 1, int((place.x() - box.left()) / box.width() * columns))
                return f"{name}: {values[row, column]:.6g}"
        facts = self._facts
        if facts is not None and len(facts.channel_sums) > 1 and self.bar_area.contains(place):
            at = channel_at(self.bar_area, len(facts.channel_sums), place.x())
            if at is not None:
                number = facts.done.patches[0].channels[at]
                return f"map {number}: {facts.channel_sums[at]:.6g}. Click to see its products."
        return ""

    @override
    def hasHeightForWidth(self) -> bool:
        return True

    @override
    def heightForWidth(self, width: int) -> int:
        facts = self._facts
        if facts is None or facts.kind == "note":
            return theme.px(40)
        line = QFontMetricsF(theme.ui_font(theme.current().type.caption)).height() + theme.px(10)
        match facts.kind:
            case "filter" | "window":
                _, rows, columns = facts.done.patches[0].values.shape
                side = _side(width - theme.px(8), 3 if facts.kind == "filter" else 1, rows, columns)
                bars = line + theme.px(_BARS + 10) if len(facts.channel_sums) > 1 else 0.0
                return int(max(side * rows + line, theme.px(LARGEST_CELL) + 2 * line) + bars)
            case "weights" | "powers":
                return round(line + _MOST_BARS * theme.px(LINE))
            case "merge":
                return round(line + len(facts.done.patches) * theme.px(LINE))
            case "function":
                return theme.px(170 if facts.has_curve else 90)
            case _:
                return theme.px(76)

    @override
    def sizeHint(self) -> QSize:
        width = theme.px(640)
        return QSize(width, self.heightForWidth(width))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(40))


def _side(width: float, count: int, rows: int, columns: int) -> float:
    """Return the side of a cell of so many grids beside each other and the cell that they make."""
    room = width - theme.px(_RESULT + (count + 1) * _GAP)
    return min(theme.px(LARGEST_CELL), room / count / columns, theme.px(_TALLEST) / rows)
