"""The scale on which new images lie between the source data and something quite different."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.transfer.likeness import SIMILAR_BELOW, VERY_DIFFERENT_FROM, Likeness
from cnn_studio.ui import theme

END = 0.56
"""Where the scale ends; plain grey lies at 0.54, and nothing that was measured beyond."""

REFERENCES: tuple[tuple[str, float, float], ...] = (
    ("photographs", 0.06, 0.13),
    ("tiny photographs, enlarged", 0.19, 0.19),
    ("digits", 0.28, 0.33),
    ("textures", 0.40, 0.51),
    ("noise", 0.45, 0.47),
)
"""What was measured, with the least and the largest distance; see `cnn_studio.transfer.likeness`."""

_ZONES = (
    ("similar", 0.0, SIMILAR_BELOW, "ok"),
    ("somewhat different", SIMILAR_BELOW, VERY_DIFFERENT_FROM, "warning"),
    ("very different", VERY_DIFFERENT_FROM, END, "error"),
)
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter


class LikenessScale(QWidget):
    """Three zones, marks of what is known, and a needle for what was measured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._likeness: Likeness | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Scale of similarity")
        self.show_likeness(None)
        theme.manager().changed.connect(self.update)

    def show_likeness(self, likeness: Likeness | None) -> None:
        """Show a measurement; without one, only what is known."""
        self._likeness = likeness
        known = ", ".join(f"{name} {low:.2f} to {high:.2f}" for name, low, high in REFERENCES)
        own = likeness.text if likeness is not None else "Not measured yet."
        self.setAccessibleDescription(f"{own} For comparison: {known}.")
        self.update()

    @override
    def sizeHint(self) -> QSize:
        line = QFontMetricsF(theme.ui_font(theme.current().type.small)).height()
        return QSize(theme.px(460), round(4 * line) + theme.px(56))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(320), self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = theme.ui_font(theme.current().type.small)
        painter.setFont(font)
        line = QFontMetricsF(font).height()
        left, right = float(theme.px(6)), self.width() - float(theme.px(6))
        needle = line + theme.px(10)
        bar = QRectF(left, needle + theme.px(2), right - left, line + theme.px(8))
        self._paint_zones(painter, bar)
        self._paint_references(painter, bar, line)
        self._paint_needle(painter, bar)
        painter.end()

    @staticmethod
    def _x(bar: QRectF, distance: float) -> float:
        return bar.left() + min(1.0, max(0.0, distance / END)) * bar.width()

    def _paint_zones(self, painter: QPainter, bar: QRectF) -> None:
        painter.setFont(theme.ui_font(theme.current().type.caption))
        for name, low, high, token in _ZONES:
            zone = QRectF(self._x(bar, low), bar.top(), self._x(bar, high) - self._x(bar, low), bar.height())
            painter.fillRect(zone.adjusted(0, 0, -1, 0), theme.qcolor(f"{token}_ground"))
            painter.setPen(theme.qcolor(token))
            room = zone.adjusted(theme.px(4), 0, 0, 0)
            fits = painter.fontMetrics().horizontalAdvance(name) <= room.width()
            painter.drawText(room, _LEFT, name if fits else name.split()[0])

    def _paint_references(self, painter: QPainter, bar: QRectF, line: float) -> None:
        """Paint a bracket under each stretch; where names would meet, one goes down by a row."""
        painter.setFont(theme.ui_font(theme.current().type.small))
        ends = [-1e9, -1e9]
        for name, low, high in REFERENCES:
            x0, x1 = self._x(bar, low), self._x(bar, high)
            top = bar.bottom() + theme.px(5)
            width = painter.fontMetrics().horizontalAdvance(name)
            middle = (x0 + x1) / 2
            at = min(max(middle - width / 2, 0.0), self.width() - width)
            row = 0 if at > ends[0] + theme.px(8) else 1
            ends[row] = at + width
            y = top + theme.px(4) + row * (line + theme.px(8))
            painter.setPen(QPen(theme.qcolor("muted"), theme.px(2)))
            if x1 > x0:
                painter.drawLine(QPointF(x0, y), QPointF(x1, y))
            painter.drawLine(QPointF(middle, y - theme.px(3)), QPointF(middle, y + theme.px(3)))
            below = y + theme.px(4)
            painter.setPen(theme.qcolor("muted"))
            painter.drawText(QRectF(at, below, width + 2, line), Qt.AlignmentFlag.AlignLeft, name)

    def _paint_needle(self, painter: QPainter, bar: QRectF) -> None:
        found = self._likeness
        if found is None:
            return
        tokens = theme.current()
        x = self._x(bar, found.distance)
        give = max(2 * (found.deviation or 0.0), 0.005)
        low, high = self._x(bar, found.distance - give), self._x(bar, found.distance + give)
        tip, size = bar.top() - theme.px(1), float(theme.px(6))
        painter.setPen(QPen(theme.qcolor("text"), theme.px(2)))
        painter.drawLine(QPointF(x, tip), QPointF(x, bar.bottom()))
        painter.drawLine(QPointF(low, bar.center().y()), QPointF(high, bar.center().y()))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.qcolor("text"))
        painter.drawPolygon(
            QPolygonF([QPointF(x, tip), QPointF(x - size, tip - size), QPointF(x + size, tip - size)])
        )
        painter.setFont(theme.ui_font(tokens.type.body, tokens.type.strong))
        painter.setPen(theme.qcolor("text"))
        text = f"your images {found.distance:.2f}"
        width = painter.fontMetrics().horizontalAdvance(text)
        at = min(max(x - width / 2, 0.0), self.width() - width)
        painter.drawText(QRectF(at, 0, width + 2, tip - size), Qt.AlignmentFlag.AlignLeft, text)
