"""The choice of a class: the likeliest ones of the image first, then all, found by typing a part of the name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QCompleter, QWidget

from cnn_studio.ui.widgets.inputs import QuietComboBox

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look

_TOP = 5


class ClassBox(QuietComboBox):
    """All classes of a network, those that it sees in an image above the line.

    Attributes:
        chosen: emitted with the class that a person chose.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setMaxVisibleItems(20)
        self.setAccessibleName("Class")
        self.setToolTip("For which class to look; type a part of its name to find it")
        completer = QCompleter(self.model(), self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        self.setCompleter(completer)
        self._labels: tuple[str, ...] = ()
        self.activated.connect(self._tell)
        field = self.lineEdit()
        assert field is not None  # the box is editable
        self._field = field
        field.editingFinished.connect(self._restore)

    def show_classes(self, look: Look) -> None:
        """List the classes for an image; the likeliest one is chosen."""
        network = look.network
        top = look.guesses(_TOP)
        labels = tuple(network.class_name(index) for index in range(network.num_classes))
        self.blockSignals(True)
        if labels != self._labels:
            self.clear()
            self.insertSeparator(0)
            for index, label in enumerate(labels):
                self.addItem(label, index)
            self._labels = labels
        while self.itemData(0) is not None:  # the likeliest classes of the image before
            self.removeItem(0)
        for at, guess in enumerate(top):
            self.insertItem(at, f"{guess.label} · {guess.text}", guess.index)
        self.setCurrentIndex(0)
        self.blockSignals(False)
        self._restore()

    @property
    def class_index(self) -> int | None:
        """The class that is chosen; None before there are any."""
        found = self.currentData()
        return None if found is None else int(found)

    def choose(self, class_index: int) -> None:
        """Choose a class, as one of the likeliest if it is; `chosen` says nothing of it."""
        at = self.findData(class_index)
        if at >= 0:
            self.setCurrentIndex(at)
            self._restore()

    @Slot()
    def _tell(self) -> None:
        if self.class_index is not None:
            self._restore()
            self.chosen.emit(self.class_index)

    @Slot()
    def _restore(self) -> None:
        """Write what is chosen, for what was typed may be no class; a long name is seen from its beginning."""
        self.setEditText(self.itemText(self.currentIndex()))
        self._field.setCursorPosition(0)
