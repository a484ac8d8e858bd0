"""The tour: a few cards that stand beside the parts of the window and say what they are for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow

_CARD_WIDTH = 330
_SHADE = 120  # of 255: what is not spoken of steps back, and stays readable


@dataclass(frozen=True, slots=True)
class Stop:
    """One card of the tour.

    Attributes:
        part: the widget spoken of; None where the window does not show it.
        before: called first, so that the part can be seen.
    """

    title: str
    text: str
    part: Callable[[], QWidget | None]
    before: Callable[[], object] | None = None


class Tour(QWidget):
    """Lies over a window and speaks of one part after the other; Escape, or the button, ends it at any time.

    Attributes:
        ended: emitted once, when it is left or done.
        title, text: of the present card.
    """

    ended = Signal()

    def __init__(self, window: QWidget, stops: Sequence[Stop]) -> None:
        super().__init__(window)
        self._stops, self._at = tuple(stops), 0
        self._window = window
        self._hole = QRect()
        self._before = window.focusWidget()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName("Tour")
        self._card = QFrame(self)
        theme.set_role(self._card, "card")
        self._card.setFixedWidth(theme.px(_CARD_WIDTH))
        self.title, self.text, self._count = QLabel(), QLabel(), QLabel()
        theme.set_role(self.title, "title")
        theme.set_role(self._count, "small")
        for label in (self.title, self.text):
            label.setWordWrap(True)
        self.back, self.next, self.leave = (
            QPushButton("Back"),
            QPushButton("Next"),
            QPushButton("Leave the tour"),
        )
        theme.set_role(self.next, "primary")
        theme.set_role(self.leave, "quiet")
        for button, slot in ((self.back, self.go_back), (self.next, self.go_on), (self.leave, self.end)):
            button.clicked.connect(slot)
        space = theme.current().space
        row = QHBoxLayout()
        row.setSpacing(theme.px(space.s))
        row.addWidget(self.leave)
        row.addStretch(1)
        row.addWidget(self._count)
        row.addWidget(self.back)
        row.addWidget(self.next)
        layout = QVBoxLayout(self._card)
        layout.setContentsMargins(*(theme.px(space.l),) * 4)
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(self.title)
        layout.addWidget(self.text)
        layout.addSpacing(theme.px(space.s))
        layout.addLayout(row)
        window.installEventFilter(self)

    def begin(self) -> None:
        """Show the first card."""
        self._show_stop(0)
        self.show()
        self.raise_()
        self.next.setFocus()

    @property
    def at(self) -> int:
        """Number of the card that is shown, from 0."""
        return self._at

    @Slot()
    def go_on(self) -> None:
        """Show the next card; end after the last."""
        if self._at + 1 == len(self._stops):
            self.end()
        else:
            self._show_stop(self._at + 1)

    @Slot()
    def go_back(self) -> None:
        """Show the card before."""
        if self._at:
            self._show_stop(self._at - 1)

    @Slot()
    def end(self) -> None:
        """Leave the tour; the window is as it was."""
        if self.isHidden():
            return
        self.hide()
        self._window.removeEventFilter(self)
        if self._before is not None:
            self._before.setFocus()
        self.ended.emit()
        self.deleteLater()

    def _show_stop(self, number: int) -> None:
        self._at = number
        stop = self._stops[number]
        if stop.before is not None:
            stop.before()
        self.title.setText(stop.title)
        self.text.setText(stop.text)
        self._count.setText(f"{number + 1} of {len(self._stops)}")
        self.back.setEnabled(number > 0)
        self.next.setText("Done" if number + 1 == len(self._stops) else "Next")
        self.setAccessibleDescription(f"{stop.title}. {stop.text}")
        self._place()

    # ------------------------------------------------------------------------------------------------------- places

    def _place(self) -> None:
        """Cover the window, and put the card beside the part it speaks of."""
        self.setGeometry(self._window.rect())
        part = self._stops[self._at].part()
        self._hole = QRect()
        if part is not None and part.isVisible():
            corner = part.mapTo(self._window, QPoint(0, 0))
            margin = theme.px(theme.current().space.xs)
            self._hole = QRect(corner, part.size()).adjusted(-margin, -margin, margin, margin) & self.rect()
        size = QSize(self._card.width(), self._card.heightForWidth(self._card.width()))
        if size.height() <= 0:
            size = self._card.sizeHint()
        self._card.resize(size)
        self._card.move(_beside(self._hole, size, self.rect(), theme.px(theme.current().space.m)))
        self.update()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.Resize, QEvent.Type.LayoutRequest) and not self.isHidden():
            self._place()
        return super().eventFilter(watched, event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Escape:
                self.end()
            case Qt.Key.Key_Right | Qt.Key.Key_PageDown | Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.go_on()
            case Qt.Key.Key_Left | Qt.Key.Key_PageUp:
                self.go_back()
            case _:
                super().keyPressEvent(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        tokens = theme.current()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        shade, hole = QPainterPath(), QPainterPath()
        shade.addRect(QRectF(self.rect()))
        radius = theme.px(tokens.space.radius_card)
        hole.addRoundedRect(QRectF(self._hole), radius, radius)
        painter.fillPath(shade - hole, QColor(0, 0, 0, _SHADE))
        if not self._hole.isEmpty():
            painter.setPen(QPen(QColor(tokens.accent), theme.px(tokens.space.ring)))
            painter.drawPath(hole)


def _beside(part: QRect, size: QSize, room: QRect, gap: int) -> QPoint:
    """Return where a card stands so that it covers as little as possible of a part: at a side with room, else inside it."""
    if part.isEmpty():
        return room.center() - QPoint(size.width() // 2, size.height() // 2)
    x = min(max(part.left(), room.left() + gap), room.right() - size.width() - gap)
    y = min(max(part.top(), room.top() + gap), room.bottom() - size.height() - gap)
    for corner in (
        QPoint(part.right() + gap, y),
        QPoint(part.left() - gap - size.width(), y),
        QPoint(x, part.bottom() + gap),
        QPoint(x, part.top() - gap - size.height()),
    ):
        if room.contains(QRect(corner, size)):
            return corner
    return part.center() - QPoint(size.width() // 2, size.height() // 2)


def stops_of(window: MainWindow) -> tuple[Stop, ...]:
    """Return what the tour of the main window shows."""
    space = window.workspace

    def tool(name: str) -> QWidget | None:
        action = window.actions_.all[name]
        buttons = window.toolbar.findChildren(QToolButton)
        return next((button for button in buttons if button.defaultAction() is action), None)

    return (
        Stop(
            "A network is a chain of cards",
            "Each card is a layer; an image goes in at the top, a score for each class comes out below. The wires say what "
            "travels along them: 6×28×28 are 6 maps of 28 × 28 pixels.",
            lambda: space.canvas,
            space.enter_network,
        ),
        Stop(
            "Layers come from here",
            "Drag one onto a wire, or press Ctrl+K and type its name. What does not fit is marked at once, with a way to mend "
            "it. Ctrl+Z takes everything back.",
            lambda: space.palette_,
        ),
        Stop(
            "A layer explains itself",
            "Click a card: here are its parameters, a picture of what it does, its formula with your numbers, and what it "
            "costs.",
            lambda: space.inspector,
        ),
        Stop(
            "Train, and watch",
            "One click trains the network on the data below. The curves move while it learns; you can pause, try an image, "
            "change the learning rate and go on.",
            lambda: tool("train"),
        ),
        Stop(
            "Look inside",
            "Under Inspect you draw a digit or drop a photograph, see what every layer makes of it, and have each number "
            "written out.",
            lambda: space.views.button("Inspect"),
        ),
        Stop(
            "Your own photographs",
            "The transfer wizard takes a folder with one folder of images per class and a network that has seen a million "
            "photographs, and makes a good classifier of both in minutes, without the internet.",
            lambda: tool("transfer"),
        ),
    )
