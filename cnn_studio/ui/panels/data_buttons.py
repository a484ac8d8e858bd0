"""The buttons with which a source is chosen, and the dialogs behind them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QMimeData, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_LISTS = (".csv", ".tsv")


class SourceButtons(QWidget):
    """Digits, known sets, a folder, a list.

    Attributes:
        digits_chosen: the built-in digits.
        known_requested: the user wants to see the known sets.
        folder_chosen: with the `Path` of a folder, whatever it holds.
        list_chosen: with the `Path` of a CSV file.
    """

    digits_chosen = Signal()
    known_requested = Signal()
    folder_chosen = Signal(object)
    list_chosen = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._near = ""
        flow = FlowLayout(self, theme.px(6))
        self.digits = self._button("Digits", "1,797 handwritten digits that come with the program")
        self.known = self._button(
            "Data sets…",
            "MNIST, CIFAR-10, the flowers and others: download them, or read them from a folder",
        )
        self.folder = self._button(
            "Folder…",
            "A folder with one folder of images per class, with train, val and test folders that hold those, or with a "
            "known data set; what it is is found out",
        )
        self.csv = self._button(
            "CSV…",
            "A file with the path and the class of an image in each line, and perhaps train, val or test",
        )
        for button, slot in (
            (self.digits, self.digits_chosen),
            (self.known, self.known_requested),
            (self.folder, self._ask_folder),
            (self.csv, self._ask_csv),
        ):
            button.clicked.connect(slot)
            flow.addWidget(button)

    @staticmethod
    def _button(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        theme.set_role(button, "fix")
        button.setToolTip(tip)
        return button

    def set_near(self, place: str) -> None:
        """Let dialogs begin at a place."""
        self._near = place

    @Slot()
    def _ask_folder(self) -> None:
        path = self.ask_folder("Folder of images, or of a known data set")
        if path is not None:
            self.folder_chosen.emit(path)

    @Slot()
    def _ask_csv(self) -> None:
        path = self.ask_list("List of images")
        if path is not None:
            self.list_chosen.emit(path)

    def ask_folder(self, title: str) -> Path | None:
        """Let the user choose a folder."""
        name = QFileDialog.getExistingDirectory(self, title, self._near)
        return Path(name) if name else None

    def ask_list(self, title: str) -> Path | None:
        """Let the user choose a CSV file."""
        name, _ = QFileDialog.getOpenFileName(
            self, title, self._near, "Lists (*.csv *.tsv *.txt);;All files (*)"
        )
        return Path(name) if name else None


def dropped_data(mime: QMimeData) -> Path | None:
    """Return the one folder or CSV list that is dragged, if it is one."""
    urls = mime.urls()
    if len(urls) != 1 or not urls[0].isLocalFile():
        return None
    path = Path(urls[0].toLocalFile())
    return path if path.suffix.lower() in _LISTS or path.is_dir() else None
