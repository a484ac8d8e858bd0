"""How curves are looked at: smoothing, what x is, and the scale; shared by the plots beside each other."""

from __future__ import annotations

import math

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QPushButton, QSlider, QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.spec import XAxis

_STEPS = 30
_MOST = 1000.0  # batches
_AXES: tuple[tuple[XAxis, str, str], ...] = (
    ("epoch", "Epoch", "x counts passes over the training images: compares runs with other batch sizes"),
    ("step", "Step", "x counts batches"),
    ("time", "Time", "x is the training time: compares how fast runs learn"),
)


class CurveControls(QWidget):
    """A row of small controls.

    Attributes:
        smoothing_changed: emitted with the number of batches; 0 is off.
        axis_changed: emitted with ``epoch``, ``step`` or ``time``.
        log_changed: emitted with whether y is logarithmic.
    """

    smoothing_changed = Signal(float)
    axis_changed = Signal(str)
    log_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(2))
        self._label = QLabel()
        theme.set_role(self._label, "small")
        self._label.setMinimumWidth(theme.px(86))
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setFixedWidth(theme.px(84))
        self.slider.setAccessibleName("Smoothing")
        tip = (
            "Smoothing: the bold line is the mean over about this many batches (exponential, its start corrected). "
            "At the left end it is off: every batch as it came."
        )
        self.slider.setToolTip(tip)
        self._label.setToolTip(tip)
        self.slider.valueChanged.connect(self._moved)
        row.addWidget(self._label)
        row.addWidget(self.slider)
        row.addSpacing(theme.px(8))
        self._group = QButtonGroup(self)
        self.axis_buttons: dict[str, QPushButton] = {}
        for number, (axis, text, help_) in enumerate(_AXES):
            button = self._segment(text, help_)
            self._group.addButton(button, number)
            self.axis_buttons[axis] = button
            row.addWidget(button)
        self.axis_buttons["epoch"].setChecked(True)
        self._group.idClicked.connect(self._axis_chosen)
        row.addSpacing(theme.px(8))
        self.log = self._segment("Log", "Logarithmic scale: one step up is ten times as much")
        self.log.toggled.connect(self.log_changed)
        row.addWidget(self.log)
        self.show_smoothing(17)

    @staticmethod
    def _segment(text: str, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(tip)
        theme.set_role(button, "segment")
        return button

    def show_smoothing(self, window: float) -> None:
        """Set the slider to a number of batches, without telling anybody."""
        share = math.log(max(1.0, window)) / math.log(_MOST)
        blocked = self.slider.blockSignals(True)
        self.slider.setValue(round(share * _STEPS))
        self.slider.blockSignals(blocked)
        self._say(window)

    @property
    def batches(self) -> float:
        """The number of batches that the slider says; 0 is off."""
        value = self.slider.value()
        return float(_MOST ** (value / _STEPS)) if value else 0.0

    @Slot()
    def _moved(self) -> None:
        self._say(self.batches)
        self.smoothing_changed.emit(self.batches)

    def _say(self, window: float) -> None:
        self._label.setText(f"smooth {window:.0f}" if window > 1 else "smooth off")

    @Slot(int)
    def _axis_chosen(self, number: int) -> None:
        self.axis_changed.emit(_AXES[number][0])
