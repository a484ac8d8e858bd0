"""The learning rate of the run that goes on, to be changed while it does."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QPushButton, QWidget

from cnn_studio.core.errors import ParameterError
from cnn_studio.core.params import Real
from cnn_studio.ui import theme

_RATE = Real(
    "learning_rate",
    "Rate of this run",
    "From the next step on, the run goes on with this rate, and its schedule starts from it. The change is kept with "
    "the run and marked in the plots.",
    0.05,
    maximum=10.0,
    above_minimum=True,
)


class LiveRate(QWidget):
    """A field and a button; in view only while a run goes on.

    Attributes:
        changed: emitted with the new rate.
    """

    changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        label = QLabel("Rate of this run")
        theme.set_role(label, "small")
        self.field = QLineEdit()
        self.field.setFixedWidth(theme.px(72))
        self.field.setToolTip(_RATE.help)
        self.field.setAccessibleName(_RATE.title)
        self.button = QPushButton("Set")
        theme.set_role(self.button, "fix")
        self.button.setToolTip("Go on with this rate (Enter)")
        self.button.clicked.connect(self._set)
        self.field.returnPressed.connect(self._set)
        self.field.textEdited.connect(self._typed)
        label.setBuddy(self.field)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.current().space.s))
        layout.addWidget(label)
        layout.addWidget(self.field)
        layout.addWidget(self.button)
        layout.addStretch(1)

    def show_rate(self, rate: float) -> None:
        """Show the rate that the run starts from; what is being typed stays."""
        if not self.field.hasFocus():
            self.field.setText(_RATE.text(rate))

    @Slot(str)
    def _typed(self, text: str) -> None:
        try:
            _RATE.parse(text)
        except ParameterError as error:
            theme.set_style_property(self.field, "invalid", True)
            self.field.setToolTip(str(error))
        else:
            theme.set_style_property(self.field, "invalid", False)
            self.field.setToolTip(_RATE.help)

    @Slot()
    def _set(self) -> None:
        try:
            rate = _RATE.parse(self.field.text())
        except ParameterError:
            return
        self.changed.emit(float(rate))
