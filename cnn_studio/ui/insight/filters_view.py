"""The filters of a layer as pictures, before training and now, and the images that excite one of them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import QModelIndex, QSize, Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.app.project import Project
from cnn_studio.ui import theme
from cnn_studio.ui.insight.exciting_view import ExcitingView
from cnn_studio.ui.insight.heat_picture import image_of
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.tiles import Tile, TileView
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.widgets.elided import ElidedLabel
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.widgets.segments import segment_button
from cnn_studio.ui.widgets.slots import without_argument

if TYPE_CHECKING:
    from cnn_studio.datasets.records import ImageData
    from cnn_studio.insight.filters import FilterPictures
    from cnn_studio.insight.maps import LookInside
    from cnn_studio.ui.insight.filter_work import LayerFilters

_WAIT_MS = 40
_SIDE, _LARGE_SIDE, _STRIP_SIDE = 40, 72, 28
_FEW = 16
_NO_IMAGE = "Open an image to see the filters of the network."
_NO_FILTERS = "No layer of this network has filters to show: none is a convolution or reads flattened maps."
_ABOUT_COLOURS = "Grey is 0. The first filters of a trained network look for edges and blobs of colour; those of a random start for nothing."
_ABOUT_GREY = "Grey is 0, white the largest weight, black the same below 0."
_ABOUT_STRIPS = (
    "Each row is one filter with a picture for each map that it reads. Grey is 0, white the largest weight."
)
_SCALES: tuple[tuple[Literal["common", "each"], str, str], ...] = (
    (
        "common",
        "One scale",
        "The largest weight of all filters is white, so that their strength can be compared",
    ),
    ("each", "Each its own", "The largest weight of each filter is white, so that weak ones can be seen"),
)


class FiltersView(QWidget):
    """The filters of the chosen layer, or of the first that has some.

    Args:
        state: what all pages share.
        start: gives what training began with: weights if it did not begin with random ones, and the seed; None where
            that is not known.
        data: gives the data set to search for images, or None if there is none in memory.

    Attributes:
        filters: what is shown; None before it is known or where there is none.
    """

    def __init__(
        self,
        state: InsightState,
        start: Callable[[], Project | None] | None = None,
        data: Callable[[], ImageData | None] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._state, self._start = state, start
        self.filters: LayerFilters | None = None
        self._asked: tuple[LookInside, int | None] | None = None
        self._before: FilterPictures | None = None
        self._now: FilterPictures | None = None
        self._first_input = 0
        self._line = state.line(self)
        self.exciting = ExcitingView(state, data or (lambda: None))
        self._build()
        self._line.told.connect(self._take)
        state.looked.connect(self._request)
        state.layer_changed.connect(self._request)
        state.cell_changed.connect(self._follow_cell)
        state.failed.connect(self.hint.setText)
        self._lazy = LazyRefresh(self, self._refresh, _WAIT_MS)
        self._show_filters(None, _NO_IMAGE)

    def _build(self) -> None:
        space = theme.current().space
        self.title, self.note, self.sentence = ElidedLabel(), QLabel(), QLabel()
        for label, role in ((self.title, "strong"), (self.note, "small"), (self.sentence, "")):
            theme.set_role(label, role)
            label.setTextFormat(Qt.TextFormat.PlainText)
        for label in (self.note, self.sentence):
            label.setWordWrap(True)
        self.before_title, now_title = QLabel(), QLabel("Now")
        self.before_view, self.now_view = (
            TileView("Filters before training", _SIDE),
            TileView("Filters now", _SIDE),
        )
        pair = QHBoxLayout()
        pair.setSpacing(theme.px(space.m))
        self._before_side = _column(self.before_title, self.before_view)
        pair.addWidget(self._before_side, 1)
        pair.addWidget(_column(now_title, self.now_view), 1)
        for view, other in ((self.before_view, self.now_view), (self.now_view, self.before_view)):
            bar, follower = view.verticalScrollBar(), other.verticalScrollBar()
            bar.valueChanged.connect(follower.setValue)
            follower.rangeChanged.connect(
                _follows(follower, bar)
            )  # one that had no room yet could not follow
            view.selectionModel().currentChanged.connect(self._chosen)
        self.now_view.resized.connect(self._lay_out)
        self.hint = hint_label(_NO_IMAGE)
        self.body = QWidget()
        body = QVBoxLayout(self.body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(theme.px(space.s))
        body.addLayout(self._head())
        body.addWidget(self.note)
        body.addLayout(pair, 1)
        body.addWidget(self.sentence)
        body.addWidget(self.exciting)
        self.exciting.map_changed.connect(self._show_map)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.body, 1)
        layout.addWidget(self.hint, 1)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(theme.px(2))
        row.addWidget(self.title, 1)
        self.inputs = QLabel()
        self.fewer, self.more = QToolButton(), QToolButton()
        steps = (
            (self.fewer, "chevron-left", "Inputs before these", -1),
            (self.more, "chevron-right", "Next inputs", 1),
        )
        for button, icon, name, step in steps:
            theme.bind_icon(button, icon, "muted")
            button.setIconSize(QSize(theme.px(14), theme.px(14)))
            button.setToolTip(name)
            button.setAccessibleName(name)
            button.clicked.connect(without_argument(partial(self._step_inputs, step)))
        for widget in (self.fewer, self.inputs, self.more):
            row.addWidget(widget)
        row.addSpacing(theme.px(theme.current().space.m))
        self._scales = QButtonGroup(self)
        self.scale_buttons: dict[str, QPushButton] = {}
        for scale, name, help_ in _SCALES:
            choice = self.scale_buttons[scale] = segment_button(name, help_)
            self._scales.addButton(choice)
            row.addWidget(choice)
        self.scale_buttons["common"].setChecked(True)
        self._scales.buttonClicked.connect(self._draw)
        return row

    # ----------------------------------------------------------------------------------------------- what is asked for

    @Slot()
    def _request(self) -> None:
        self._lazy.request()

    def _refresh(self) -> None:
        look, layer_id = self._state.look, self._state.layer
        if look is None:
            self._line.drop()
            self._asked = None
            self._show_filters(None, self.hint.text() or _NO_IMAGE)
            return
        asked = look.network, layer_id
        if self._asked is not None and asked[0] is self._asked[0] and layer_id == self._asked[1]:
            return
        self._asked = asked
        network, start = look.network, self._start() if self._start is not None else None

        def work(job: Job) -> None:
            from cnn_studio.ui.insight.filter_work import find_filters

            job.report(find_filters(network, layer_id, start) or _NO_FILTERS)

        self._state.begin(self._line, "Reading the filters", work)

    @Slot(object)
    def _take(self, event: object) -> None:
        if isinstance(event, JobEnded):
            if event.status == "failed":
                self._show_filters(None, event.message)
        elif isinstance(event, str):
            self._show_filters(None, event)
        else:
            self._show_filters(event)  # type: ignore[arg-type]  # what else `work` reports

    @Slot()
    def _follow_cell(self) -> None:
        """Show the map whose cell was chosen in another page."""
        cell, filters = self._state.cell, self.filters
        if cell is not None and filters is not None and self._state.layer == filters.layer_id:
            self.exciting.choose_map(cell[0])

    # --------------------------------------------------------------------------------------------------- what is shown

    def _show_filters(self, filters: LayerFilters | None, hint: str = "") -> None:
        self.filters = filters
        self._first_input = 0
        self.body.setVisible(filters is not None)
        self.hint.setVisible(filters is None)
        if filters is None:
            self.hint.setText(hint)
            self.exciting.set_layer(None, None, 0)
            return
        self.title.setText(filters.title)
        about = _ABOUT_COLOURS if filters.is_colour else _ABOUT_STRIPS if filters.is_strip else _ABOUT_GREY
        wanted = self._state.layer
        if wanted is not None and wanted != filters.layer_id:
            path = filters.network.document.layer(wanted).path
            about = f"{path} has no filters; these are of the first layer that has some. {about}"
        self.note.setText(about)
        self._before_side.setVisible(filters.before is not None)
        self.before_title.setText(filters.since.partition(" ")[2].capitalize())
        side = _STRIP_SIDE if filters.is_strip else _LARGE_SIDE if len(filters.now) <= _FEW else _SIDE
        for view in (self.before_view, self.now_view):
            view.set_shape(side, "left" if filters.is_strip else "below")
        self.exciting.set_layer(filters.network, filters.layer_id, filters.total)
        self._draw()
        self._show_map(self.exciting.map_number)
        self._follow_cell()

    @Slot()
    def _draw(self) -> None:
        filters = self.filters
        if filters is None:
            return
        scale: Literal["common", "each"] = "common" if self.scale_buttons["common"].isChecked() else "each"
        self._before, self._now = filters.pictures(scale)
        self._lay_out()

    @Slot()
    def _lay_out(self) -> None:
        """Show the pictures that there is room for: of strips, some of the inputs."""
        filters = self.filters
        if filters is None:
            return
        channels, room = filters.now.shape[1], self.now_view.strip
        is_cut = filters.is_strip and channels > room
        for widget in (self.fewer, self.inputs, self.more):
            widget.setVisible(is_cut)
        self._first_input = max(0, min(self._first_input, channels - room)) if is_cut else 0
        last = min(channels, self._first_input + room)
        self.inputs.setText(f"inputs {self._first_input}–{last - 1} of {channels:,}")
        self.fewer.setEnabled(self._first_input > 0)
        self.more.setEnabled(last < channels)
        count = len(filters.now)
        self.before_view.tiles.set_tiles(count if self._before is not None else 0, self._before_tile)
        self.now_view.tiles.set_tiles(count, self._now_tile)

    def _step_inputs(self, step: int) -> None:
        self._first_input += step * self.now_view.strip
        self._lay_out()

    def _before_tile(self, row: int) -> Tile:
        return self._tile(self._before, row, str(row), f"Filter {row} before")

    def _now_tile(self, row: int) -> Tile:
        caption, says = str(row), f"Filter {row} now"
        filters = self.filters
        if filters is not None and row < len(filters.moved):
            moved = filters.distance(row)
            says += f", {moved} its length away from before"
            if not filters.is_strip:
                caption = f"{row} · {moved}"
        return self._tile(self._now, row, caption, says)

    def _tile(self, pictures: FilterPictures | None, row: int, caption: str, says: str) -> Tile:
        assert pictures is not None and self.filters is not None  # there are no tiles without
        found = pictures.pictures[row]
        limit = f"{says}; white is {pictures.limits[row]:.3g}"
        if pictures.is_colour:
            return Tile((image_of(found),), caption, limit)
        shown = found[self._first_input : self._first_input + self.now_view.strip]
        return Tile(tuple(image_of(one) for one in shown), caption, limit)

    @Slot(QModelIndex)
    def _chosen(self, index: QModelIndex) -> None:
        if index.isValid():
            self.exciting.choose_map(index.row())

    @Slot(int)
    def _show_map(self, number: int) -> None:
        filters = self.filters
        if filters is None:
            return
        for view in (self.before_view, self.now_view):
            index = view.tiles.index(number, 0)
            if index.isValid() and view.currentIndex() != index:
                view.setCurrentIndex(index)
        self.sentence.setText(filters.sentence(number))

    def close_work(self) -> None:
        """End what goes on."""
        self._line.drop()
        self.exciting.close_work()


def _column(title: QLabel, view: TileView) -> QWidget:
    holder = QWidget()
    layout = QVBoxLayout(holder)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(theme.px(2))
    theme.set_role(title, "muted")
    layout.addWidget(title)
    layout.addWidget(view, 1)
    return holder


def _follows(follower: QScrollBar, leader: QScrollBar) -> Callable[[int, int], None]:
    return lambda low, high: follower.setValue(leader.value())
