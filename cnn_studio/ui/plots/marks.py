"""Moments of a run in its curves: upright lines with a word each. Import late: this needs pyqtgraph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PySide6.QtCore import Qt

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.ui.plots.drawing import Mark

_MOST = 12


class Marks:
    """The upright lines of one plot; the words stand at the top, where a curve of a loss seldom is."""

    def __init__(self, item: Any, box: Any) -> None:
        self._item, self._box = item, box
        self._pairs: list[tuple[Any, Any]] = []

    def show(self, marks: Sequence[Mark]) -> None:
        """Show the last of these marks."""
        marks = marks[-_MOST:]
        while len(self._pairs) < len(marks):
            pair = pg.InfiniteLine(angle=90, movable=False), pg.TextItem(anchor=(0, 0))
            for part in pair:
                part.setZValue(1)
                self._item.addItem(part, ignoreBounds=True)
            self._pairs.append(pair)
        (x0, x1), (_, top) = self._box.viewRange()
        font = theme.ui_font(theme.current().type.caption, theme.current().type.medium)
        for at, (line, text) in enumerate(self._pairs):
            is_shown = at < len(marks) and x0 <= marks[at].x <= x1
            line.setVisible(is_shown)
            text.setVisible(is_shown)
            if is_shown:
                mark = marks[at]
                line.setPen(pg.mkPen(theme.qcolor(mark.token), width=1, style=Qt.PenStyle.DotLine))
                line.setPos(mark.x)
                text.setFont(font)
                text.setText(mark.text)
                text.setColor(theme.qcolor(mark.token))
                text.setAnchor((1, 0) if mark.x > x0 + 0.6 * (x1 - x0) else (0, 0))
                text.setPos(mark.x, top)
