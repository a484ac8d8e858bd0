"""The picture of a map of codes: its points, what is under the mouse, keys, and its export."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QFocusEvent, QKeyEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QStackedLayout, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.plots.header import Part, PlotHeader, paint_header
from cnn_studio.ui.plots.plot_menu import PlotMenu
from cnn_studio.ui.widgets.hint import hint_label
from cnn_studio.ui.wizard.code_neighbours import thumbnail
from cnn_studio.ui.wizard.map_tip import MapTip

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.app.exploring import CodeMap, Exploration, Neighbour
    from cnn_studio.ui.wizard.code_scatter import CodeScatter, Points

_EMPTY = "Compute the map to see the images as the network sees them: similar ones close together"
_THUMBNAIL = 96
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class MapCanvas(QWidget):
    """Points that can be hovered, clicked and walked along with the arrow keys.

    Attributes:
        clicked: emitted with the number of the image that was chosen, -1 for none.
        message: what was copied or written, or why not.
    """

    clicked = Signal(int)
    message = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._surface: CodeScatter | None = None
        self._exploration: Exploration | None = None
        self._map: CodeMap | None = None
        self._points: Points | None = None
        self._predictions: np.ndarray | None = None
        self._parts: tuple[Part, ...] = ()
        self._chosen = -1
        self.header = PlotHeader(self.title, self)
        self.menu = PlotMenu(self, self)
        self.menu.message.connect(self.message)
        self.menu.add_entry("Show all", self.show_all)
        self._empty = hint_label(_EMPTY)
        self._stack = QStackedLayout()
        self._stack.addWidget(self._empty)
        top = QHBoxLayout()
        top.setSpacing(theme.px(theme.current().space.xs))
        top.addWidget(self.header, 1)
        top.addWidget(self.menu)
        layout = QVBoxLayout(self)
        # room for the ring that says where the keys go
        layout.setContentsMargins(*(theme.px(theme.current().space.ring),) * 4)
        layout.setSpacing(theme.px(2))
        layout.addLayout(top)
        layout.addLayout(self._stack, 1)
        self.tip = MapTip(self)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(theme.px(240), theme.px(200))
        self._describe()
        theme.manager().changed.connect(self._restyle)

    @property
    def title(self) -> str:
        """What the plot shows."""
        return "Map of the codes"

    @property
    def surface(self) -> CodeScatter:
        """The drawing surface; pyqtgraph is loaded for it."""
        if self._surface is None:
            from cnn_studio.ui.wizard.code_scatter import CodeScatter

            self._surface = CodeScatter(self._hovered, self._point_clicked)
            self._stack.addWidget(self._surface.widget)
        return self._surface

    # --------------------------------------------------------------------------------------------------------- content

    def show_hint(self, text: str = "") -> None:
        """Show a sentence in place of a map; the usual one if it is empty."""
        self._exploration = self._map = self._points = self._predictions = None
        self._chosen = -1
        self._empty.setText(text or _EMPTY)
        self._stack.setCurrentWidget(self._empty)
        self._parts = ()
        self.header.set_parts(())
        self.tip.hide()
        self._describe()

    def show_map(
        self, exploration: Exploration, found: CodeMap, points: Points, predictions: np.ndarray | None
    ) -> None:
        """Draw a map; another one than before is shown in full."""
        is_new = found is not self._map
        self._exploration, self._map, self._points = exploration, found, points
        self._predictions = predictions
        self._stack.setCurrentWidget(self.surface.widget)
        self.surface.show(points)
        if is_new:
            self.show_all()
        shown = int(points.shown.sum())
        parts = [Part(f"{shown:,} images of {len(exploration.classes):,} classes")]
        if predictions is not None:
            parts.append(Part(f"✗ {int((points.is_wrong & points.shown).sum()):,} classified wrongly"))
        self._parts = tuple(parts)
        self.header.set_parts(self._parts)
        self._describe()

    def choose(self, at: int, near: Sequence[Neighbour] = ()) -> None:
        """Ring an image and those near it, as far as they are on the map; -1 rings none."""
        if self._map is None or self._surface is None:
            return
        import numpy as np

        self._chosen = at
        point = self._point_of(at)
        same, other = (
            np.array(
                [p for one in near if one.is_same == wanted and (p := self._point_of(one.at)) >= 0],
                dtype=np.int64,
            )
            for wanted in (True, False)
        )
        self._surface.choose(point, same, other)
        self._describe()

    def _point_of(self, at: int) -> int:
        """Return which point an image is; -1 if it is not on the map."""
        if self._map is None or at < 0:
            return -1
        place = int(self._map.rows.searchsorted(at))
        return place if place < len(self._map.rows) and int(self._map.rows[place]) == at else -1

    def words_of(self, at: int) -> str:
        """Return what there is to say of an image."""
        exploration = self._exploration
        if exploration is None:
            return ""
        words = f"{exploration.class_of(at)}\n{exploration.name_of(at)}"
        if self._predictions is not None and self._predictions[at] != exploration.labels[at]:
            words += f"\n✗ classified as {exploration.classes[int(self._predictions[at])]}"
        return words

    def _describe(self) -> None:
        self.setAccessibleName(f"{self.title}. {self.header.text}" if self._map is not None else self.title)
        words = self.words_of(self._chosen).replace("\n", ", ") if self._chosen >= 0 else "no image is chosen"
        self.setAccessibleDescription(f"{words}. Arrow keys walk from image to image.")

    @Slot()
    def show_all(self) -> None:
        """Show all points (a double click on the map does it too)."""
        if self._surface is not None:
            self._surface.show_all()

    def _restyle(self) -> None:
        self.header.update()
        if self._surface is not None:
            self._surface.restyle()
        self.update()

    # ---------------------------------------------------------------------------------------------------- mouse and keys

    def _hovered(self, point: int, place: QPointF) -> None:
        if self._map is None or self._exploration is None or point < 0:
            self.tip.hide()
            return
        at = int(self._map.rows[point])
        picture = thumbnail(self._exploration.image(at), theme.px(_THUMBNAIL))
        here = QPointF(self.surface.widget.mapTo(self, place.toPoint()))
        self.tip.show_at(here, picture, self.words_of(at))

    def _point_clicked(self, point: int) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        self.clicked.emit(int(self._map.rows[point]) if self._map is not None and point >= 0 else -1)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        step = _STEPS.get(Qt.Key(event.key()))
        if self._points is None or self._map is None:
            super().keyPressEvent(event)
        elif step is not None:
            point = self._next(step)
            if point >= 0:
                self.clicked.emit(int(self._map.rows[point]))
        elif event.key() == Qt.Key.Key_Escape and self._chosen >= 0:
            self.clicked.emit(-1)
        else:
            super().keyPressEvent(event)

    def _next(self, step: tuple[int, int]) -> int:
        """Return the point nearest to the chosen one in a direction; the first one where none is chosen."""
        import numpy as np

        points = self._points
        if points is None or not points.shown.any():
            return -1
        now = self._point_of(self._chosen)
        if now < 0:
            return int(points.shown.argmax())
        away = points.places - points.places[now]
        ahead, aside = (away * step).sum(axis=1), np.abs((away * (step[1], step[0])).sum(axis=1))
        cost = np.where(points.shown & (ahead > 0), ahead + 2 * aside, np.inf)
        at = int(cost.argmin())
        return at if np.isfinite(cost[at]) else -1

    @override
    def leaveEvent(self, event: QEvent) -> None:
        self.tip.hide()
        super().leaveEvent(event)

    @override
    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    @override
    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    @override
    def paintEvent(self, event: QEvent) -> None:
        if self.hasFocus():
            painter = QPainter(self)
            width = theme.px(theme.current().space.ring)
            painter.setPen(theme.qcolor("accent"))
            painter.drawRect(QRectF(self.rect()).adjusted(width / 2, width / 2, -width / 2, -width / 2))
            painter.end()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.menu.popup(event.globalPos())

    # ---------------------------------------------------------------------------------------------------------- export

    def figure_size(self) -> QSize:
        """Return how large the plot's picture is."""
        return QSize(820, 620)

    def paint_figure(self, painter: QPainter, area: QRectF) -> None:
        """Paint what is seen now into a picture, with the names of the classes, in the colours of now."""
        from cnn_studio.ui.wizard.code_scatter import CodeScatter, class_color

        line = float(self.header.sizeHint().height())
        paint_header(painter, self.title, self._parts, QRectF(area.left(), area.top(), area.width(), line))
        names = self._exploration.classes if self._exploration is not None else ()
        legend = tuple(Part(name, class_color(at).name(), is_round=True) for at, name in enumerate(names))
        paint_header(painter, "", legend, QRectF(area.left(), area.top() + line, area.width(), line))
        if self._surface is None or self._points is None:
            return
        below = area.adjusted(0, 2 * line + theme.px(6), 0, 0)
        copy = CodeScatter(pen_scale=painter.device().devicePixelRatio())
        copy.widget.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        copy.widget.resize(round(below.width()), round(below.height()))
        copy.widget.show()
        copy.show_like(self._surface)
        copy.render(painter, below)
        copy.widget.close()
        copy.widget.deleteLater()

    def csv_writer(self) -> Callable[[], str]:
        """Return what makes the places as CSV, one line per image."""
        exploration, found, predictions = self._exploration, self._map, self._predictions

        def make() -> str:
            out = io.StringIO()
            writer = csv.writer(out, lineterminator="\n")
            writer.writerow(["image", "class", "predicted", "x", "y"])
            if exploration is not None and found is not None:
                for at, (x, y) in zip(found.rows.tolist(), found.places.tolist(), strict=True):
                    said = "" if predictions is None else exploration.classes[int(predictions[at])]
                    row = (exploration.name_of(at), exploration.class_of(at), said, f"{x:.6g}", f"{y:.6g}")
                    writer.writerow(row)
            return out.getvalue()

        return make
