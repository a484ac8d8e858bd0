"""Opens the settings of a window, one dialog for it, made when it is first wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from cnn_studio.ui.widgets.windows import bring_forward

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow
    from cnn_studio.ui.settings.dialog import SettingsDialog


class SettingsOpener(QObject):
    """Lets what is set hold from the start, and shows the dialog.

    Attributes:
        dialog: once it was opened.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.dialog: SettingsDialog | None = None
        self._set_animated(window.preferences.animate)

    @Slot()
    def open(self) -> None:
        """Show the settings."""
        if self.dialog is None:
            self.dialog = self._make()
        bring_forward(self.dialog)

    def _make(self) -> SettingsDialog:
        from cnn_studio.ui.settings.dialog import SettingsDialog
        from cnn_studio.ui.settings.page import SettingsContext

        window = self._window
        context = SettingsContext(
            window.preferences,
            window.actions_.all,
            window.set_theme,
            self._set_animated,
            lambda: window.toolbar.device_text,
        )
        return SettingsDialog(context, window)

    def _set_animated(self, is_on: bool) -> None:
        self._window.workspace.canvas.animated = is_on
