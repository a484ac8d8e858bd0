"""The images of the data set that excite a map most, each with a frame around what its strongest cell sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QModelIndex, QRectF, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSpinBox, QVBoxLayout, QWidget

from cnn_studio.app.jobs import Job, JobEnded, Progress
from cnn_studio.ui import theme
from cnn_studio.ui.insight.heat_picture import image_of
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.tiles import Tile, TileView
from cnn_studio.ui.insight.where_controls import WorkLine
from cnn_studio.ui.job_line import JobLine
from cnn_studio.ui.widgets.flow_layout import FlowLayout
from cnn_studio.ui.widgets.inputs import QuietComboBox

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.datasets.records import ImageData, ImagePart
    from cnn_studio.insight.exciting import Excited, Exciting
    from cnn_studio.insight.maps import LookInside
    from cnn_studio.insight.windows import Box

PartName = Literal["train", "val"]

_COUNT = 9
_SIDE = 64
_SPIN_WIDTH, _PART_WIDTH = 72, 116
_SEARCH = "Find out which images of the data set this map answers most strongly to, and where in them."
_NO_DATA = "There is no data set in memory. Load one in the Data tab and try again."
_PARTS: tuple[tuple[PartName, str], ...] = (("train", "Training"), ("val", "Validation"))


@dataclass(frozen=True)
class _Found:
    """What a search through a part gave, with a network of its own for what is asked about it later."""

    exciting: Exciting
    network: LookInside
    part: ImagePart
    part_name: PartName
    data: ImageData


@dataclass(frozen=True)
class Shown:
    """One of the images that excite a map.

    Attributes:
        excited: which image, how strongly, where.
        box: what that cell sees; None where that is nothing of the image.
    """

    excited: Excited
    box: Box | None


@dataclass(frozen=True)
class _Boxes:
    map_number: int
    shown: tuple[Shown, ...]


class ExcitingView(QWidget):
    """A number of a map, and the nine images that excite it most.

    Attributes:
        map_changed: emitted with the number of a map that a person chose.
        shown: the images, the strongest first; empty before they were searched.
    """

    map_changed = Signal(int)

    def __init__(
        self, state: InsightState, data: Callable[[], ImageData | None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._state, self._data = state, data
        self._source: LookInside | None = None
        self._layer_id: int | None = None
        self._found: _Found | None = None
        self.shown: tuple[Shown, ...] = ()
        self._search, self._boxes = JobLine(state.jobs, self), JobLine(state.jobs, self)
        self._build()
        for line in (self._search, self._boxes):
            line.told.connect(self._take)
            line.busy_changed.connect(state.busy_changed)
        self._search.progress.connect(self.work_line.show_progress)
        self._search.busy_changed.connect(self._busy_changed)
        self.work_line.cancelled.connect(self._search.cancel)

    def _build(self) -> None:
        space = theme.current().space
        self.map_box, self.part_box, self.find_button = (
            QSpinBox(),
            QuietComboBox(),
            QPushButton("Find in the data set"),
        )
        self.map_box.setAccessibleName("Map")
        self.map_box.setFixedWidth(theme.px(_SPIN_WIDTH))
        self.map_box.valueChanged.connect(self._map_changed)
        for part, text in _PARTS:
            self.part_box.addItem(text, part)
        self.part_box.setAccessibleName("Where to search")
        self.part_box.setToolTip("Which images of the data set are searched")
        self.part_box.setFixedWidth(theme.px(_PART_WIDTH))
        self.find_button.clicked.connect(self.search)
        question = QWidget()
        words = QHBoxLayout(question)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(theme.px(space.s))
        before, after = QLabel("Images that excite map"), QLabel("most")
        before.setBuddy(self.map_box)
        for label in (before, after):
            theme.set_role(label, "strong")
        head = QWidget()
        row = FlowLayout(head, theme.px(space.s))
        for widget in (before, self.map_box, after):
            words.addWidget(widget)
        for part_of_row in (question, self.part_box, self.find_button):
            row.addWidget(part_of_row)
        self.work_line = WorkLine()
        self.note = QLabel(_SEARCH)
        self.note.setWordWrap(True)
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        theme.set_role(self.note, "muted")
        self.pictures = TileView("Images that excite the map most", _SIDE)
        self.pictures.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.pictures.clicked.connect(self.open_image)
        self.pictures.activated.connect(self.open_image)
        self.pictures.resized.connect(self._fit)
        self.pictures.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addWidget(head)
        layout.addWidget(self.work_line)
        layout.addWidget(self.note)
        layout.addWidget(self.pictures)
        self.set_layer(None, None, 0)

    # ----------------------------------------------------------------------------------------------- what is asked for

    def set_layer(self, network: LookInside | None, layer_id: int | None, num_maps: int) -> None:
        """Ask about the maps of another layer; what was found for the one before is forgotten."""
        is_other = network is not self._source or layer_id != self._layer_id
        self._source, self._layer_id = network, layer_id
        self.map_box.setRange(0, max(0, num_maps - 1))
        for widget in (self.map_box, self.part_box, self.find_button):
            widget.setEnabled(num_maps > 0)
        if is_other:
            self._search.drop()
            self._boxes.drop()
            self._found = None
            self._show(())

    @property
    def map_number(self) -> int:
        """The map that is asked about."""
        return self.map_box.value()

    def choose_map(self, number: int) -> None:
        """Ask about another map of the layer."""
        self.map_box.setValue(number)

    @Slot(int)
    def _map_changed(self, number: int) -> None:
        self.map_changed.emit(number)
        self._ask_boxes()

    @Slot()
    def search(self) -> None:
        """Look through the data set for all maps of the layer, in a job that can be cancelled."""
        source, layer_id, data = self._source, self._layer_id, self._data()
        if source is None or layer_id is None:
            return
        if data is None:
            self._say(_NO_DATA, "warning")
            return
        name: PartName = self.part_box.currentData()
        part = data.train if name == "train" else data.val

        def work(job: Job) -> None:
            from cnn_studio.insight.exciting import most_exciting

            # another image can be looked at meanwhile, so this network is one of its own; the weights are shared
            weights = {key: tensor.numpy() for key, tensor in source.runner.module.state_dict().items()}
            network = source.with_weights(weights)
            exciting = most_exciting(
                network,
                layer_id,
                part,
                count=_COUNT,
                progress=lambda done, total: job.report(Progress("Images", done, total)),
                check=job.control.check,
            )
            job.report(_Found(exciting, network, part, name, data))

        self._search.start("Searching the data set", work)

    def _ask_boxes(self) -> None:
        """Find what the strongest cells see: tens of milliseconds each in a deep network."""
        found, number = self._found, self.map_number
        if found is None:
            return

        def work(job: Job) -> None:
            from cnn_studio.insight.regions import seen_by

            shown = []
            for one in found.exciting.of(number):
                job.control.check()
                shown.append(Shown(one, seen_by(found.network, found.exciting.layer_id, one.cell).box))
            job.report(_Boxes(number, tuple(shown)))

        self._boxes.start("Finding what cells see", work)

    # --------------------------------------------------------------------------------------------------- what is shown

    @Slot(object)
    def _take(self, event: object) -> None:
        match event:
            case _Found():
                self._found = event
                self._ask_boxes()
            case _Boxes(_, shown):
                self._show(shown)
            case JobEnded("failed", message):
                self._say(message, "error")

    def _show(self, shown: tuple[Shown, ...]) -> None:
        self.shown = shown
        self.pictures.tiles.set_tiles(len(shown), self._tile)
        self.pictures.setVisible(bool(shown))
        self._fit()
        found = self._found
        if found is None or not shown:
            self._say(_SEARCH)
            return
        path = found.network.document.layer(found.exciting.layer_id).path
        self._say(
            f"Out of {len(found.part):,} images, these give the largest values in map {self.map_number} of {path}. The frame "
            "is what that cell sees. Click an image to look at it."
        )

    def _say(self, text: str, role: str = "muted") -> None:
        theme.set_role(self.note, role)
        self.note.setText(text)

    def _tile(self, row: int) -> Tile:
        from cnn_studio.insight.pictures import as_rgb

        one, found = self.shown[row], self._found
        assert found is not None  # there are no tiles without
        image = found.part.images[one.excited.image]
        height, width = image.shape[1:]
        frame = None
        if one.box is not None:
            box = one.box
            frame = QRectF(box.left / width, box.top / height, box.width / width, box.height / height)
        place = "" if found.exciting.is_vector else " at row {}, column {}".format(*one.excited.cell[1:])
        value = f"{one.excited.value:.3g}"
        says = f"{self._title(one)}, {self._class_of(one)}: {value}{place}"
        return Tile((image_of(as_rgb(image)),), value, says, frame)

    def _title(self, one: Shown) -> str:
        found = self._found
        kind = "Training" if found is not None and found.part_name == "train" else "Validation"
        return f"{kind} image {one.excited.image + 1:,}"

    def _class_of(self, one: Shown) -> str:
        found = self._found
        if found is None:
            return ""
        label = int(found.part.labels[one.excited.image])
        return found.data.classes[label] if label < len(found.data.classes) else str(label)

    @Slot()
    def _fit(self) -> None:
        """Make the pictures' room one row high, or two where one is too narrow."""
        rows = min(2, -(-max(1, len(self.shown)) // self.pictures.columns))
        height = rows * self.pictures.cell_height
        if self.pictures.minimumHeight() != height:
            self.pictures.setFixedHeight(height)

    @Slot()
    def _busy_changed(self) -> None:
        is_busy = self._search.is_busy
        self.work_line.setVisible(is_busy)
        self.find_button.setEnabled(not is_busy and self._layer_id is not None)

    @Slot(QModelIndex)
    def open_image(self, index: QModelIndex) -> None:
        """Look at one of the images."""
        found = self._found
        if found is None or not 0 <= index.row() < len(self.shown):
            return
        one = self.shown[index.row()]
        pixels: np.ndarray = found.part.images[one.excited.image].copy()
        self._state.show_pixels(f"{self._title(one)}, {self._class_of(one)}", pixels)

    def close_work(self) -> None:
        """End what goes on."""
        self._search.drop()
        self._boxes.drop()
