"""How one layer trains: frozen or not, its rate factor, and whether batch norm keeps its statistics."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from cnn_studio.app.session import Session
from cnn_studio.core.errors import ParameterError
from cnn_studio.core.params import Real
from cnn_studio.graph.commands import AnyCommand, SetTraining
from cnn_studio.graph.document import Layer
from cnn_studio.ui import theme

RATE = Real(
    "lr_factor",
    "Rate factor",
    "This layer's learning rate is the run's times this number.",
    1.0,
    maximum=1e6,
    above_minimum=True,
)


class TrainingFields(QWidget):
    """The settings of one layer with weights.

    Args:
        session: the open project.
        push: carries out an edit, or says why not.

    Attributes:
        trainable: off freezes the layer.
        rate: the field of the rate factor; a frozen layer has none.
        keep: whether batch norm keeps its statistics.
    """

    def __init__(
        self, session: Session, push: Callable[[AnyCommand], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._session = session
        self._push = push
        self._id: int | None = None
        label = QLabel("Trainable")
        label.setFixedWidth(theme.px(92))
        theme.set_role(label, "muted")
        self.trainable = QCheckBox("yes")
        self.trainable.setToolTip(
            "Off freezes the layer: its weights and its batch-norm statistics stay exactly as they are. That makes sense "
            "in a run that starts from trained weights (Training, More)."
        )
        self.trainable.clicked.connect(self._freeze)
        self._rate_label = QLabel("rate ×")
        theme.set_role(self._rate_label, "muted")
        self.rate = QLineEdit()
        self.rate.setFixedWidth(theme.px(64))
        self.rate.setToolTip(RATE.help)
        self.rate.setAccessibleName(RATE.title)
        self.rate.textEdited.connect(self._typed)
        self.rate.editingFinished.connect(self._change_rate)
        self.keep = QCheckBox("keep batch-norm statistics")
        self.keep.setToolTip(
            "On: the running mean and variance stay as they are while the layer trains. A frozen layer always keeps them."
        )
        self.keep.clicked.connect(self._change_keep)
        row = QHBoxLayout()
        row.setSpacing(theme.px(8))
        row.addWidget(label)
        row.addWidget(self.trainable)
        row.addStretch(1)
        row.addWidget(self._rate_label)
        row.addWidget(self.rate)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.current().space.s))
        layout.addLayout(row)
        layout.addWidget(self.keep)

    def show_layer(self, layer: Layer) -> None:
        """Show how a layer trains now; what was being typed for another one is dropped."""
        is_other = layer.id != self._id
        self._id = layer.id
        self.trainable.setChecked(layer.trainable)
        self.trainable.setText("yes" if layer.trainable else "no, frozen")
        self.keep.setChecked(layer.keep_statistics)
        self.keep.setVisible(layer.type == "batch_norm" and layer.trainable)
        # a frozen layer has no rate, and its longer word needs the room
        self._rate_label.setVisible(layer.trainable)
        self.rate.setVisible(layer.trainable)
        if is_other or not self.rate.hasFocus():
            self._show_rate(layer)

    def _show_rate(self, layer: Layer) -> None:
        self.rate.setText(RATE.text(layer.lr_factor))
        theme.set_style_property(self.rate, "invalid", False)

    @Slot(str)
    def _typed(self, text: str) -> None:
        try:
            RATE.parse(text)
        except ParameterError as error:
            theme.set_style_property(self.rate, "invalid", True)
            self.rate.setToolTip(str(error))
        else:
            theme.set_style_property(self.rate, "invalid", False)
            self.rate.setToolTip(RATE.help)

    @Slot(bool)
    def _freeze(self, trainable: bool) -> None:
        if self._id is not None:
            self._push(SetTraining(ids=(self._id,), trainable=trainable))

    @Slot(bool)
    def _change_keep(self, keep: bool) -> None:
        if self._id is not None:
            self._push(SetTraining(ids=(self._id,), keep_statistics=keep))

    @Slot()
    def _change_rate(self) -> None:
        layer = self._session.document.layers.get(self._id or 0)
        if layer is None:
            return
        try:
            value = RATE.parse(self.rate.text())
        except ParameterError:
            self._show_rate(layer)
            return
        if value != layer.lr_factor:
            self._push(SetTraining(ids=(layer.id,), lr_factor=value))
