"""Moving the canvas by itself while something is dragged to the edge of the view."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QElapsedTimer, QObject, QPoint, QTimer, Slot

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.view import CanvasView

_ZONE = 28  # this close to the edge, in pixels at 100 %
_DELAY_MS = 220  # a drag from the palette only passes the edge
_TICK_MS = 16
_SLOW, _FAST = 3.0, 22.0  # pixels per tick at the zone's inner side, and far outside


class EdgeScroller(QObject):
    """Scrolls one canvas, the faster the nearer to the edge, or farther beyond it, the mouse is."""

    def __init__(self, view: CanvasView) -> None:
        super().__init__(view)
        self._view = view
        self._at = QPoint()
        self._follow: Callable[[QPoint], object] | None = None
        self._since = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)

    @property
    def is_running(self) -> bool:
        """Whether the mouse is at the edge with something."""
        return self._timer.isActive()

    def follow(self, at: QPoint, follow: Callable[[QPoint], object]) -> None:
        """Note where the mouse is in the viewport; `follow` is called with it after each step of scrolling."""
        self._at, self._follow = at, follow
        if self._speed().isNull():
            self._timer.stop()
        elif not self._timer.isActive():
            self._since.start()
            self._timer.start()

    def stop(self) -> None:
        """Scroll no more."""
        self._timer.stop()
        self._follow = None

    def _speed(self) -> QPoint:
        """Return how far the canvas moves in one step."""
        size, zone = self._view.viewport().size(), theme.px(_ZONE)

        def along(at: int, length: int) -> int:
            low, high = zone - at, at - (length - zone)
            depth = max(low, high)
            if depth <= 0 or length <= 3 * zone:
                return 0
            step = min(_FAST, _SLOW + (_FAST - _SLOW) * depth / (2 * zone))
            return round(step if low > high else -step)

        return QPoint(along(self._at.x(), size.width()), along(self._at.y(), size.height()))

    @Slot()
    def _tick(self) -> None:
        if self._follow is None or self._speed().isNull():
            self._timer.stop()
        elif self._since.elapsed() >= _DELAY_MS:
            self._view.pan(self._speed())
            self._follow(self._at)
