"""Opens the manual from the main window: at the selected layer, or where it was left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Slot

from cnn_studio.ui.widgets.windows import bring_forward

if TYPE_CHECKING:
    from cnn_studio.ui.main_window import MainWindow
    from cnn_studio.ui.manual.window import ManualWindow


class ManualOpener(QObject):
    """Keeps the one window of the manual.

    Attributes:
        manual: the window; None until it was opened.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.manual: ManualWindow | None = None

    @Slot()
    def open(self) -> None:
        """Show the manual, at the page of the selected layer if there is one."""
        if self.manual is None:
            from cnn_studio.ui.manual.window import ManualWindow

            self.manual = ManualWindow(self._window)
            self.manual.lab_wanted.connect(self._open_lab)
        selected = self._window.selection.current
        if selected is not None:
            self.manual.open_page(self._window.session.document.layer(selected).type)
        bring_forward(self.manual)

    @Slot(str)
    def _open_lab(self, lab_id: str) -> None:
        tools = self._window.tools
        tools.laboratories()
        if tools.labs is not None:
            tools.labs.show_lab(lab_id)
