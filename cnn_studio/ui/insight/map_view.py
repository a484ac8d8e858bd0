"""The chosen layer in full: its maps sorted by strength, their numbers, and a histogram of all values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QSlider, QStackedWidget, QVBoxLayout, QWidget

from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.insight.histogram import Histogram
from cnn_studio.ui.insight.map_grid import MapGrid
from cnn_studio.ui.insight.map_model import MapModel
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.insight.vector_bars import VectorBars

if TYPE_CHECKING:
    from cnn_studio.insight.layer_look import LayerLook

_SIDES = (40, 320)


class MapView(QWidget):
    """Maps as a grid, vectors as bars; a click on either chooses a cell."""

    def __init__(self, state: InsightState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.model = MapModel(self)
        self.grid = MapGrid(self.model)
        self.bars = VectorBars()
        self.histogram = Histogram()
        self.facts = QLabel()
        self.sorts = QCheckBox("Strongest first")
        self.common = QCheckBox("One scale")
        self.zoom = QSlider(Qt.Orientation.Horizontal)
        self._stack = QStackedWidget()
        self._build()
        self.sorts.toggled.connect(self.model.set_sorted)
        self.common.toggled.connect(lambda is_on: self.model.set_scale("layer" if is_on else "map"))
        self.zoom.valueChanged.connect(self.grid.set_side)
        self.grid.cell_chosen.connect(state.choose_cell)
        self.bars.element_chosen.connect(lambda element: state.choose_cell((element,)))
        state.layer_changed.connect(self.show_layer)
        state.cell_changed.connect(self._mark)

    def _build(self) -> None:
        space = theme.current().space
        theme.set_role(self.facts, "muted")
        self.facts.setWordWrap(True)
        self.facts.setTextFormat(Qt.TextFormat.PlainText)
        self.sorts.setChecked(True)
        self.sorts.setToolTip(
            "Maps with the largest mean absolute value first; off: in the order of the filters"
        )
        self.common.setToolTip(
            "Black and white are the smallest and largest value of the whole layer, so that maps can be compared. "
            "Off: those of each map, so that faint ones are seen."
        )
        self.zoom.setRange(*_SIDES)
        self.zoom.setValue(self.grid.side)
        self.zoom.setAccessibleName("Size of the maps")
        self.zoom.setToolTip("Size of the maps")
        self.zoom.setMaximumWidth(theme.px(140))
        self._stack.addWidget(self.grid)
        self._stack.addWidget(self.bars)
        head = QHBoxLayout()
        head.addWidget(self.facts, 1)
        head.addWidget(self.histogram)
        tools = QHBoxLayout()
        tools.setSpacing(theme.px(space.m))
        for widget in (self.sorts, self.common):
            tools.addWidget(widget)
        tools.addStretch(1)
        tools.addWidget(self.zoom)
        self._tools = QWidget()
        tools.setContentsMargins(0, 0, 0, 0)
        self._tools.setLayout(tools)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(head)
        layout.addWidget(self._tools)
        layout.addWidget(self._stack, 1)

    @property
    def layer(self) -> LayerLook | None:
        """What is shown."""
        look, chosen = self._state.look, self._state.layer
        return look.layers.get(chosen) if look is not None and chosen is not None else None

    @Slot()
    def show_layer(self) -> None:
        """Show the chosen layer."""
        layer, look = self.layer, self._state.look
        has_maps = layer is not None and layer.has_maps
        self.model.show_layer(layer)
        self._tools.setVisible(has_maps)
        self._stack.setCurrentWidget(self.grid if has_maps else self.bars)
        self.histogram.show_values(layer)
        if layer is None or look is None:
            self.facts.setText("")
            self.bars.show_vector(None, ())
            return
        self.facts.setText(facts_text(layer))
        is_output = layer.layer_id in (look.network.output, look.network.scored)
        names = tuple(look.network.class_name(at) for at in range(len(layer))) if is_output else ()
        self.bars.show_vector(None if has_maps else layer, names)
        self._mark()

    @Slot()
    def _mark(self) -> None:
        self.grid.mark(self._state.cell)
        self.bars.mark(
            self._state.cell[0] if self._state.cell is not None and len(self._state.cell) == 1 else None
        )


def facts_text(layer: LayerLook) -> str:
    """Return what is to know of a layer's values in a sentence."""
    shape = shape_text(layer.shape)
    numbers = f"from {layer.minimum:.3g} to {layer.maximum:.3g}, mean {layer.mean:.3g}"
    odd = f" · {layer.num_not_finite:,} values are no numbers" if layer.num_not_finite else ""
    if not layer.has_maps:
        what = f"{len(layer):,} numbers" if layer.layout == "vector" else shape
        return f"{what}, {numbers}{odd}"
    dead = len(layer.dead)
    gone = f" · {dead:,} of {len(layer):,} maps are dead: 0 everywhere for this image" if dead else ""
    return f"{shape} · {numbers}{gone}{odd}"
