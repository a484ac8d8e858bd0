"""Shows a layer of a network in the view that writes its cells out."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from PySide6.QtWidgets import QLabel

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui.insight.cell_view import WrittenCell
from cnn_studio.ui.insight.state import InsightState
from tests.helpers.networks import chain
from tests.helpers.ui import events

Show = Callable[..., WrittenCell]


def showing(qtbot) -> Iterator[Show]:
    """Yield a function that shows a layer, and perhaps a cell of it; end what it began."""
    states = []

    def show(document: NetworkDocument, path: str, cell=None, size=(760, 900)) -> WrittenCell:
        state = InsightState(lambda: Project(document), JobList())
        states.append(state)
        look_at_noise(state, document, qtbot)
        view = WrittenCell(state)
        qtbot.addWidget(view)
        view.resize(*size)
        view.show()
        state.choose_layer(document.paths[path])
        state.choose_cell(cell)
        settle(view, qtbot)
        return view

    yield show
    for state in states:
        state.close()


def look_at_noise(state: InsightState, document: NetworkDocument, qtbot, seed: int = 0) -> None:
    params = document.layer_at("input").params
    shape = [params[axis] for axis in ("channels", "height", "width")]
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    with qtbot.waitSignal(state.looked, timeout=20_000):
        state.show_pixels("noise", pixels)


def settle(view: WrittenCell, qtbot) -> None:
    """Wait until the cell that was asked for is written out."""
    qtbot.waitUntil(lambda: not view.asking.is_waiting, timeout=20_000)
    events()


def lenet() -> NetworkDocument:
    return find_starter("lenet5").build()


def small(**params: object) -> NetworkDocument:
    """A convolution of few positions on an image of 9 × 8."""
    return chain((2, 9, 8), ("conv", "conv2d", {"out_channels": 3, **params}), ("flat", "flatten", {}))


def chips(view: WrittenCell) -> list[str]:
    """What is said of the window."""
    return [label.text() for label in view.chips.findChildren(QLabel)]
