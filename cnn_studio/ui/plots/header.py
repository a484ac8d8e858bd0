"""The line above a plot: its title, the values of now with the marks of their curves, and those at the cursor."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the line.

    Attributes:
        text: such as ``0.081 train``.
        mark: token or ``#rrggbb`` of the mark before the text, or empty for none.
        is_round: a round mark (points) instead of a short bar (line).
    """

    text: str
    mark: str = ""
    is_round: bool = False


class PlotHeader(QWidget):
    """A line of text that serves as legend, so that none covers the data; what has no room is counted."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title = title
        self._parts: tuple[Part, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @property
    def text(self) -> str:
        """The whole line as plain text."""
        return " ".join([self._title, " · ".join(part.text for part in self._parts)]).strip()

    def set_parts(self, parts: tuple[Part, ...]) -> None:
        """Show these values after the title."""
        if parts != self._parts:
            self._parts = parts
            self.setToolTip(self.text)
            self.setAccessibleName(self.text)
            self.update()

    @override
    def sizeHint(self) -> QSize:
        return QSize(0, round(QFontMetricsF(theme.ui_font()).height()) + theme.px(4))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        paint_header(painter, self._title, self._parts, QRectF(self.rect()))
        painter.end()


def paint_header(painter: QPainter, title: str, parts: tuple[Part, ...], area: QRectF) -> None:
    """Paint a title with its values into a line; those at the end that have no room are counted, as ``+2``."""
    tokens = theme.current()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    left = _draw(painter, theme.ui_font(weight=tokens.type.strong), "text", title, area, area.left())
    plain = theme.ui_font()
    metrics = QFontMetricsF(plain)
    for at, part in enumerate(parts):
        mark = theme.px(tokens.space.m) if part.mark else 0
        separator = " · " if at and not part.mark else ""
        gap = 0.0 if separator else float(theme.px(10 if at else 8))
        needed = gap + mark + metrics.horizontalAdvance(separator + part.text)
        rest = len(parts) - at - 1
        room = metrics.horizontalAdvance(f"  +{rest}") if rest else 0.0
        if left + needed + room > area.right() + 1:
            _draw(painter, plain, "muted", f"+{rest + 1}", area, left + theme.px(8))
            break
        left += gap
        if part.mark:
            _draw_mark(painter, part, area, left)
        left = _draw(painter, plain, "muted", separator + part.text, area, left + mark)


def _draw(painter: QPainter, font: QFont, color: str, text: str, area: QRectF, left: float) -> float:
    painter.setFont(font)
    painter.setPen(theme.qcolor(color))
    width = painter.fontMetrics().horizontalAdvance(text)
    box = QRectF(left, area.top(), width + 2, area.height())
    painter.drawText(box, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    return left + width


def _draw_mark(painter: QPainter, part: Part, area: QRectF, left: float) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor(part.mark))
    middle = area.center().y()
    size = float(theme.px(7))
    if part.is_round:
        painter.drawEllipse(QRectF(left, middle - size / 2, size, size))
    else:
        bar = float(theme.px(3))
        painter.drawRoundedRect(QRectF(left - 1, middle - bar / 2, size + 2, bar), bar / 2, bar / 2)
