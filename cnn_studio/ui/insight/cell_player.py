"""What plays a layer's window, and the buttons for it: back, play, next, how fast, and which channel."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QSlider, QToolButton, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.flow_layout import FlowLayout

FASTEST = 30
"""Positions in a second, at most: as many as a screen shows calmly."""

_USUAL = 8


class Player(QObject):
    """A clock that says when the next position is due.

    Attributes:
        due: the next position is to be shown.
        changed: it plays now, or no longer.
    """

    due = Signal()
    changed = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.due)
        self.set_speed(_USUAL)

    @property
    def is_playing(self) -> bool:
        """Whether it plays."""
        return self._timer.isActive()

    @property
    def interval_ms(self) -> int:
        """Milliseconds from one position to the next."""
        return self._timer.interval()

    @Slot(int)
    def set_speed(self, per_second: int) -> None:
        """Show so many positions in a second."""
        self._timer.setInterval(1000 // min(max(per_second, 1), FASTEST))

    @Slot()
    def start(self) -> None:
        """Play."""
        if not self.is_playing:
            self._timer.start()
            self.changed.emit(True)

    @Slot()
    def stop(self) -> None:
        """Pause."""
        if self.is_playing:
            self._timer.stop()
            self.changed.emit(False)


class PlayerBar(QWidget):
    """Back, play, next, and the speed.

    Attributes:
        stepped: go back by one (-1) or on by one (1).
        toggled: play or pause.
        speed_changed: positions in a second.
    """

    stepped = Signal(int)
    toggled = Signal()
    speed_changed = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        flow = FlowLayout(self, theme.px(6))
        self.back = self._button(
            "Back", "chevron-left", "The position before: the window goes back by one stride."
        )
        self.play = self._button("Play", "play", "", "primary")
        self.next = self._button(
            "Next", "chevron-right", "The next position: the window goes on by one stride."
        )
        self.back.clicked.connect(lambda: self.stepped.emit(-1))
        self.next.clicked.connect(lambda: self.stepped.emit(1))
        self.play.clicked.connect(self.toggled)
        for button in (self.back, self.play, self.next):
            flow.addWidget(button)
        flow.addWidget(self._speed())
        self.show_playing(False)

    def _button(self, text: str, icon: str, help_: str, role: str = "") -> QPushButton:
        button = QPushButton(text, self)
        button.setMinimumWidth(theme.px(84))
        button.setToolTip(help_)
        button.setAccessibleName(text)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the arrow keys to the stage
        if role:
            theme.set_role(button, role)
        theme.bind_icon(button, icon, "on_accent" if role == "primary" else "text")
        return button

    def _speed(self) -> QWidget:
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(theme.px(6), 0, 0, 0)
        row.setSpacing(theme.px(6))
        label = QLabel("Speed", holder)
        theme.set_role(label, "small")
        self.slider = QSlider(Qt.Orientation.Horizontal, holder)
        self.slider.setRange(1, FASTEST)
        self.slider.setValue(_USUAL)
        self.slider.setFixedWidth(theme.px(96))
        self.slider.setMinimumHeight(theme.px(20))
        self.slider.setAccessibleName("Speed")
        self.slider.valueChanged.connect(self._speed_moved)
        self._speed_moved(_USUAL)
        row.addWidget(label)
        row.addWidget(self.slider)
        holder.setMinimumHeight(theme.px(theme.current().space.control))
        return holder

    @Slot(int)
    def _speed_moved(self, per_second: int) -> None:
        self.slider.setToolTip(f"How fast the window moves: {per_second} positions in a second.")
        self.speed_changed.emit(per_second)

    @Slot(bool)
    def show_playing(self, is_playing: bool) -> None:
        """Offer to pause, or to play."""
        text = "Pause" if is_playing else "Play"
        self.play.setText(text)
        self.play.setAccessibleName(text)
        self.play.setToolTip(
            "Stop the window where it is (space bar)."
            if is_playing
            else "Slide the window over the map, row by row, and watch the output fill (space bar)."
        )
        theme.bind_icon(self.play, "pause" if is_playing else "play", "on_accent")


class ChannelBar(QWidget):
    """Which channel of the patch is shown.

    Attributes:
        stepped: show the channel before (-1) or behind (1).
        follows: show the strongest channel of every cell, or stay with one.
    """

    stepped = Signal(int)
    follows = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(4))
        self.back = self._arrow("chevron-left", "The channel before", -1)
        self.next = self._arrow("chevron-right", "The next channel", 1)
        self.label = QLabel(self)
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.label.setToolTip(
            "A filter has a slice of weights for every map that it reads; one slice is shown at a time."
        )
        self.strongest = QPushButton("Strongest", self)
        self.strongest.setCheckable(True)
        self.strongest.setChecked(True)
        theme.set_role(self.strongest, "segment")
        self.strongest.setAccessibleName("Show the strongest channel")
        self.strongest.setToolTip("Always show the channel that adds or takes away most.")
        self.strongest.toggled.connect(self.follows)
        for widget in (self.back, self.label, self.next, self.strongest):
            row.addWidget(widget)
        row.addStretch(1)

    def _arrow(self, icon: str, name: str, by: int) -> QToolButton:
        button = QToolButton(self)
        button.setAccessibleName(name)
        button.setToolTip(f"{name}.")
        theme.set_role(button, "quiet")
        theme.bind_icon(button, icon)
        button.clicked.connect(lambda: self.stepped.emit(by))
        return button

    def show_channel(self, map_number: int, place: int, count: int) -> None:
        """Say which channel is shown.

        Args:
            map_number: of the map that it is.
            place: in the patch.
            count: how many channels the patch has.
        """
        self.label.setText(f"map {map_number:,}: channel {place + 1:,} of {count:,}")
        self.back.setEnabled(place > 0)
        self.next.setEnabled(place < count - 1)
