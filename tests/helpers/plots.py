"""Live plots for tests, and whether a colour of the theme is seen in a picture."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QColor
from pytestqt.qtbot import QtBot

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.live_plot import LOSS, LivePlot
from cnn_studio.ui.plots.spec import PlotSpec
from tests.helpers.ui import events


def make_plot(
    qtbot: QtBot, spec: PlotSpec = LOSS, size: tuple[int, int] = (500, 220)
) -> tuple[LivePlot, RepaintClock]:
    """Return a shown plot of some width and height in pixels, empty, and the clock it alone uses."""
    clock = RepaintClock()
    plot = LivePlot(spec, clock)
    clock.setParent(plot)
    qtbot.addWidget(plot)
    plot.resize(*size)
    plot.show()
    events()
    return plot, clock


def has_color(pixels: np.ndarray, name: str, least: int = 4) -> bool:
    """Tell whether at least `least` pixels [H, W, 4] have about the theme's colour of that name."""
    color = QColor(theme.current().color(name))
    near = np.abs(pixels[..., :3].astype(int) - [color.red(), color.green(), color.blue()]).sum(axis=2) < 30
    return int(near.sum()) >= least
