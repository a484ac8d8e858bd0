"""Draws attention to the end of a run that nobody watches: in the task bar, and in a message of the desktop."""

from __future__ import annotations

import math

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QApplication, QSystemTrayIcon, QWidget

from cnn_studio.app.preferences import Preferences
from cnn_studio.engine.events import Event, RunFinished
from cnn_studio.ui import theme
from cnn_studio.ui.panels.run_progress import percent_text
from cnn_studio.ui.training_controller import TrainingController

_SHOWN_MS = 10_000


def notice_text(name: str, end: RunFinished) -> tuple[str, str]:
    """Return title and sentence about the end of a run that went to its end or failed."""
    if end.status == "failed":
        return f"{name}: training failed", end.message or "The run failed."
    title = f"{name}: training is done"
    if end.val_accuracy is None or not math.isfinite(end.val_accuracy):
        return title, "No epoch could be validated."
    return title, f"Best validation accuracy {percent_text(end.val_accuracy)}, in epoch {end.epoch:,}"


class RunNotice(QObject):
    """Listens to the runs of a window.

    Attributes:
        tray: the icon that desktops want for a message; None before the first one and where there is no tray.
    """

    def __init__(self, training: TrainingController, preferences: Preferences, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self._name = ""
        self.tray: QSystemTrayIcon | None = None
        self._hide_timer = QTimer(self)
        self._hide_timer.setSingleShot(True)
        self._hide_timer.setInterval(_SHOWN_MS)
        self._hide_timer.timeout.connect(self._hide)
        training.started.connect(self._started)
        training.events.connect(self._look)

    @Slot(str)
    def _started(self, name: str) -> None:
        self._name = name

    @Slot(list)
    def _look(self, events: list[Event]) -> None:
        end = events[-1]
        if not isinstance(end, RunFinished) or end.status not in {"done", "failed"}:
            return  # the others were ended by the user, who knows
        if not self._window.isActiveWindow():
            QApplication.alert(self._window)
            if self._preferences.notify:
                self.show_message(*notice_text(self._name, end))

    def show_message(self, title: str, text: str) -> bool:
        """Show a message of the desktop; return whether there is one that can."""
        if not (QSystemTrayIcon.isSystemTrayAvailable() and QSystemTrayIcon.supportsMessages()):
            return False
        if self.tray is None:
            self.tray = QSystemTrayIcon(theme.icon("play", "accent"), self)
            self.tray.setToolTip("CNN Studio")
            self.tray.messageClicked.connect(self._clicked)
            self.tray.activated.connect(self._clicked)
        self.tray.show()  # a hidden icon has no message
        self.tray.showMessage(title, text, self.tray.icon(), _SHOWN_MS)
        self._hide_timer.start()
        return True

    @Slot()
    def _clicked(self) -> None:
        self._hide()
        if self._window.isMinimized():
            self._window.showNormal()
        self._window.raise_()
        self._window.activateWindow()

    @Slot()
    def _hide(self) -> None:
        self._hide_timer.stop()
        if self.tray is not None:
            self.tray.hide()
