"""How far each layer moved from where it began, as bars; only the rows in view are painted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.app.transfer_proof import Moved

_ROW, _LEAST_NAME, _LEAST_VALUE, _GAP = 20, 120, 64, 8
_MOST_NAME = 0.45  # of the width
_FEWEST_FOLDED = 2
_UNFOLD = "Show them one by one (click, or Space)"
_FOLD = "Fold the frozen layers into one row (click, or Space)"


@dataclass(frozen=True, slots=True)
class MoveRow:
    """One line: a layer, or all frozen ones together.

    Attributes:
        text: the layer's path, or how many are frozen.
        change: how far it moved, as a share.
        value: what stands at the right.
        is_fold: whether it stands for all frozen layers, or closes their list again.
    """

    text: str
    change: float
    value: str
    is_fold: bool = False


def move_rows(moves: Sequence[Moved], frozen: Collection[str], *, unfolded: bool = False) -> list[MoveRow]:
    """Return the lines: the frozen layers as one line, then those that could move in the order of the network.

    Args:
        moves: of all layers, in the order of the network.
        frozen: paths of those that could not move; one that moved all the same has a line of its own.
        unfolded: whether each frozen layer has a line of its own, below that of all.
    """
    still = [move for move in moves if move.path in frozen and not move.change]
    rows = [_row(move, frozen) for move in moves if move not in still]
    if len(still) < _FEWEST_FOLDED:
        return [_row(move, frozen) for move in moves]
    sign = "▾" if unfolded else "▸"
    head = MoveRow(f"{sign} {len(still):,} frozen layers", 0.0, "0", is_fold=True)
    return [head, *([_row(move, frozen) for move in still] if unfolded else ()), *rows]


def _row(move: Moved, frozen: Collection[str]) -> MoveRow:
    is_frozen = move.path in frozen and not move.change
    return MoveRow(move.path, move.change, "frozen" if is_frozen else _percent(move.change))


class MoveBars(QWidget):
    """Path, bar and share of each layer; meant to stand in a scroll area."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[MoveRow] = []
        self._moves: tuple[Moved, ...] = ()
        self._frozen: frozenset[str] = frozenset()
        self._is_unfolded = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("How far each layer moved")
        theme.manager().changed.connect(self.update)

    def show_moves(self, moves: Sequence[Moved], frozen: Collection[str]) -> None:
        """Show these, in the order of the network; `frozen` names the layers that could not move."""
        self._moves, self._frozen, self._is_unfolded = tuple(moves), frozenset(frozen), False
        top = sorted(moves, key=lambda move: -move.change)[:3]
        self.setAccessibleDescription(", ".join(f"{move.path} {_percent(move.change)}" for move in top))
        self._fill()

    def _fill(self) -> None:
        self.rows = move_rows(self._moves, self._frozen, unfolded=self._is_unfolded)
        folds = bool(self.rows) and self.rows[0].is_fold
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if folds else Qt.FocusPolicy.NoFocus)
        self.setToolTip((_FOLD if self._is_unfolded else _UNFOLD) if folds else "")
        self.updateGeometry()
        self.update()

    def toggle(self) -> None:
        """Show the frozen layers one by one, or as one line again."""
        if self.rows and self.rows[0].is_fold:
            self._is_unfolded = not self._is_unfolded
            self._fill()

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and event.position().y() < theme.px(_ROW):
            self.toggle()

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        event.accept()  # it belongs to the press

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.toggle()
        else:
            super().keyPressEvent(event)

    def value_width(self) -> int:
        """Return the room at the right that the longest value needs."""
        metrics = QFontMetrics(theme.ui_font())
        longest = max((metrics.horizontalAdvance(row.value) for row in self.rows), default=0)
        return max(theme.px(_LEAST_VALUE), longest + theme.px(_GAP + 4))

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(300), theme.px(_ROW) * len(self.rows))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(200), self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(theme.ui_font())
        metrics, high = painter.fontMetrics(), theme.px(_ROW)
        most = max((row.change for row in self.rows), default=0.0) or 1.0
        longest = max((metrics.horizontalAdvance(row.text) for row in self.rows), default=0)
        room = int(self.width() * _MOST_NAME)
        name = max(theme.px(_LEAST_NAME), min(longest + theme.px(_GAP + 8), room))
        first = max(0, event.rect().top() // high)
        last = min(len(self.rows), event.rect().bottom() // high + 1)
        for number in range(first, last):
            self._paint_row(painter, self.rows[number], number * high, name, most)
        if self.hasFocus():
            painter.setPen(theme.qcolor("accent"))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(0.5, 0.5, self.width() - 1, high - 1), 3, 3)
        painter.end()

    def _paint_row(self, painter: QPainter, row: MoveRow, top: int, name: int, most: float) -> None:
        high, value, bar = theme.px(_ROW), self.value_width(), float(theme.px(8))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.qcolor("muted" if row.is_fold else "text"))
        elided = painter.fontMetrics().elidedText(row.text, Qt.TextElideMode.ElideLeft, name - theme.px(_GAP))
        left, end = theme.px(4), theme.px(4)
        painter.drawText(QRectF(left, top, name - left, high), middle, elided)
        room = QRectF(name, top + (high - bar) / 2, max(1, self.width() - name - value), bar)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor("line"))
        painter.drawRoundedRect(room, bar / 2, bar / 2)
        if row.change > 0:
            painter.setBrush(theme.qcolor("accent"))
            room.setWidth(max(bar, room.width() * row.change / most))
            painter.drawRoundedRect(room, bar / 2, bar / 2)
        painter.setPen(theme.qcolor("muted"))
        right = QRectF(self.width() - value, top, value - end, high)
        painter.drawText(right, Qt.AlignmentFlag.AlignRight | middle, row.value)


def _percent(share: float) -> str:
    percent = 100 * share
    if percent >= 0.05 or not percent:
        return f"{percent:.1f} %"
    return f"{percent:.3f} %" if percent >= 0.001 else "< 0.001 %"
