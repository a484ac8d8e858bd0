"""Where a network's parameters, operations and values are: one stacked bar each, coloured by kind of layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from cnn_studio.graph.analysis import Analysis, Totals
from cnn_studio.graph.spec import Family
from cnn_studio.ui import theme
from cnn_studio.ui.panels.layer_table import share_text

_MEASURES: tuple[tuple[str, Callable[[Totals], int]], ...] = (
    ("Parameters", lambda total: total.params),
    ("MAC", lambda total: total.macs),
    ("Activations", lambda total: total.activations),
)


class _Part(NamedTuple):
    box: QRectF
    family: Family
    share: float
    text: str


class FamilyBars(QWidget):
    """Three bars with the kinds of layers that matter named on them; a tool tip gives the number under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._analysis: Analysis | None = None
        self._parts: list[_Part] = []
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName("Parameters, operations and activations by kind of layer")
        theme.manager().changed.connect(self._take_theme)

    def _take_theme(self) -> None:
        self.updateGeometry()
        self.update()

    def show_analysis(self, analysis: Analysis) -> None:
        """Show the sums of a network."""
        self._analysis = analysis
        self.setAccessibleDescription("; ".join(part.text for part in self._layout()))
        self.update()

    def _line_height(self) -> int:
        return QFontMetrics(theme.ui_font()).height() + theme.px(6)

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(360), self._line_height() * len(_MEASURES))

    def _layout(self) -> list[_Part]:
        """Return the parts of all bars with what each says."""
        found: list[_Part] = []
        if self._analysis is None:
            return found
        left, height = self._label_width(), self._line_height()
        for row, (title, measure) in enumerate(_MEASURES):
            whole = measure(self._analysis.total)
            x, room = float(left), self.width() - left
            for family, total in self._analysis.families.items():
                count = measure(total)
                if not count or not whole:
                    continue
                width = room * count / whole
                box = QRectF(x, row * height + theme.px(3), width, height - theme.px(6))
                text = f"{title}, {family.title.lower()}: {count:,} ({share_text(count / whole)})"
                found.append(_Part(box, family, count / whole, text))
                x += width
        return found

    def _label_width(self) -> int:
        metrics = QFontMetrics(theme.ui_font())
        return max(metrics.horizontalAdvance(title) for title, _ in _MEASURES) + theme.px(12)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setFont(theme.ui_font())
        height = self._line_height()
        painter.setPen(theme.qcolor("muted"))
        for row, (title, _) in enumerate(_MEASURES):
            area = QRectF(0, row * height, self._label_width(), height)
            painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, title)
        self._parts = self._layout()
        metrics = QFontMetrics(theme.ui_font())
        for box, family, share, _ in self._parts:
            color = theme.qcolor(family.key)
            painter.fillRect(
                box.adjusted(0, 0, -min(1.0, box.width() / 2), 0), theme.qcolor(family.key, 0.28)
            )
            painter.fillRect(
                QRectF(box.left(), box.bottom() - theme.px(3), box.width() - 1, theme.px(3)), color
            )
            label = f"{family.title} {share_text(share)}"
            if metrics.horizontalAdvance(label) + theme.px(12) < box.width():
                painter.setPen(theme.qcolor("text"))
                inner = box.adjusted(theme.px(6), 0, 0, -theme.px(2))
                painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter, label)

    @override
    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for part in self._parts:
                if part.box.contains(event.pos().toPointF()):
                    QToolTip.showText(event.globalPos(), part.text, self)
                    return True
        return super().event(event)
