"""How far the images are: not loaded, loading, loaded, or not to be had; and what to do next."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_facts import DataFacts, imbalance_text
from cnn_studio.ui.status import bytes_text

_EMPTY = "Choose images, or press Train: they are loaded first. A folder can also be dropped here."


class DataState(QWidget):
    """A few lines, a progress bar, and the button that loads.

    Attributes:
        load_requested: the button was pressed.
    """

    load_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = QLabel()
        self._text.setWordWrap(True)
        self._text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._note = QLabel()
        self._note.setWordWrap(True)
        theme.set_role(self._note, "warning")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.button = QPushButton()
        self.button.setToolTip("Read the images and show some of them; training does this by itself")
        self.button.clicked.connect(self.load_requested)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.current().space.s))
        layout.addWidget(self._text)
        layout.addWidget(self.bar)
        layout.addWidget(self._note)
        layout.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self._imbalance = ""
        self.show_empty()

    @property
    def text(self) -> str:
        """What is said now."""
        return self._text.text()

    @property
    def note(self) -> str:
        """The warning below it, or nothing."""
        return self._note.text()

    def _show(self, text: str, role: str, button: str = "", note: str = "") -> None:
        self._text.setText(text)
        theme.set_role(self._text, role)
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self.bar.hide()

    def show_empty(self) -> None:
        """Nothing is loaded."""
        self._show(_EMPTY, "muted", "Show images")

    def show_loading(self, text: str, done: int, total: int) -> None:
        """Loading goes on: `done` of `total` steps; no number where `total` is 0."""
        self._show(f"{text}: {done:,} of {total:,}" if total else f"{text}…", "muted")
        self.bar.setRange(0, max(1, total))
        self.bar.setValue(done)
        self.bar.show()

    def show_error(self) -> None:
        """The images could not be loaded; the reason has more room elsewhere."""
        self._show("The images could not be loaded.", "error", "Try again")

    def show_facts(self, facts: DataFacts, num_skipped: int) -> None:
        """The images are there."""
        depth, height, width = facts.image
        kind = {1: "grey", 3: "RGB"}.get(depth, f"{depth} channels")
        lines = [
            " · ".join(f"{count:,} {name}" for name, count in facts.parts),
            f"{len(facts.classes):,} classes · {height} × {width} {kind} · {bytes_text(facts.num_bytes)} in memory",
        ]
        if num_skipped:
            files = "file was" if num_skipped == 1 else "files were"
            lines.append(f"{num_skipped:,} {files} left out")
        self._imbalance = imbalance_text(facts)
        self._show("\n".join(lines), "", note=self._imbalance)

    def show_other_size(self, size: tuple[int, ...] | None) -> None:
        """The network now takes images of another size (channels, height, width); None: of this one."""
        note = self._imbalance
        if size is not None:
            channels, height, width = size
            kind = {1: "grey", 3: "RGB"}.get(channels, f"{channels} channels")
            note = f"The input is now {height} × {width} {kind}; the images are resized anew when training starts."
        self._note.setText(note)
        self._note.setVisible(bool(note))
        self.button.setText("Load again")
        self.button.setVisible(size is not None)
