"""When a panel brings itself up to date: only while it can be seen, and not with every single edit."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer, Slot
from PySide6.QtWidgets import QWidget
from typing_extensions import override


class LazyRefresh(QObject):
    """Calls a panel's refresh after edits, at most once per interval, and when the panel is shown again."""

    def __init__(self, panel: QWidget, refresh: Callable[[], None], interval_ms: int) -> None:
        super().__init__(panel)
        self._panel = panel
        self._refresh = refresh
        self._is_stale = True
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(interval_ms)
        self._timer.timeout.connect(self.now)
        panel.installEventFilter(self)

    def request(self) -> None:
        """Note that something changed."""
        self._is_stale = True
        if self._panel.isVisible() and not self._timer.isActive():
            self._timer.start()

    @Slot()
    def now(self) -> None:
        """Bring the panel up to date at once if it is not and can be seen."""
        self._timer.stop()
        if self._is_stale and self._panel.isVisible():
            self._is_stale = False
            self._refresh()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show:
            self.now()
        elif event.type() == QEvent.Type.Hide:
            self._timer.stop()
        return False
