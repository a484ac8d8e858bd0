"""What floats in the lower right corner of the canvas: the zoom, and the map of a network larger than the view."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton

from cnn_studio.ui import theme
from cnn_studio.ui.canvas.minimap import Minimap

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_GAP = 12
_ZOOMS = (2.0, 1.5, 0.75, 0.5, 0.25)


class Corner(QObject):
    """The map and the zoom of one canvas.

    Attributes:
        minimap: the map; shown while the network is larger than the view.
        chip: says the zoom, and offers others.
    """

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._shows_map = True
        self.minimap = Minimap(view)
        self.chip = QToolButton(view)
        self.chip.setToolTip("Zoom: the wheel zooms at the mouse")
        self.chip.setAccessibleName("Zoom")
        self.chip.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        theme.set_role(self.chip, "chip")
        self.chip.setMenu(self._menu())
        self._text = ""
        view.moved.connect(self.follow)
        view.network.updated.connect(self._network_changed)
        view.network.reset.connect(self._network_changed)
        theme.manager().changed.connect(self._network_changed)
        self.follow()

    def _menu(self) -> QMenu:
        menu, view = QMenu(self.chip), self._view
        for text, call in (
            ("Fit\tCtrl+0", view.fit),
            ("Selection\tCtrl+9", view.zoom_to_selection),
            ("100 %\tCtrl+8", view.actual_size),
        ):
            menu.addAction(text).triggered.connect(call)
        menu.addSeparator()
        for zoom in _ZOOMS:
            action: QAction = menu.addAction(f"{zoom:.0%}".replace("%", " %"))
            action.triggered.connect(partial(self._zoom_to, zoom))
        return menu

    def _zoom_to(self, zoom: float, _checked: bool = False) -> None:
        self._view.set_zoom(zoom)

    @property
    def shows_map(self) -> bool:
        """Whether the map is wanted at all."""
        return self._shows_map

    def set_map_shown(self, is_shown: bool) -> None:
        """Show the map whenever the network is larger than the view, or never."""
        self._shows_map = is_shown
        self.follow()

    @Slot()
    def _network_changed(self) -> None:
        self.minimap.forget()
        self.follow()

    @Slot()
    def follow(self) -> None:
        """Say the zoom as it is now; show the map if there is more than is seen, and where."""
        view = self._view
        text = f"{round(100 * view.zoom)} %"
        if text != self._text:
            self._text = text
            self.chip.setText(text)
            self.chip.adjustSize()
        is_wanted = self._shows_map and self._is_larger() and self.minimap.follow()
        if is_wanted != self.minimap.isVisibleTo(view):
            self.minimap.setVisible(is_wanted)
        gap, area = theme.px(_GAP), view.viewport().geometry()
        right, bottom = area.right() + 1 - gap, area.bottom() + 1 - gap
        self.chip.move(right - self.chip.width(), bottom - self.chip.height())
        if is_wanted:
            top = bottom - self.chip.height() - theme.px(6) - self.minimap.height()
            self.minimap.move(right - self.minimap.width(), top)
            self.minimap.update()

    def _is_larger(self) -> bool:
        """Return whether some of the network is out of sight, and the view is large enough for a map."""
        box, seen = self._view.content_box(), self._view.seen()
        if box is None or min(self._view.width(), self._view.height()) < theme.px(320):
            return False
        return not (
            seen.left <= box.left
            and seen.top <= box.top
            and box.right <= seen.right
            and box.bottom <= seen.bottom
        )
