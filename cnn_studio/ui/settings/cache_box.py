"""One cache: where it lies, how much it takes, how much it may take, and a button that clears it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from cnn_studio.app.jobs import Job
from cnn_studio.ui import theme
from cnn_studio.ui.panels.reader import Reader
from cnn_studio.ui.settings.folder_row import FolderRow
from cnn_studio.ui.settings.page import facts
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.waiting import run_waiting
from cnn_studio.ui.wizard.page import text_label

_GB = 10**9


@dataclass(frozen=True, slots=True)
class CacheKind:
    """What a box says and calls.

    Attributes:
        title, about: heading and sentence.
        preference: name of the preference of its limit, in GB.
        folder: tells where it lies.
        size: tells the bytes it takes; in a thread.
        clear: deletes all.
        shrink: deletes the least recently used until it takes so many bytes.
    """

    title: str
    about: str
    preference: str
    folder: Callable[[], Path]
    size: Callable[[], int]
    clear: Callable[[], int]
    shrink: Callable[[int], int]


class CacheBox(QFrame):
    """A cache as a card.

    Attributes:
        limit_changed: with the limit in GB that the user set.
    """

    limit_changed = Signal(int)

    def __init__(self, kind: CacheKind, limit: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.kind = kind
        self._reader = Reader(f"Measuring: {kind.title}", self)
        theme.set_role(self, "card")
        space = theme.current().space
        self.place = FolderRow(kind.folder)
        self.taken = QLabel("…")
        self.clear = QPushButton("Clear")
        self.clear.setAccessibleName(f"Clear: {kind.title}")
        self.clear.setToolTip("Delete all of it now; what is needed again is computed anew")
        self.clear.clicked.connect(self._clear)
        self.limit = QSpinBox()
        self.limit.setRange(0, 100_000)
        self.limit.setSuffix(" GB")
        self.limit.setSpecialValueText("Keep nothing")
        self.limit.setGroupSeparatorShown(True)
        self.limit.setKeyboardTracking(False)
        self.limit.setValue(limit)
        self.limit.setAccessibleName(f"Limit: {kind.title}")
        self.limit.setToolTip("What was not used for the longest time goes first; 0 keeps nothing")
        self.limit.valueChanged.connect(self._limit_set)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(space.m),) * 4)
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(text_label(kind.title, "strong"))
        layout.addWidget(text_label(kind.about, "muted"))
        rows = (("Place", self.place), ("Takes", _row(self.taken, self.clear)), ("At most", _row(self.limit)))
        layout.addWidget(facts(*rows))

    def refresh(self, limit: int) -> None:
        """Show a limit, and measure anew."""
        self.limit.blockSignals(True)
        self.limit.setValue(limit)
        self.limit.blockSignals(False)
        self.place.refresh()
        self._measure()

    def _measure(self) -> None:
        def work(job: Job) -> int:
            del job
            return self.kind.size()

        self._reader.ask(work, self._show_size, partial(self.taken.setText))

    def _show_size(self, size: int) -> None:
        self.taken.setText(bytes_text(size) if size else "nothing")
        self.clear.setEnabled(size > 0)

    @Slot()
    def _clear(self) -> None:
        run_waiting(self, f"Deleting: {self.kind.title}", self.kind.clear)
        self._measure()

    @Slot(int)
    def _limit_set(self, limit: int) -> None:
        self.limit_changed.emit(limit)
        run_waiting(self, f"Deleting: {self.kind.title}", lambda: self.kind.shrink(limit * _GB))
        self._measure()


def _row(widget: QWidget, end: QWidget | None = None) -> QWidget:
    made = QWidget()
    line = QHBoxLayout(made)
    line.setContentsMargins(0, 0, 0, 0)
    line.addWidget(widget)
    line.addStretch(1)
    if end is not None:
        line.addWidget(end)
    return made
