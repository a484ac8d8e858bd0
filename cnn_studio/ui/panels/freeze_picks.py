"""The row of quick picks above the freeze tree: each gives one edit, and its tool tip says when it is of use."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QSpinBox, QWidget

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.commands import Macro
from cnn_studio.graph.cutting import find_classifier
from cnn_studio.graph.freeze_tree import FreezeFacts
from cnn_studio.graph.freezing import (
    all_but_head,
    batch_norms_too,
    by_stage,
    first_n,
    keep_all_statistics,
    nothing_frozen,
    stages,
)
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.flow_layout import FlowLayout

_ALL_BUT_HEAD = (
    "Only the last layer with weights learns. Of all picks this trains fastest and needs the fewest images: the first "
    "thing to try when your images look like those the network was trained on"
)
_NOTHING = (
    "Everything learns. Needs the most images and a small rate (about a tenth of usual): trained weights are lost "
    "in large steps"
)
_STAGE = (
    "Freeze all stages before one of them. A middle way: the late stages, which are made for the old classes, learn "
    "the new ones, and the early ones, which serve for most images, stay"
)
_FIRST = "Freeze so many convolutions and fully connected layers from the image on; norms go with the layer they follow"
_NORMS = (
    "What batch norms do. With small batches, or few images, statistics measured anew are noisy: keep those of the many "
    "images that the network was trained on"
)


class FreezePicks(QWidget):
    """Buttons and menus that make one edit each of a network's present state.

    Attributes:
        picked: with the command, after a click.
        refused: with a sentence, where a pick does not go here.
        count: how many layers *First layers* freezes.
        stage_menu: the stages to begin training at.
    """

    picked = Signal(object)
    refused = Signal(str)

    def __init__(self, report: Callable[[], ShapeReport], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._report = report
        self._head: tuple[int, ...] = ()
        flow = FlowLayout(self, theme.px(theme.current().space.s))
        self.head = self._button("All but the head", _ALL_BUT_HEAD, self._all_but_head)
        theme.bind_icon(self.head, "snowflake", "accent")
        self.nothing = self._button("Nothing frozen", _NOTHING, nothing_frozen)
        self.stage_menu = QMenu(self)
        self.stage_menu.aboutToShow.connect(self._list_stages)
        self.stages = self._menu_button("All before a stage", _STAGE, self.stage_menu)
        self.norm_menu = QMenu(self)
        self._fill_norms()
        self.norms = self._menu_button("Batch norm", _NORMS, self.norm_menu)
        for widget in (self.head, self.nothing, self.stages, self._make_first(), self.norms):
            flow.addWidget(widget)

    def _button(self, text: str, tip: str, pick: Callable[[ShapeReport], Macro]) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(partial(self._pick, pick))
        return button

    def _menu_button(self, text: str, tip: str, menu: QMenu) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.setMenu(menu)
        menu.setToolTipsVisible(True)
        return button

    def _make_first(self) -> QWidget:
        row = QWidget()
        layout = QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(4))
        self.first = self._button("First layers", _FIRST, self._first)
        self.count = QSpinBox()
        self.count.setRange(1, 1)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.count.setAccessibleName("Number of layers to freeze")
        self.count.setToolTip(_FIRST)
        self.count.setFixedSize(theme.px(64), self.first.sizeHint().height())
        layout.addWidget(self.first)
        layout.addWidget(self.count)
        return row

    def _fill_norms(self) -> None:
        for text, tip, pick in (
            ("Freeze all batch norms", "Their factors and offsets stay too", batch_norms_too),
            (
                "Keep all statistics",
                "Factors and offsets learn where they are not frozen; mean and variance stay",
                keep_all_statistics,
            ),
            (
                "Adapt statistics where trained",
                "Mean and variance follow the new images in layers that train, as in training from the start",
                partial(keep_all_statistics, keep=False),
            ),
        ):
            action = self.norm_menu.addAction(text)
            action.setToolTip(tip)
            action.triggered.connect(partial(self._pick, pick))

    @Slot()
    def _list_stages(self) -> None:
        self.stage_menu.clear()
        report = self._report()
        for number, stage in enumerate(stages(report)[1:], 1):
            action = self.stage_menu.addAction(stage.path)
            count = f"{number} stage{'s' if number > 1 else ''}"
            action.setToolTip(f"{stage.path} and all behind it train; the {count} before it are frozen")
            action.triggered.connect(partial(self._pick, partial(by_stage, path=stage.path)))

    # -------------------------------------------------------------------------------------------------------- picking

    def set_head(self, ids: Collection[int]) -> None:
        """Say which layers are the head; the classifier where none are given."""
        self._head = tuple(ids)

    def refresh(self) -> None:
        """Offer what the network as it is now has."""
        report = self._report()
        facts = FreezeFacts(report)
        self.count.setMaximum(max(1, len(facts.counted)))
        try:
            head = [report.document.layer(i).path for i in self._known_head()] or [
                report.document.layer(find_classifier(report)).path
            ]
        except GraphError as error:
            self.head.setEnabled(False)
            self.head.setToolTip(str(error))
        else:
            self.head.setEnabled(True)
            self.head.setToolTip(f"{_ALL_BUT_HEAD}. The head here: {', '.join(head)}")
        self.stages.setEnabled(len(stages(report)) > 1)
        types = {report.document.layer(i).type for i in facts.layers}
        self.norms.setVisible("batch_norm" in types)
        self.nothing.setEnabled(bool(facts.layers))
        self.first.setEnabled(bool(facts.counted))

    def _known_head(self) -> tuple[int, ...]:
        layers = self._report().document.layers
        return tuple(layer_id for layer_id in self._head if layer_id in layers)

    def _all_but_head(self, report: ShapeReport) -> Macro:
        return all_but_head(report, self._known_head())

    def _first(self, report: ShapeReport) -> Macro:
        return first_n(report, self.count.value())

    def _pick(self, pick: Callable[[ShapeReport], Macro], _checked: bool = False) -> None:
        try:
            self.picked.emit(pick(self._report()))
        except GraphError as error:
            self.refused.emit(str(error))
