"""The left of the Training tab: data, settings, what they mean, and how far the run is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.engine.schedules import planned_rates
from cnn_studio.engine.settings import PRESETS, TrainSettings
from cnn_studio.ui import theme
from cnn_studio.ui.panels.beside_button import BesideButton
from cnn_studio.ui.panels.live_rate import LiveRate
from cnn_studio.ui.panels.settings_form import SettingsForm
from cnn_studio.ui.widgets.curve_picture import CurvePicture
from cnn_studio.ui.widgets.elided import ElidedLabel
from cnn_studio.ui.widgets.inputs import QuietComboBox

# what is changed most comes first: in a low panel the last row is out of view
_BASIC = ("optimizer", "learning_rate", "batch_size", "epochs", "momentum", "weight_decay")
_OWN = "Custom"
_PRESET_HELP = {
    "AlexNet (2012)": "The rule of the paper: SGD in the form of 2012, rate 0.01, batches of 128, divided by 10 when it stands still",
    "Quick look": "A few epochs of Adam in one cycle, at the fastest speed: is there anything to learn here?",
    "Careful": "AdamW with warm-up, cosine, averaging and early stopping: for the result that counts",
}
_EXACT: dict[str, object] = {"speed": "exact", "precision": "float32", "channels_last": False}
_EXACT_HELP = (
    "On: every step computes in float32 as PyTorch's plain training loop does, and gives the same numbers bit for bit.\n"
    "Off: a few steps of each way to compute this network are timed at the start of a run (bfloat16, channels-last, a "
    "fused optimizer and others), and the fastest is taken. Results may differ from plain float32 in their last digits; "
    "the choice is kept with the run, so that it can still be repeated."
)
# which settings play a part only with others
_MOMENTUM = frozenset({"sgd", "sgd-2012", "nesterov", "rmsprop"})


class TrainingSide(QWidget):
    """Settings and progress; it decides nothing.

    Attributes:
        changed: after every edit of a setting, right or wrong.
        rate_changed: the run that goes on shall have this rate.
        find_rate_requested: the finder of learning rates is wanted.
        find_batch_requested: the search for a batch size is wanted.
        augment_requested: the augmentation is wanted.
        details_requested: the traceback of a failed run is wanted.
    """

    changed = Signal()
    rate_changed = Signal(float)
    find_rate_requested = Signal()
    find_batch_requested = Signal()
    augment_requested = Signal()
    details_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.form = SettingsForm(TrainSettings(), _BASIC)
        self.form.changed.connect(self._edited)
        self.schedule = CurvePicture("Planned learning rate", "learning rate", "epoch")
        self._steps_per_epoch = 100
        self._build()
        self._refresh_form()

    def _build(self) -> None:
        space = theme.current().space
        self._data = ElidedLabel("No data yet")
        theme.set_role(self._data, "strong")
        self.presets = QuietComboBox()
        self.presets.addItem(_OWN)
        self.presets.setItemData(0, "The settings as they are", Qt.ItemDataRole.ToolTipRole)
        for name in PRESETS:
            self.presets.addItem(name)
            self.presets.setItemData(
                self.presets.count() - 1, _PRESET_HELP[name], Qt.ItemDataRole.ToolTipRole
            )
        self.presets.setMinimumWidth(theme.px(116))
        self.presets.setAccessibleName("Preset")
        self.presets.setToolTip("Settings that belong together; each can still be changed")
        self.presets.activated.connect(self._preset_chosen)
        self.exact = QCheckBox("Exact float32")
        self.exact.setToolTip(_EXACT_HELP)
        self.exact.setAccessibleDescription(_EXACT_HELP)
        self.exact.clicked.connect(self._exact_chosen)
        self.find_rate = self._button(
            "Find rate…",
            "Train a copy with a rising rate and look where the loss falls fastest",
            self.find_rate_requested,
        )
        self.find_batch = BesideButton(
            self.form.field("batch_size"), "Find…", "Try which batches fit into memory, and how fast each is"
        )
        self.find_batch.clicked.connect(self.find_batch_requested)
        self.augment = self._button(
            "Augment…", "Change every training image at random, new in each epoch", self.augment_requested
        )
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(self.presets, 1)
        top.addWidget(self.exact)
        tools = QHBoxLayout()
        tools.setSpacing(theme.px(6))
        tools.addWidget(self.find_rate)
        tools.addWidget(self.augment)
        tools.addStretch(1)
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.px(4))
        column.addWidget(self.form)
        column.addWidget(self.schedule)
        column.addLayout(tools)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(inner)
        scroll.setMinimumHeight(theme.px(24))  # in a low panel the texts below need the rest
        self.rate = LiveRate()
        self.rate.changed.connect(self.rate_changed)
        self.rate.hide()
        self.bar = QProgressBar()
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.line = self._text()
        self.speed = self._text()
        theme.set_role(self.speed, "small")
        self.speed.hide()
        self.frozen = self._text()
        self.frozen.hide()
        self.details = self._button(
            "Details", "Show what the program reported when the run failed", self.details_requested
        )
        self.smaller = self._button("", "Choose the smaller batch, which should fit", None)
        ends = QHBoxLayout()
        ends.addWidget(self.details)
        ends.addWidget(self.smaller)
        ends.addStretch(1)
        self.setMinimumWidth(theme.px(252))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.s, space.s)))
        layout.setSpacing(theme.px(6))
        layout.addWidget(self._data)
        layout.addLayout(top)
        layout.addWidget(scroll, 1)
        for widget in (self.rate, self.bar, self.line, self.speed, self.frozen):
            layout.addWidget(widget)
        layout.addLayout(ends)

    @staticmethod
    def _text() -> QLabel:
        text = QLabel()
        text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        text.setWordWrap(True)
        text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        return text

    @staticmethod
    def _button(text: str, tip: str, signal: object) -> QPushButton:
        button = QPushButton(text)
        theme.set_role(button, "fix")
        button.setToolTip(tip)
        if signal is not None:
            button.clicked.connect(signal)
        return button

    # ---------------------------------------------------------------------------------------------------- settings

    def settings(self) -> TrainSettings | None:
        """Return the settings as typed, or None while a field is wrong."""
        value = self.form.value()
        return value if isinstance(value, TrainSettings) else None

    def set_settings(self, settings: TrainSettings) -> None:
        """Show these settings."""
        self.form.set_value(settings)
        self._refresh_form()

    def set_data_text(self, text: str, num_train: int | None = None) -> None:
        """Show which data the run will use; its size tells how many steps an epoch has."""
        self._data.setText(text)
        self._data.setToolTip(f"{text} (training + validation images)" if text else "")
        settings = self.settings()
        if num_train and settings is not None:
            self._steps_per_epoch = max(1, -(-num_train // settings.batch_size))
            self._refresh_form()

    def show_proof(self, proof: FreezeProof | None) -> None:
        """Show whether the frozen layers of the last run stayed as they were; nothing where there were none."""
        self.frozen.setText("" if proof is None else proof.text)
        self.frozen.setToolTip("" if proof is None else f"before {proof.before}\nafter  {proof.after}")
        theme.set_role(self.frozen, "small" if proof is None or proof.holds else "error")
        self.frozen.setVisible(proof is not None)

    @Slot(int)
    def _preset_chosen(self, number: int) -> None:
        settings = self.settings()
        if number > 0 and settings is not None:
            values = settings.model_dump() | PRESETS[self.presets.itemText(number)]
            self.form.set_value(TrainSettings.model_validate(values))
            self.presets.setCurrentIndex(number)

    @Slot(bool)
    def _exact_chosen(self, is_exact: bool) -> None:
        for name, value in (_EXACT if is_exact else {"speed": "auto"}).items():
            self.form.field(name).set_value(value)

    @Slot()
    def _edited(self) -> None:
        self._refresh_form()
        self.changed.emit()

    def _refresh_form(self) -> None:
        """Grey out what plays no part, name the preset, draw the plan of the rate."""
        form = self.form

        def value(name: str) -> object:
            return form.field(name).value()

        optimizer, schedule, exact = value("optimizer"), value("schedule"), value("speed") == "exact"
        # Adam keeps averages of its own
        form.field("momentum").setEnabled(optimizer in _MOMENTUM)
        form.field("step_epochs").setEnabled(schedule == "step")
        form.field("rate_factor").setEnabled(schedule in {"step", "plateau"})
        form.field("plateau_patience").setEnabled(schedule == "plateau")
        form.field("warmup_epochs").setEnabled(schedule != "one-cycle")
        form.field("precision").setEnabled(exact)
        form.field("channels_last").setEnabled(exact)
        self.exact.setChecked(all(value(name) == plain for name, plain in _EXACT.items()))
        settings = self.settings()
        if settings is None:
            return
        dump = settings.model_dump()
        names = [name for name, own in PRESETS.items() if own.items() <= dump.items()]
        self.presets.setCurrentIndex(1 + list(PRESETS).index(names[0]) if names else 0)
        is_plain = settings.schedule == "constant" and not settings.warmup_epochs
        self.schedule.setVisible(not is_plain)
        if not is_plain:
            self.schedule.show_points(planned_rates(settings, self._steps_per_epoch))
            drops = (
                " It also falls when the validation stands still." if settings.schedule == "plateau" else ""
            )
            self.schedule.setToolTip(f"The learning rate over the run, as planned.{drops}")
        is_off = settings.augmentation.is_off
        self.augment.setText("Augment…" if is_off else "Augment: on…")
