"""Titled input fields made from the fields of a pydantic record: the titles, helps and ranges live there."""

from __future__ import annotations

import math
from typing import Any, Literal, get_args, get_origin

import annotated_types
from pydantic.fields import FieldInfo
from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QCheckBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from cnn_studio.core.errors import ParameterError
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.inputs import QuietComboBox

_SPELLING = {
    "sgd-2012": "SGD, AlexNet 2012",
    "rmsprop": "RMSprop",
    "one-cycle": "One cycle",
    "float32": "float32",
    "bfloat16": "bfloat16",
    "new": "New weights",
    "trained": "Trained weights",
    "sgd": "SGD",
    "adamw": "AdamW",
    "cuda": "CUDA (NVIDIA)",
    "mps": "Apple GPU",
    "cpu": "CPU",
}


def option_text(value: str) -> str:
    """Return how the screen writes a named value."""
    return _SPELLING.get(value, value.capitalize())


class Field(QWidget):
    """One setting: its title above its input, its help as tool tip.

    Attributes:
        changed: emitted after every edit, right or wrong.
    """

    changed = Signal()

    def __init__(self, name: str, info: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.title = info.title or name
        self._label = QLabel(self.title, self)
        theme.set_role(self._label, "small")
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(theme.px(2))
        self._layout.addWidget(self._label)
        self.setToolTip(info.description or "")

    def _add_input(self, widget: QWidget) -> None:
        self._layout.addWidget(widget)
        self._label.setBuddy(widget)
        self.setFocusProxy(widget)
        widget.setAccessibleName(self.title)
        widget.setAccessibleDescription(self.toolTip())

    def value(self) -> object:
        """Return the value in the field.

        Raises:
            ParameterError: what is typed is no legal value.
        """
        raise TypeError(f"{type(self).__name__} holds no value")

    def set_value(self, value: object) -> None:
        """Show a value; `changed` is emitted if it is another one."""
        raise TypeError(f"{type(self).__name__} shows no value")

    def mark(self, is_wrong: bool) -> None:
        """Show at the field itself that its value is refused."""
        del is_wrong


class ChoiceField(Field):
    """One of a few named values."""

    def __init__(self, name: str, info: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(name, info, parent)
        self._combo = QuietComboBox(self)
        for option in get_args(info.annotation):
            self._combo.addItem(option_text(option), option)
        self._combo.currentIndexChanged.connect(self.changed)
        self._add_input(self._combo)

    def value(self) -> object:
        """Return the chosen value."""
        return self._combo.currentData()

    def set_value(self, value: object) -> None:
        """Choose a value.

        Raises:
            ValueError: it is none of the options.
        """
        at = self._combo.findData(value)
        if at < 0:
            raise ValueError(f"{self.name} has no option {value!r}")
        self._combo.setCurrentIndex(at)


class ToggleField(Field):
    """On or off; the box stands in a line with its word, so that fields beside it keep their height."""

    def __init__(self, name: str, info: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(name, info, parent)
        self._box = QCheckBox(self)
        self._box.toggled.connect(self._toggled)
        self._add_input(self._box)
        self._say()

    @Slot()
    def _toggled(self) -> None:
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        self._box.setText("on" if self._box.isChecked() else "off")

    def value(self) -> object:
        """Return whether it is on."""
        return self._box.isChecked()

    def set_value(self, value: object) -> None:
        """Switch it on or off."""
        self._box.setChecked(bool(value))


class NumberField(Field):
    """A whole number or a real one, checked as it is typed."""

    def __init__(self, name: str, info: FieldInfo, parent: QWidget | None = None) -> None:
        super().__init__(name, info, parent)
        self._is_whole = info.annotation is int
        self._limits = info.metadata
        self._edit = QLineEdit(self)
        self._edit.setPlaceholderText(self.range_text)
        self._edit.textChanged.connect(self._typed)
        self._add_input(self._edit)

    @property
    def range_text(self) -> str:
        """The legal values in words, such as ``a whole number from 1 to 65,536``."""
        low = high = ""
        for limit in self._limits:
            match limit:
                case annotated_types.Ge(ge):
                    low = f"from {_number(ge)}"
                case annotated_types.Gt(gt):
                    low = f"above {_number(gt)}"
                case annotated_types.Le(le):
                    high = f"to {_number(le)}" if low.startswith("from") else f"and at most {_number(le)}"
                case annotated_types.Lt(lt):
                    high = f"to below {_number(lt)}" if low.startswith("from") else f"and below {_number(lt)}"
        return " ".join(
            part for part in ("a whole number" if self._is_whole else "a number", low, high) if part
        )

    def value(self) -> object:
        """Return the number.

        Raises:
            ParameterError: what is typed is no number or out of range.
        """
        text = self._edit.text().strip()
        try:
            number = _read(text, self._is_whole)
            if not all(_holds(limit, number) for limit in self._limits):
                raise ValueError
        except ValueError:
            got = f"not {text[:24]}" if text else "but the field is empty"
            raise ParameterError(f"{self.title} must be {self.range_text}, {got}.") from None
        return number

    def set_value(self, value: object) -> None:
        """Show a number; what is typed stays if it already says the same."""
        try:
            if self.value() == value:
                return
        except ParameterError:
            pass
        self._edit.setText(str(value) if self._is_whole else f"{float(str(value)):.12g}")

    def mark(self, is_wrong: bool) -> None:
        """Show a red ring."""
        theme.set_style_property(self._edit, "invalid", is_wrong)

    @Slot()
    def _typed(self) -> None:
        self.changed.emit()


def _read(text: str, is_whole: bool) -> int | float:
    """Read a number as people write it; a comma separates thousands in whole numbers, decimals in others."""
    if is_whole:
        return int(text.replace(",", "").replace("\u202f", ""))
    number = float(text.replace(",", ".") if "." not in text else text.replace(",", ""))
    if not math.isfinite(number):
        raise ValueError
    return number


def _number(limit: Any) -> str:
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"


def _holds(limit: object, number: Any) -> bool:
    match limit:
        case annotated_types.Ge(bound):
            return bool(number >= bound)
        case annotated_types.Gt(bound):
            return bool(number > bound)
        case annotated_types.Le(bound):
            return bool(number <= bound)
        case annotated_types.Lt(bound):
            return bool(number < bound)
    return True


def make_field(name: str, info: FieldInfo, parent: QWidget | None = None) -> Field:
    """Return the input for a field of a record.

    Raises:
        TypeError: the field is of a kind that has no input.
    """
    if get_origin(info.annotation) is Literal:
        return ChoiceField(name, info, parent)
    if info.annotation is bool:
        return ToggleField(name, info, parent)
    if info.annotation in (int, float):
        return NumberField(name, info, parent)
    raise TypeError(f"there is no input for {name}: {info.annotation}")
