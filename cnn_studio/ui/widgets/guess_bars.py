"""What a network says of one image: its likeliest classes as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFontMetrics, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.engine.predict import Guess


class GuessBars(QWidget):
    """The likeliest classes of an image, each with a bar.

    Bars of probabilities go from 0 to 1, those of margins from the least to the greatest one shown.
    """

    def __init__(self) -> None:
        super().__init__()
        self._guesses: tuple[Guess, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("The likeliest classes")

    def show_guesses(self, guesses: Sequence[Guess]) -> None:
        """Show these, the likeliest first."""
        self._guesses = tuple(guesses)
        self.setAccessibleDescription(", ".join(f"{guess.label} {guess.text}" for guess in guesses))
        self.update()

    def _share(self, guess: Guess) -> float:
        if guess.scores == "logits":
            return guess.score
        low, high = self._guesses[-1].score, self._guesses[0].score
        return (guess.score - low) / (high - low) if high > low else 1.0

    def _value_width(self) -> int:
        """Return the room for the longest value; the first one is bold."""
        metrics = QFontMetrics(theme.ui_font(weight=theme.current().type.strong))
        return max((metrics.horizontalAdvance(guess.text) for guess in self._guesses), default=0) + theme.px(
            8
        )

    @override
    def sizeHint(self) -> QSize:
        return QSize(theme.px(260), theme.px(190))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        high, bar = theme.px(36), float(theme.px(6))
        value = self._value_width()
        for number, guess in enumerate(self._guesses):
            top = number * high
            weight = theme.current().type.strong if number == 0 else None
            painter.setFont(theme.ui_font(weight=weight) if weight else theme.ui_font())
            painter.setPen(theme.qcolor("text"))
            room = self.width() - value
            text = painter.fontMetrics().elidedText(guess.label, Qt.TextElideMode.ElideRight, room)
            line = painter.fontMetrics().height()
            painter.drawText(QRectF(0, top, room, line), Qt.AlignmentFlag.AlignLeft, text)
            painter.drawText(QRectF(room, top, value, line), Qt.AlignmentFlag.AlignRight, guess.text)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.qcolor("line"))
            below = QRectF(0, top + line + 2, self.width(), bar)
            painter.drawRoundedRect(below, bar / 2, bar / 2)
            painter.setBrush(theme.qcolor("accent"))
            below.setWidth(max(bar, self._share(guess) * self.width()))
            painter.drawRoundedRect(below, bar / 2, bar / 2)
        painter.end()
