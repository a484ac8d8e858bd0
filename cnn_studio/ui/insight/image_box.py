"""The image that is looked at, ways to choose another one, and what the network says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QMimeData, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.insight.draw_pad import DrawPad
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.subject import drawing_subject, file_subject, pasted_subject
from cnn_studio.ui.widgets.guess_bars import GuessBars
from cnn_studio.ui.widgets.pixels import pixmap_of
from cnn_studio.ui.widgets.taken import PastedFiles, taken_from

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.datasets.records import ImageData

_SIDE = 200
_HINT = "Drop an image here, paste one (Ctrl+V), or take one of the validation images."


class ImageBox(QWidget):
    """Picture, buttons and the likeliest classes.

    Attributes:
        message: emitted with a sentence about what cannot be shown.
    """

    message = Signal(str)

    def __init__(
        self, state: InsightState, data: Callable[[], ImageData | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._data = state, data
        self._pasted = PastedFiles("looked-at")
        self.destroyed.connect(self._pasted.clean_up)
        self._number = -1
        self.picture, self.pad = QLabel(_HINT), DrawPad()
        self.title, self.about, self.note = QLabel(), QLabel(), QLabel()
        self.bars = GuessBars()
        self.open, self.draw, self.wipe, self.again = (
            QPushButton("Open…"),
            QPushButton("Draw"),
            QPushButton("Wipe"),
            QPushButton("Look again"),
        )
        self.before, self.after = QPushButton("‹ Sample"), QPushButton("Sample ›")
        self._build()
        self._connect()
        self._show_pad(False)

    def _build(self) -> None:
        space = theme.current().space
        self.picture.setFixedSize(theme.px(_SIDE), theme.px(_SIDE))
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setWordWrap(True)
        theme.set_role(self.picture, "muted")
        theme.set_role(self.title, "strong")
        theme.set_role(self.about, "small")
        theme.set_role(self.note, "muted")
        for label in (self.title, self.about, self.note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.draw.setCheckable(True)
        self.open.setToolTip("Look at an image file")
        self.draw.setToolTip("Draw an image with the mouse; the network answers at every stroke")
        self.wipe.setToolTip("Begin with an empty pad")
        self.again.setToolTip(
            "Look at the same image with the network as it is now, after more training for instance"
        )
        for button, which in ((self.before, "before"), (self.after, "after")):
            button.setToolTip(f"The validation image {which} this one")
        grid = QGridLayout()
        grid.setSpacing(theme.px(space.xs))
        for at, button in enumerate((self.before, self.after, self.open, self.draw, self.again, self.wipe)):
            grid.addWidget(button, at // 2, at % 2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        for widget in (self.picture, self.pad):
            row = QHBoxLayout()
            row.addWidget(widget)
            row.addStretch(1)
            layout.addLayout(row)
        layout.addWidget(self.title)
        layout.addWidget(self.about)
        layout.addLayout(grid)
        layout.addWidget(self.bars, 1)
        layout.addWidget(self.note)
        self.setFixedWidth(theme.px(_SIDE))

    def _connect(self) -> None:
        self.open.clicked.connect(self._ask)
        self.draw.toggled.connect(self._show_pad)
        self.wipe.clicked.connect(self._wipe)
        self.again.clicked.connect(self._look_again)
        self.before.clicked.connect(lambda: self.step(-1))
        self.after.clicked.connect(lambda: self.step(1))
        self.pad.drawn.connect(self._drawn)
        self._state.looked.connect(self._show)
        self._state.failed.connect(self._failed)

    # -------------------------------------------------------------------------------------------------------- choosing

    def begin(self) -> None:
        """Show the first validation image where nothing was chosen yet; refresh what is shown otherwise."""
        data = self._data()
        for button in (self.before, self.after):
            button.setEnabled(data is not None and len(data.val) > 0)
        if self._state.subject is not None:
            self._state.look_again()
        elif data is not None and len(data.val):
            self.step(1)

    def step(self, by: int) -> None:
        """Look at the validation image before or after."""
        data = self._data()
        if data is None or not len(data.val):
            return
        self.draw.setChecked(False)
        self._number = (self._number + by) % len(data.val)
        pixels: np.ndarray = data.val.images[self._number]
        label = data.classes[int(data.val.labels[self._number])]
        self._state.show_pixels(f"validation image {self._number + 1:,}, a {label}", pixels)

    @Slot()
    def _ask(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Image to look at")
        if name:
            self.show_file(Path(name))

    def show_file(self, file: Path) -> None:
        """Look at an image file."""
        self.draw.setChecked(False)
        self._state.show(file_subject(file))

    @Slot()
    def paste(self) -> None:
        """Look at the image on the clipboard."""
        self.take(QGuiApplication.clipboard().mimeData())

    def take(self, mime: QMimeData) -> None:
        """Look at what was dropped or pasted."""
        found = taken_from(mime)
        if found.files:
            self.show_file(found.files[0])
        elif found.picture is not None:
            self.draw.setChecked(False)
            self._state.show(pasted_subject(found.picture, self._pasted.new()))
        else:
            self.message.emit(found.sentence)

    @Slot(bool)
    def _show_pad(self, is_on: bool) -> None:
        self.pad.setVisible(is_on)
        self.picture.setVisible(not is_on)
        self.wipe.setEnabled(is_on)
        if is_on:
            self._drawn()

    @Slot()
    def _wipe(self) -> None:
        self.pad.clear()
        self._drawn()

    @Slot()
    def _drawn(self) -> None:
        self._state.show(drawing_subject(self.pad.image))

    @Slot()
    def _look_again(self) -> None:
        self._state.forget_network()
        self._state.look_again()

    # --------------------------------------------------------------------------------------------------------- showing

    @Slot()
    def _show(self) -> None:
        look, subject = self._state.look, self._state.subject
        self.again.setEnabled(subject is not None)
        if look is None or subject is None:
            self.bars.show_guesses(())
            self.title.setText("")
            self._say_about("")
            self.picture.setText(_HINT)
            return
        self.title.setText(subject.title[:1].upper() + subject.title[1:])
        self._say_about(self._state.about)
        self.picture.setPixmap(pixmap_of(look.image, theme.px(_SIDE)))
        self.bars.show_guesses(look.guesses())
        self.note.setText(" ".join(filter(None, (self._state.remark, *self._state.notes))))

    def _say_about(self, text: str) -> None:
        self.about.setText(text)
        self.about.setVisible(bool(text))

    @Slot(str)
    def _failed(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.message.emit(sentence)
