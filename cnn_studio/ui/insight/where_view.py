"""Where the network looked: heat over the image for one class, by Grad-CAM or by covering the image place by place."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSlider,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.files import replacing
from cnn_studio.app.jobs import Job, JobEnded, Progress
from cnn_studio.core.errors import StudioError
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.picture import png_of
from cnn_studio.ui.insight.heat_picture import HeatLegend, HeatPicture, image_of
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.where_controls import WhereControls, WorkLine
from cnn_studio.ui.insight.where_words import (
    ABOUT_COVERING,
    ABOUT_LAYERS,
    COVERING,
    NO_IMAGE,
    NOT_COVERED,
    HeatWords,
    heat_of_occlusion,
    words_of_cam,
    words_of_occlusion,
)
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.widgets.waiting import run_waiting

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look
    from cnn_studio.insight.occlusion import Occlusion
    from cnn_studio.insight.where import GradCam

_WAIT_MS = 40
_SAVED_SIDE = 672
_OPACITY = 65  # percent
_SLIDER_WIDTH = 140


class WhereView(QWidget):
    """The image with heat where a class is seen.

    Grad-CAM follows image, class and layer while the page can be seen; covering the image waits for its button.

    Attributes:
        message: what was copied or written, or why not.
        cam: what Grad-CAM said of the present choices; None before it is known.
        occlusion: what covering the image said of the present class; None before it was asked for.
    """

    message = Signal(str)

    def __init__(self, state: InsightState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self._look: Look | None = None
        self._layer = state.layer
        self.cam: GradCam | None = None
        self.occlusion: Occlusion | None = None
        self._line = state.line(self)
        self._build()
        self._line.told.connect(self._take)
        self._line.progress.connect(self.work_line.show_progress)
        self._line.busy_changed.connect(self._busy_changed)
        self.work_line.cancelled.connect(self._line.cancel)
        state.looked.connect(self._looked)
        state.failed.connect(self.hint.setText)
        state.layer_changed.connect(self._follow_layer)
        self._lazy = LazyRefresh(self, self._refresh, _WAIT_MS)
        self._show()

    def _build(self) -> None:
        space = theme.current().space
        self.controls = WhereControls()
        self.controls.method_changed.connect(self._method_changed)
        self.controls.class_changed.connect(self._class_changed)
        self.controls.layer_chosen.connect(self._layer_chosen)
        self.controls.weighing_changed.connect(self._weighing_changed)
        self.controls.start_wanted.connect(self.cover)
        self.picture, self.legend, self.work_line = HeatPicture(), HeatLegend(), WorkLine()
        self.picture.menu_wanted.connect(self._open_menu)
        self.hint = hint_label(NO_IMAGE)
        self.sentence, self.note = QLabel(), QLabel()
        for label in (self.sentence, self.note):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        theme.set_role(self.note, "small")
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(0, 100)
        self.opacity.setFixedWidth(theme.px(_SLIDER_WIDTH))
        self.opacity.setAccessibleName("How much of the heat is seen")
        self.opacity.setToolTip("How much of the heat is seen; at the left end the image has its colours")
        self.opacity.valueChanged.connect(self._opacity_changed)
        self.opacity.setValue(_OPACITY)
        self.save = QPushButton("Save picture…")
        self.save.clicked.connect(self.ask_picture)
        self._menu = QMenu(self)
        self._menu.addAction("Copy picture", self.copy_picture)
        self._menu.addAction("Save picture…", self.ask_picture)
        foot = QHBoxLayout()
        foot.setSpacing(theme.px(space.l))
        foot.addWidget(self.legend)
        foot.addStretch(1)
        foot.addWidget(QLabel("Heat"))
        foot.addWidget(self.opacity)
        foot.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.m))
        layout.addWidget(self.controls)
        layout.addWidget(self.work_line)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.sentence)
        layout.addLayout(foot)
        layout.addWidget(self.note)

    # ----------------------------------------------------------------------------------------------- what is asked for

    @Slot()
    def _looked(self) -> None:
        self._line.drop()
        self._layer = self._state.layer
        self._lazy.request()

    @Slot()
    def _follow_layer(self) -> None:
        """Look in the layer that was chosen in another page or in the list beside, if one can."""
        layer, before = self._state.layer, self._layer
        self._layer = layer
        if layer is None or layer == before or not self.isVisible() or self._look is not self._state.look:
            return
        if self.controls.choose_layer(layer):
            self._lazy.request()

    @Slot(int)
    def _layer_chosen(self, layer_id: int) -> None:
        self._lazy.request()
        self._state.choose_layer(layer_id)

    @Slot()
    def _weighing_changed(self) -> None:
        self._lazy.request()

    @Slot()
    def _class_changed(self) -> None:
        self._line.drop()
        self.occlusion = None
        self._lazy.request()

    @Slot()
    def _method_changed(self) -> None:
        self._line.drop()
        self._show()
        self._lazy.request()

    def _refresh(self) -> None:
        look = self._state.look
        if look is not self._look:
            self._take_look(look)
        if look is None or self.controls.method != "cam":
            self._show()
            return
        class_index, layer_id = self.controls.class_index, self.controls.layer_id
        weighing, known = self.controls.weighing, self.cam
        if class_index is None or layer_id is None:
            self._show()
            return
        asked = (class_index, layer_id, weighing)
        if known is not None and (known.class_index, known.layer_id, known.weighing) == asked:
            self._show()
            return

        def work(job: Job) -> None:
            from cnn_studio.insight.where import grad_cam

            job.report(grad_cam(look, class_index, layer_id, weighing=weighing))

        self._state.begin(self._line, f"Grad-CAM in {look.network.document.layer(layer_id).path}", work)

    def _take_look(self, look: Look | None) -> None:
        import numpy as np

        before, self._look = self._look, look
        self.cam = self.occlusion = None
        if look is None:
            self.controls.show_nothing()
        else:
            same = before is not None and np.array_equal(before.image, look.image)
            self.controls.show_choices(look, keeps_class=same)
        self._show()

    @Slot()
    def cover(self) -> None:
        """Find out by covering the image, in a job that can be cancelled."""
        look, class_index = self._state.look, self.controls.class_index
        if look is None or class_index is None or look is not self._look:
            return
        patch, stride = self.controls.patch_box.value(), self.controls.stride_box.value()

        def work(job: Job) -> None:
            from cnn_studio.insight.occlusion import occlude

            job.report(
                occlude(
                    look,
                    class_index,
                    patch=(patch, patch),
                    stride=(stride, stride),
                    progress=lambda done, total: job.report(Progress("Covered", done, total)),
                    check=job.control.check,
                )
            )

        self._state.begin(self._line, "Covering the image", work)

    # --------------------------------------------------------------------------------------------------- what is shown

    @Slot(object)
    def _take(self, event: object) -> None:
        from cnn_studio.insight.occlusion import Occlusion
        from cnn_studio.insight.where import GradCam

        match event:
            case GradCam():
                self.cam = event
            case Occlusion():
                self.occlusion = event
            case JobEnded("failed", message):
                self._say(message, "error")
                return
            case JobEnded("done"):
                return
        self._show()

    def _show(self) -> None:
        """Show what is known of the present choices."""
        look = self._look
        is_cam = self.controls.method == "cam"
        self.note.setText(ABOUT_LAYERS if is_cam else ABOUT_COVERING)
        for widget in (self.save, self.opacity):
            widget.setEnabled(look is not None)
        self.hint.setVisible(look is None)
        self.picture.setVisible(look is not None)
        if look is None:
            self.picture.show_heat(None, None)
            self._show_words(None)
        elif is_cam and self.controls.problem:
            self.picture.show_heat(look.image, None)
            self._show_words(None, self.controls.problem)
        elif is_cam and self.cam is not None:
            self.picture.show_heat(look.image, self.cam.heat)
            self._show_words(words_of_cam(look.network, self.cam))
        elif not is_cam and self.occlusion is not None:
            self.picture.show_heat(look.image, heat_of_occlusion(self.occlusion))
            self._show_words(words_of_occlusion(look.network, self.occlusion))
        else:
            self.picture.show_heat(look.image, None)
            self._show_words(None, "" if is_cam else COVERING if self._line.is_busy else NOT_COVERED)

    def _show_words(self, words: HeatWords | None, sentence: str = "") -> None:
        self.legend.setVisible(words is not None)
        if words is not None:
            self.legend.show_scale(words.title, words.low, words.high)
        self._say(words.sentence if words is not None else sentence)

    def _say(self, text: str, role: str = "") -> None:
        theme.set_role(self.sentence, role)
        self.sentence.setText(text)
        self.picture.setAccessibleDescription(text)

    @Slot()
    def _busy_changed(self) -> None:
        is_covering = self._line.is_busy and self.controls.method == "occlusion"
        self.work_line.setVisible(is_covering)
        self.controls.start.setEnabled(not is_covering and self._look is not None)
        if is_covering and self.occlusion is None:
            self._say(COVERING)

    @Slot(int)
    def _opacity_changed(self, percent: int) -> None:
        self.picture.set_opacity(percent / 100)
        self.legend.set_opacity(percent / 100)

    # -------------------------------------------------------------------------------------------------------- pictures

    @Slot(QPoint)
    def _open_menu(self, at: QPoint) -> None:
        self._menu.popup(at)

    @Slot()
    def copy_picture(self) -> None:
        """Put the picture on the clipboard."""
        if self._look is not None:
            QGuiApplication.clipboard().setImage(image_of(self.picture.pixels(_SAVED_SIDE)))
            self.message.emit("The picture is on the clipboard.")

    @Slot()
    def ask_picture(self) -> None:
        """Let the user choose a file for the picture."""
        name, _ = QFileDialog.getSaveFileName(
            self.window(), "Save picture", "where-it-looked.png", "PNG (*.png)"
        )
        if name:
            self.save_picture(Path(name))

    def save_picture(self, path: Path) -> bool:
        """Write what is shown as PNG; return whether it was written."""
        path = path if path.suffix.lower() == ".png" else path.with_name(f"{path.name}.png")
        image = image_of(self.picture.pixels(_SAVED_SIDE))

        def work() -> None:
            with replacing(path) as file:
                file.write(png_of(image))

        try:
            run_waiting(self.window(), f"Writing {path.name}", work)
        except StudioError as error:
            self.message.emit(str(error))
            return False
        self.message.emit(f"The picture is in {path}.")
        return True

    def close_work(self) -> None:
        """End what goes on."""
        self._line.drop()
