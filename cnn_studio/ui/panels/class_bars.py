"""Images per class as thin bars, one row a class; only the rows in view are painted."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QHelpEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_facts import DataFacts

PART_COLORS = ("loss", "validation", "io")
"""Tokens of the parts, those of the curves: training, validation, test."""

_ROW = 20
_NAME = 130


class ClassBars(QWidget):
    """Name, bar and number of each class; meant to stand in a scroll area.

    Attributes:
        clicked: emitted with the number of the class that was clicked.
    """

    clicked = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._facts: DataFacts | None = None
        self._most = 1
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.setAccessibleName("Images per class")
        theme.manager().changed.connect(self._theme_changed)

    def _theme_changed(self) -> None:
        self.updateGeometry()
        self.update()

    def show_facts(self, facts: DataFacts | None) -> None:
        """Show these counts, or nothing."""
        self._facts = facts
        self._most = max((sum(counts) for counts in facts.counts), default=1) if facts is not None else 1
        self.updateGeometry()
        self.update()

    def row_text(self, row: int) -> str:
        """Return a class in words, such as ``bee: 121 training, 30 validation``."""
        if self._facts is None or not 0 <= row < len(self._facts.counts):
            return ""
        names = [name for name, _ in self._facts.parts]
        counts = zip(self._facts.counts[row], names, strict=True)
        return f"{self._facts.classes[row]}: " + ", ".join(f"{count:,} {name}" for count, name in counts)

    def _row_height(self) -> int:
        return theme.px(_ROW)

    @override
    def sizeHint(self) -> QSize:
        rows = len(self._facts.counts) if self._facts is not None else 0
        return QSize(theme.px(260), rows * self._row_height())

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(120), self.sizeHint().height())

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.row_text(event.pos().y() // self._row_height()), self)
            return True
        return super().event(event)

    @override
    def mousePressEvent(self, event: QMouseEvent) -> None:
        row = int(event.position().y()) // self._row_height()
        if self._facts is not None and 0 <= row < len(self._facts.counts):
            self.clicked.emit(row)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._facts is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.ui_font(theme.current().type.small)
        painter.setFont(font)
        metrics = QFontMetrics(font)
        height = self._row_height()
        names = max(metrics.horizontalAdvance(name) for name in self._facts.classes[:500]) + theme.px(10)
        left = min(names, theme.px(_NAME), 2 * self.width() // 5)
        number = metrics.horizontalAdvance(f"{self._most:,}") + theme.px(8)
        first, last = event.rect().top() // height, event.rect().bottom() // height
        for row in range(max(0, first), min(len(self._facts.counts), last + 1)):
            counts = self._facts.counts[row]
            top = row * height
            painter.setPen(theme.qcolor("text"))
            name = metrics.elidedText(
                self._facts.classes[row], Qt.TextElideMode.ElideRight, left - theme.px(8)
            )
            painter.drawText(QRectF(0, top, left, height), Qt.AlignmentFlag.AlignVCenter, name)
            room = max(1, self.width() - left - number)
            self._paint_bar(painter, QRectF(left, top + height / 2 - theme.px(3), room, theme.px(6)), counts)
            painter.setPen(theme.qcolor("muted"))
            box = QRectF(self.width() - number, top, number, height)
            flags = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, flags, f"{sum(counts):,}")
        painter.end()

    def _paint_bar(self, painter: QPainter, room: QRectF, counts: tuple[int, ...]) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        at = room.left()
        for count, color in zip(counts, PART_COLORS, strict=False):
            width = room.width() * count / max(1, self._most)
            if count:
                painter.setBrush(theme.qcolor(color))
                painter.drawRect(QRectF(at, room.top(), max(1.0, width), room.height()))
            at += width
