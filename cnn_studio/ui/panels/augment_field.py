"""A slider for one setting of the augmentation, with its value in words beside the title."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from pydantic.fields import FieldInfo
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSlider, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.widgets.fields import Field


@dataclass(frozen=True, slots=True)
class Scale:
    """What a slider offers: steps from the value at its left end.

    Attributes:
        left: value at the left end, where the setting is off or smallest.
        step: what one step adds; negative where a smaller value does more.
        count: number of steps.
        text: a value in words.
    """

    left: float
    step: float
    count: int
    text: Callable[[float], str]

    def value(self, position: int) -> float:
        """Return the value at a position of the slider."""
        return round(self.left + self.step * position, 6)

    def position(self, value: float) -> int:
        """Return the position nearest to a value."""
        return min(max(round((value - self.left) / self.step), 0), self.count)


class _QuietSlider(QSlider):
    """Leaves the wheel to the panel unless it has the focus: scrolling changes no setting."""

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SliderField(Field):
    """A number on a slider; a value between its steps, or beyond its end, is kept until the slider moves."""

    def __init__(self, name: str, info: FieldInfo, scale: Scale, parent: QWidget | None = None) -> None:
        super().__init__(name, info, parent)
        self._scale = scale
        self._is_whole = info.annotation is int
        self._value: float = scale.left
        self._says = QLabel(self)
        self._says.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.set_role(self._says, "small")
        top = QHBoxLayout()
        top.setSpacing(theme.px(theme.current().space.xs))
        self._layout.removeWidget(self._label)
        top.addWidget(self._label, 1)
        top.addWidget(self._says)
        self._layout.addLayout(top)
        self.slider = _QuietSlider(Qt.Orientation.Horizontal, self)
        self.slider.setRange(0, scale.count)
        self.slider.setPageStep(max(1, scale.count // 10))
        self.slider.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.slider.valueChanged.connect(self._moved)
        self._add_input(self.slider)
        self._say()

    @override
    def value(self) -> object:
        return int(self._value) if self._is_whole else self._value

    @override
    def set_value(self, value: object) -> None:
        number = float(str(value))
        if number == self._value:
            return
        self._value = number
        self.slider.blockSignals(True)
        self.slider.setValue(self._scale.position(number))
        self.slider.blockSignals(False)
        self._say()
        self.changed.emit()

    @property
    def text(self) -> str:
        """The value as it stands beside the title."""
        return self._says.text()

    @Slot(int)
    def _moved(self, position: int) -> None:
        self._value = self._scale.value(position)
        self._say()
        self.changed.emit()

    def _say(self) -> None:
        self._says.setText(self._scale.text(self._value))
        self.slider.setAccessibleDescription(f"{self._says.text()}. {self.toolTip()}")
