"""How far each layer moved from where it began, as bars; only the rows in view are painted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.app.transfer_proof import Moved

_ROW, _NAME, _VALUE = 20, 150, 64


class MoveBars(QWidget):
    """Path, bar and share of each layer; meant to stand in a scroll area."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: tuple[Moved, ...] = ()
        self._frozen: frozenset[str] = frozenset()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("How far each layer moved")
        theme.manager().changed.connect(self.update)

    def show_moves(self, moves: Sequence[Moved], frozen: Collection[str]) -> None:
        """Show these, in the order of the network; `frozen` names the layers that could not move."""
        self.rows, self._frozen = tuple(moves), frozenset(frozen)
        top = sorted(moves, key=lambda move: -move.change)[:3]
        self.setAccessibleDescription(", ".join(f"{move.path} {_percent(move.change)}" for move in top))
        self.updateGeometry()
        self.update()

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
        most = max((move.change for move in self.rows), default=0.0) or 1.0
        first = max(0, event.rect().top() // high)
        last = min(len(self.rows), event.rect().bottom() // high + 1)
        name, value, bar = theme.px(_NAME), theme.px(_VALUE), float(theme.px(8))
        middle = Qt.AlignmentFlag.AlignVCenter
        for number in range(first, last):
            move, top = self.rows[number], number * high
            painter.setPen(theme.qcolor("text"))
            text = metrics.elidedText(move.path, Qt.TextElideMode.ElideLeft, name - theme.px(8))
            painter.drawText(QRectF(0, top, name, high), middle, text)
            room = QRectF(name, top + (high - bar) / 2, max(1, self.width() - name - value), bar)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.qcolor("line"))
            painter.drawRoundedRect(room, bar / 2, bar / 2)
            is_frozen = move.path in self._frozen
            if move.change > 0:
                painter.setBrush(theme.qcolor("accent"))
                room.setWidth(max(bar, room.width() * move.change / most))
                painter.drawRoundedRect(room, bar / 2, bar / 2)
            painter.setPen(theme.qcolor("muted"))
            right = QRectF(self.width() - value, top, value, high)
            words = "frozen" if is_frozen and not move.change else _percent(move.change)
            painter.drawText(right, Qt.AlignmentFlag.AlignRight | middle, words)
        painter.end()


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %" if share >= 0.0005 or share == 0 else f"{100 * share:.0e} %"
