"""What is chosen for a heat map: the method, the class, the layer or the patch; and how far the work is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.core.errors import GraphError
from cnn_studio.ui import theme
from cnn_studio.ui.insight.class_box import ClassBox
from cnn_studio.ui.insight.where_words import num_places
from cnn_studio.ui.widgets.flow_layout import FlowLayout
from cnn_studio.ui.widgets.inputs import QuietComboBox
from cnn_studio.ui.widgets.segments import segment_button

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look, LookInside
    from cnn_studio.insight.where import Weighing

Method = Literal["cam", "occlusion"]

_METHODS: tuple[tuple[Method, str, str], ...] = (
    ("cam", "Grad-CAM", "Which maps of a layer speak for the class, and where they are strong"),
    ("occlusion", "Occlusion", "What the score loses when a place of the image is covered"),
)
_WEIGHINGS: tuple[tuple[Weighing, str, str], ...] = (
    (
        "cell",
        "Each cell (LayerCAM)",
        "A cell counts by what more of it would do for the score: fine, in any layer",
    ),
    (
        "map",
        "Each map (Grad-CAM)",
        "A whole map counts by the mean over its cells, as in 2017: for the last layers",
    ),
)
_BOX_WIDTH, _SPIN_WIDTH = 230, 84


def titled(title: str, widget: QWidget) -> QWidget:
    """Return a widget with its title above it."""
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(theme.px(2))
    label = QLabel(title)
    label.setBuddy(widget)
    theme.set_role(label, "small")
    layout.addWidget(label)
    layout.addWidget(widget)
    return holder


class WhereControls(QWidget):
    """The row of choices above the picture.

    Attributes:
        method_changed: another method is chosen.
        class_changed: another class is.
        layer_chosen: emitted with the layer that a person chose for Grad-CAM.
        weighing_changed: its maps are to be weighed in another way.
        start_wanted: the image is to be covered.
    """

    method_changed = Signal()
    class_changed = Signal()
    layer_chosen = Signal(int)
    weighing_changed = Signal()
    start_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._network: LookInside | None = None
        self._is_own_class = False
        self.problem = ""
        self._buttons: dict[Method, QPushButton] = {}
        self._group = QButtonGroup(self)
        self.class_box = ClassBox()
        self.class_box.setFixedWidth(theme.px(_BOX_WIDTH))
        self.layer_box = QuietComboBox()
        self.layer_box.setFixedWidth(theme.px(_BOX_WIDTH))
        self.layer_box.setAccessibleName("Layer")
        self.layer_box.setToolTip("In the maps of which layer to look")
        self.weighing_box = QuietComboBox()
        self.weighing_box.setAccessibleName("Weighing")
        self.weighing_box.setToolTip("What decides how much of a map speaks for the class")
        for at, (weighing, name, help_) in enumerate(_WEIGHINGS):
            self.weighing_box.addItem(name, weighing)
            self.weighing_box.setItemData(at, help_, Qt.ItemDataRole.ToolTipRole)
        self.patch_box, self.stride_box = QSpinBox(), QSpinBox()
        for box, name in ((self.patch_box, "Patch size in pixels"), (self.stride_box, "Stride in pixels")):
            box.setSuffix(" px")
            box.setMinimum(1)
            box.setFixedWidth(theme.px(_SPIN_WIDTH))
            box.setAccessibleName(name)
            box.valueChanged.connect(self._tell_places)
        self.start = QPushButton("Cover the image")
        theme.set_role(self.start, "primary")
        self._for_cam = [titled("Layer", self.layer_box), titled("Weighing", self.weighing_box)]
        self._for_occlusion = [
            titled("Patch", self.patch_box),
            titled("Moves by", self.stride_box),
            titled(" ", self.start),
        ]
        layout = FlowLayout(self, theme.px(theme.current().space.m))
        for widget in (
            self._methods(),
            titled("Class", self.class_box),
            *self._for_cam,
            *self._for_occlusion,
        ):
            layout.addWidget(widget)
        self.class_box.chosen.connect(self._class_chosen)
        self.layer_box.activated.connect(self._layer_chosen)
        self.weighing_box.activated.connect(self.weighing_changed)
        self.start.clicked.connect(self.start_wanted)
        self.show_nothing()
        self._show_method()

    def _methods(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(2))
        for method, name, help_ in _METHODS:
            button = self._buttons[method] = segment_button(name, help_)
            self._group.addButton(button)
            layout.addWidget(button)
        self._buttons["cam"].setChecked(True)
        self._group.buttonClicked.connect(self._method_clicked)
        return titled("Method", row)

    # ------------------------------------------------------------------------------------------------- what is chosen

    @property
    def method(self) -> Method:
        """The method that is chosen."""
        return "cam" if self._buttons["cam"].isChecked() else "occlusion"

    def choose_method(self, method: Method) -> None:
        """Choose a method, as a click does."""
        self._buttons[method].click()

    @property
    def class_index(self) -> int | None:
        """The class that is chosen."""
        return self.class_box.class_index

    @property
    def layer_id(self) -> int | None:
        """The layer for Grad-CAM; None where the network has none."""
        found = self.layer_box.currentData()
        return None if found is None else int(found)

    @property
    def weighing(self) -> Weighing:
        """How the maps are weighed."""
        found: Weighing = self.weighing_box.currentData()
        return found

    def choose_layer(self, layer_id: int) -> bool:
        """Choose the layer for Grad-CAM if it is one of those in which one can look; return whether it changed."""
        at = self.layer_box.findData(layer_id)
        if at < 0 or at == self.layer_box.currentIndex():
            return False
        self.layer_box.setCurrentIndex(at)
        return True

    def show_choices(self, look: Look, *, keeps_class: bool) -> None:
        """List what can be chosen for a look.

        Args:
            look: the look.
            keeps_class: whether a class that a person chose stays, for it is the same image.
        """
        network, before = look.network, self.class_index
        self.class_box.show_classes(look)
        self._is_own_class = self._is_own_class and keeps_class
        if self._is_own_class and before is not None:
            self.class_box.choose(before)
        if network is not self._network:
            self._show_network(network)
        self.layer_box.setEnabled(not self.problem)
        self.class_box.setEnabled(True)
        self.start.setEnabled(True)

    def show_nothing(self) -> None:
        """Let nothing be chosen: there is no image to look at."""
        for box in (self.class_box, self.layer_box, self.start):
            box.setEnabled(False)

    def _show_network(self, network: LookInside) -> None:
        from cnn_studio.insight.occlusion import usual_patch
        from cnn_studio.insight.where import default_place, places

        before = self.layer_box.currentText() if self.layer_box.currentIndex() > 0 else ""
        self._network, self.problem = network, ""
        self.layer_box.clear()
        try:
            best = default_place(network)
        except GraphError as error:
            self.problem = str(error)
        else:
            self.layer_box.addItem(f"{network.document.layer(best).path} · best", best)
            for layer_id in reversed(places(network)):
                if layer_id != best:
                    self.layer_box.addItem(network.document.layer(layer_id).path, layer_id)
            self.layer_box.setCurrentIndex(max(0, self.layer_box.findText(before) if before else 0))
        side = min(network.input_shape[1:])
        if side != self.patch_box.maximum():
            for box in (self.patch_box, self.stride_box):
                box.setMaximum(side)
            patch = min(side, *usual_patch(network))
            self.patch_box.setValue(patch)
            self.stride_box.setValue(max(1, patch // 2))
        self._tell_places()

    # ------------------------------------------------------------------------------------------------------ signals

    @Slot()
    def _method_clicked(self) -> None:
        self._show_method()
        self.method_changed.emit()

    def _show_method(self) -> None:
        for widget in self._for_cam:
            widget.setVisible(self.method == "cam")
        for widget in self._for_occlusion:
            widget.setVisible(self.method == "occlusion")

    @Slot(int)
    def _class_chosen(self, class_index: int) -> None:
        del class_index
        self._is_own_class = True
        self.class_changed.emit()

    @Slot()
    def _layer_chosen(self) -> None:
        if self.layer_id is not None:
            self.layer_chosen.emit(self.layer_id)

    @Slot()
    def _tell_places(self) -> None:
        if self._network is None:
            return
        count = num_places(self._network.input_shape[1:], self.patch_box.value(), self.stride_box.value())
        self.start.setToolTip(f"Computes the network for {count:,} images, each with another place covered")


class WorkLine(QWidget):
    """How far a piece of work is, with a button that ends it; hidden while there is none.

    Attributes:
        cancelled: the button was pressed.
    """

    cancelled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.doing, self.bar, self.cancel = QLabel(), QProgressBar(), QPushButton("Cancel")
        theme.set_role(self.doing, "muted")
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Progress")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.current().space.m))
        layout.addWidget(self.doing)
        layout.addWidget(self.bar, 1, Qt.AlignmentFlag.AlignVCenter)
        layout.addWidget(self.cancel)
        self.cancel.clicked.connect(self.cancelled)
        self.hide()

    @Slot(str, int, int)
    def show_progress(self, text: str, done: int, total: int) -> None:
        """Say how far it is; 0 of 0 where nobody knows."""
        self.doing.setText(f"{text}: {done:,} of {total:,}" if total else f"{text}…")
        self.bar.setRange(0, total)
        self.bar.setValue(done)
