"""The settings of the augmentation: a preset to begin with, then a switch or a slider for each."""

from __future__ import annotations

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from cnn_studio.datasets.augmentation import PRESETS, Augmentation
from cnn_studio.ui import theme
from cnn_studio.ui.panels.augment_field import Scale, SliderField
from cnn_studio.ui.widgets.fields import Field, make_field
from cnn_studio.ui.widgets.flow_grid import FlowGrid
from cnn_studio.ui.widgets.inputs import QuietComboBox

_COLUMN = 140
_OWN = "Own choice"


def _degrees(value: float) -> str:
    return f"±{value:g}°" if value else "off"


def _share(value: float) -> str:
    return f"±{100 * value:.3g} %" if value else "off"


def _chance(value: float) -> str:
    return f"{100 * value:.3g} %" if value else "off"


def _most(value: float) -> str:
    return f"{100 * value:.3g} %"


def _pixels(value: float) -> str:
    return f"±{value:g} pixel{'s' if value != 1 else ''}" if value else "off"


def _piece(value: float) -> str:
    return f"{100 * value:.3g} % of it" if value < 1 else "off"


def _ratio(value: float) -> str:
    return f"up to {value:.3g} : 1" if value > 1 else "as it is"


def _alpha(value: float) -> str:
    return f"alpha {value:.3g}" if value else "off"


_SCALES = {
    "crop_padding": Scale(0, 1, 32, _pixels),
    "resized_crop": Scale(1, -0.05, 19, _piece),
    "crop_ratio": Scale(1, 0.05, 20, _ratio),
    "rotation": Scale(0, 1, 180, _degrees),
    "shift": Scale(0, 0.01, 50, _share),
    "scale": Scale(0, 0.01, 90, _share),
    "shear": Scale(0, 1, 45, _degrees),
    "brightness": Scale(0, 0.05, 20, _share),
    "contrast": Scale(0, 0.05, 20, _share),
    "saturation": Scale(0, 0.05, 20, _share),
    "hue": Scale(0, 0.01, 50, _share),
    "erasing": Scale(0, 0.05, 20, _chance),
    "erasing_share": Scale(0.02, 0.01, 98, _most),
    "mixup": Scale(0, 0.1, 20, _alpha),
    "cutmix": Scale(0, 0.1, 20, _alpha),
}

_GROUPS = (
    (
        "Place and shape",
        (
            "horizontal_flip",
            "vertical_flip",
            "crop_padding",
            "resized_crop",
            "crop_ratio",
            "rotation",
            "shift",
            "scale",
            "shear",
        ),
    ),
    ("Colour", ("brightness", "contrast", "saturation", "hue")),
    ("Cover and mix", ("erasing", "erasing_share", "mixup", "cutmix")),
)


class AugmentForm(QWidget):
    """One `Augmentation` to see and to change.

    Attributes:
        changed: emitted after every edit.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._silent = False
        self._is_grey = False
        self._fields: dict[str, Field] = {}
        space = theme.current().space
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, theme.px(space.s), 0)  # room for the scroll bar
        layout.setSpacing(theme.px(6))
        layout.addLayout(self._build_presets())
        self._groups: list[FlowGrid] = []
        for title, names in _GROUPS:
            caption = QLabel(title)
            theme.set_role(caption, "caption")
            layout.addSpacing(theme.px(space.xs))
            layout.addWidget(caption)
            grid = FlowGrid(_COLUMN, self)
            grid.set_items([self._make(name) for name in names])
            self._groups.append(grid)
            layout.addWidget(grid)
        layout.addStretch(1)
        self.set_value(Augmentation())
        self._settle()

    def _build_presets(self) -> QHBoxLayout:
        label = QLabel("Preset")
        theme.set_role(label, "muted")
        self.presets = QuietComboBox(self)
        self.presets.addItems([*PRESETS, _OWN])
        tip = (
            "Augmentation shows the network another version of each training image in every epoch, so that it learns "
            "what does not matter. Choose what could happen to your images without changing their class: photographs "
            "may be mirrored, digits may not. Validation images stay as they are."
        )
        self.presets.setToolTip(tip)
        self.presets.setAccessibleName("Preset")
        self.presets.setAccessibleDescription(tip)
        label.setToolTip(tip)
        label.setBuddy(self.presets)
        self.presets.activated.connect(self._chosen)
        row = QHBoxLayout()
        row.setSpacing(theme.px(theme.current().space.s))
        row.addWidget(label)
        row.addWidget(self.presets, 1)
        return row

    def _make(self, name: str) -> Field:
        info = Augmentation.model_fields[name]
        scale = _SCALES.get(name)
        field = make_field(name, info, self) if scale is None else SliderField(name, info, scale, self)
        field.changed.connect(self._edited)
        self._fields[name] = field
        return field

    def field(self, name: str) -> Field:
        """Return one field.

        Raises:
            KeyError: there is no such setting.
        """
        return self._fields[name]

    def value(self) -> Augmentation:
        """Return what is set."""
        return Augmentation.model_validate({name: field.value() for name, field in self._fields.items()})

    def set_value(self, augmentation: Augmentation) -> None:
        """Show an augmentation; `changed` is emitted once, and only if something differs."""
        before = self.value()
        self._silent = True
        try:
            for name, field in self._fields.items():
                field.set_value(getattr(augmentation, name))
        finally:
            self._silent = False
        self._settle()
        if before != augmentation:
            self.changed.emit()

    def set_enabled(self, enabled: bool) -> None:
        """Let the settings be edited or not."""
        for widget in (self.presets, *self._groups):
            widget.setEnabled(enabled)

    def set_grey(self, grey: bool) -> None:
        """Say whether the images have one channel: they have neither saturation nor hue."""
        self._is_grey = grey
        self._settle()

    def _settle(self) -> None:
        """Name the preset that is set, and offer details only of what is on."""
        now = self.value()
        self.presets.setCurrentText(next((name for name, preset in PRESETS.items() if preset == now), _OWN))
        self._fields["crop_ratio"].setEnabled(now.resized_crop < 1)
        self._fields["erasing_share"].setEnabled(now.erasing > 0)
        for name in ("saturation", "hue"):
            self._fields[name].setEnabled(not self._is_grey)

    @Slot()
    def _edited(self) -> None:
        if not self._silent:
            self._settle()
            self.changed.emit()

    @Slot(int)
    def _chosen(self, at: int) -> None:
        preset = PRESETS.get(self.presets.itemText(at))
        if preset is not None:
            self.set_value(preset)
        else:
            self._settle()  # one's own choice is made with the sliders
