"""The list of the wizard's steps: which are answered, which one is shown, which come later."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QFrame, QListWidget, QListWidgetItem, QWidget

from cnn_studio.ui import theme

_SIDE = 22
_WIDTH = 190


class StepList(QListWidget):
    """Numbers and titles; a tick for what is answered. Steps that cannot be reached yet say why.

    Attributes:
        chosen: emitted with the number of a step that was clicked or entered.
    """

    chosen = Signal(int)

    def __init__(self, titles: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._current = 0
        self._reached = 0
        self._shows = False
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName("Steps")
        self.setIconSize(QSize(theme.px(_SIDE), theme.px(_SIDE)))
        self.setSpacing(theme.px(2))
        self.setFixedWidth(theme.px(_WIDTH))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for title in titles:
            self.addItem(QListWidgetItem(title))
        self.currentRowChanged.connect(self._row_changed)
        theme.manager().changed.connect(self._paint)

    def show_steps(self, current: int, reached: int, reason: str) -> None:
        """Show where one is.

        Args:
            current: the step that is shown.
            reached: the last step that can be shown: all before it are answered.
            reason: why the next ones cannot be shown.
        """
        self._current, self._reached = current, reached
        for row in range(self.count()):
            item = self.item(row)
            can = row <= reached
            flags = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled
            item.setFlags(flags if can else Qt.ItemFlag.NoItemFlags)
            item.setToolTip("" if can else reason)
        self._shows = True
        self.setCurrentRow(current)
        self._shows = False
        self._paint()

    @Slot(int)
    def _row_changed(self, row: int) -> None:
        if not self._shows and row >= 0 and row != self._current:
            self.chosen.emit(row)

    @Slot()
    def _paint(self) -> None:
        for row in range(self.count()):
            item = self.item(row)
            is_current, is_done = row == self._current, row < self._reached and row != self._current
            item.setIcon(_mark(row + 1, is_current=is_current, is_done=is_done, can=row <= self._reached))
            item.setFont(theme.ui_font(weight=theme.current().type.strong if is_current else 400))
            state = "shown now" if is_current else "answered" if is_done else "to do"
            item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, state)


def _mark(number: int, *, is_current: bool, is_done: bool, can: bool) -> QIcon:
    side, ratio = theme.px(_SIDE), 2
    picture = QPixmap(side * ratio, side * ratio)
    picture.setDevicePixelRatio(ratio)
    picture.fill(QColor(0, 0, 0, 0))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    disc = QRectF(1, 1, side - 2, side - 2)
    ground, ink = ("accent", "on_accent") if is_current else ("accent_ground", "accent")
    if is_current or is_done:
        painter.setBrush(theme.qcolor(ground))
        painter.setPen(Qt.PenStyle.NoPen)
    else:
        ink = "text" if can else "muted"
        painter.setPen(theme.qcolor("muted"))
    painter.drawEllipse(disc)
    painter.setPen(theme.qcolor(ink))
    painter.setFont(theme.ui_font(0.9, theme.current().type.strong))
    painter.drawText(disc, Qt.AlignmentFlag.AlignCenter, "✓" if is_done else str(number))
    painter.end()
    icon = QIcon()
    for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected, QIcon.Mode.Disabled):
        icon.addPixmap(picture, mode)
    return icon
