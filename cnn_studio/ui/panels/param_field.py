"""Input fields made from parameter descriptions: checked as typed, one undo step per visit."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QSizePolicy, QVBoxLayout, QWidget

from cnn_studio.core.errors import ParameterError
from cnn_studio.core.params import Choice, Flag, Param, Value
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.inputs import QuietComboBox

_LABEL_WIDTH = 92


class ParamField(QWidget):
    """A title, an input, and under it what is wrong with what is typed.

    Attributes:
        edited: emitted with each new legal value that the user gave.
        finished: emitted when the user leaves the input or presses Enter.
    """

    edited = Signal(object)
    finished = Signal()

    def __init__(self, param: Param, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.param = param
        self._value: Value | None = param.default  # None: several layers have different ones
        self._label = QLabel(param.title)
        self._label.setFixedWidth(theme.px(_LABEL_WIDTH))
        self._label.setWordWrap(True)
        theme.set_role(self._label, "muted")
        self._wrong = QLabel()
        self._wrong.setWordWrap(True)
        theme.set_role(self._wrong, "error")
        self._wrong.hide()
        self._input = self._make_input()
        self._input.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._input.setAccessibleName(param.title)
        self._input.setAccessibleDescription(param.help)
        self._label.setBuddy(self._input)
        self.setFocusProxy(self._input)
        self.setFocusPolicy(self._input.focusPolicy())  # a tab order passes over widgets without one
        self.setToolTip(f"{param.help}\n{param.range_text[0].upper()}{param.range_text[1:]}.")
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(8))
        row.addWidget(self._label)
        row.addWidget(self._input, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(2))
        layout.addLayout(row)
        layout.addWidget(self._wrong)

    def _make_input(self) -> QWidget:
        param = self.param
        if isinstance(param, Flag):
            self._box = QCheckBox("yes")
            self._box.clicked.connect(self._clicked)
            return self._box
        if isinstance(param, Choice):
            self._combo = QuietComboBox()
            for value, shown in param.options:
                self._combo.addItem(shown, value)
            self._combo.activated.connect(self._chosen)
            return self._combo
        self._edit = QLineEdit()
        self._edit.textEdited.connect(self._typed)
        self._edit.editingFinished.connect(self._left)
        return self._edit

    def show_value(self, value: Value) -> None:
        """Show the layer's value; what is being typed stays while it means the same."""
        self._value = value
        if isinstance(self.param, Flag):
            self._box.setTristate(False)
            self._box.setChecked(bool(value))
        elif isinstance(self.param, Choice):
            self._combo.setCurrentIndex(self._combo.findData(value))
        elif not (self._edit.hasFocus() and self._means(self._edit.text(), value)):
            self._edit.setText(self.param.text(value))
            self._complain("")

    def show_several(self) -> None:
        """Show that several layers have different values; giving one gives it to all of them."""
        self._value = None
        if isinstance(self.param, Flag):
            self._box.setTristate(True)
            self._box.setCheckState(Qt.CheckState.PartiallyChecked)
        elif isinstance(self.param, Choice):
            self._combo.setCurrentIndex(-1)
        else:
            self._edit.setPlaceholderText("different")
            if not self._edit.hasFocus():
                self._edit.clear()
                self._complain("")

    def _means(self, text: str, value: Value) -> bool:
        try:
            return self.param.parse(text) == value
        except ParameterError:
            return False

    @Slot(str)
    def _typed(self, text: str) -> None:
        try:
            value = self.param.parse(text)
        except ParameterError:
            self._complain(f"Must be {self.param.range_text}.")
            return
        self._complain("")
        if value != self._value:
            self.edited.emit(value)

    @Slot()
    def _left(self) -> None:
        """Show the layer's own value again: a text that was refused never stays as if it counted."""
        self._edit.setText("" if self._value is None else self.param.text(self._value))
        self._complain("")
        self.finished.emit()

    @Slot(bool)
    def _clicked(self, checked: bool) -> None:
        self.edited.emit(checked)
        self.finished.emit()

    @Slot(int)
    def _chosen(self, index: int) -> None:
        value = self._combo.itemData(index)
        if value != self._value:
            self.edited.emit(value)
            self.finished.emit()

    def _complain(self, text: str) -> None:
        theme.set_style_property(self._input, "invalid", bool(text))
        self._wrong.setText(text)
        self._wrong.setVisible(bool(text))

    def focus_input(self) -> None:
        """Put the cursor into the input and select its text."""
        self._input.setFocus(Qt.FocusReason.OtherFocusReason)
        if isinstance(self._input, QLineEdit):
            self._input.selectAll()
