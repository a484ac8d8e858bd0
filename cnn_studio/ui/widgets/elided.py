"""Widgets whose texts give way: buttons and labels that shorten what they say, and texts that may break inside names."""

from __future__ import annotations

import re

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyle,
    QStyleOptionButton,
    QStylePainter,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme

_LEAST_LETTERS = 6
_PARTS = " · "
_LONG = re.compile(r"\S{16,}")
_SEAM = re.compile(r"(?<=[._/×-])(?=\w)")
_ZERO_WIDTH_SPACE = "\u200b"


def breakable(text: str) -> str:
    """Return a text whose long names may be broken at their dots, so that a label need not be as wide as they are."""
    return _LONG.sub(lambda found: _SEAM.sub(_ZERO_WIDTH_SPACE, found.group()), text)


class ElidedButton(QPushButton):
    """A button that shows the beginning of its text where it has no room for all of it; the tool tip has all."""

    def __init__(self, text: str, help_: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._help = help_
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._tell()

    @override
    def minimumSizeHint(self) -> QSize:
        whole = super().minimumSizeHint()
        letters = self.fontMetrics().averageCharWidth() * _LEAST_LETTERS
        return QSize(min(whole.width(), letters + theme.px(24)), whole.height())

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._tell()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        option = QStyleOptionButton()
        self.initStyleOption(option)
        option.text = self._shown()
        painter = QStylePainter(self)
        painter.drawControl(QStyle.ControlElement.CE_PushButton, option)
        painter.end()

    def _shown(self) -> str:
        missing = self.sizeHint().width() - self.width()
        if missing <= 0:
            return self.text()
        metrics = self.fontMetrics()
        room = metrics.horizontalAdvance(self.text()) - missing
        return metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)

    def _tell(self) -> None:
        is_whole = self._shown() == self.text()
        parts = [self._help] if is_whole else [self.text(), self._help]
        self.setToolTip("\n".join(part for part in parts if part))


class ElidedLabel(QLabel):
    """A line of text that leaves out the middle of its name where it has no room for all of it.

    What follows the name, behind a middle dot, is kept as long as some letters of the name fit before it.
    """

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(
            self.fontMetrics().averageCharWidth() * _LEAST_LETTERS, super().minimumSizeHint().height()
        )

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QStylePainter(self)
        painter.drawItemText(
            self.contentsRect(),
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            self.shown_text(),
            self.foregroundRole(),
        )
        painter.end()

    def shown_text(self) -> str:
        """Return what there is room for."""
        metrics, text, room = self.fontMetrics(), self.text(), self.contentsRect().width()
        if metrics.horizontalAdvance(text) <= room:
            return text
        name, dot, rest = text.partition(_PARTS)
        for_name = room - metrics.horizontalAdvance(dot + rest)
        if rest and for_name >= metrics.averageCharWidth() * _LEAST_LETTERS:
            return metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, for_name) + dot + rest
        return metrics.elidedText(text, Qt.TextElideMode.ElideMiddle, room)
