"""The place of the Inspect page in the window: the page needs torch, so it is made when it is first shown after that is there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    from cnn_studio.ui.insight.page import InspectPage


class InspectTab(QWidget):
    """Shows the page, or that PyTorch is still loading.

    Attributes:
        message: that of the page.
        page: the page; None until it was shown.
    """

    message = Signal(str)

    def __init__(self, make: Callable[[], InspectPage], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.page: InspectPage | None = None
        self._make, self._is_ready = make, False
        self._waiting = QLabel("PyTorch is still loading; this takes a few seconds.")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self._waiting, "muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._waiting)

    @Slot()
    def torch_ready(self) -> None:
        """Make the page from now on when it is shown."""
        self._is_ready = True
        if self.isVisible():
            self._open()

    def _open(self) -> None:
        if self.page is None:
            self.page = self._make()
            self.page.message.connect(self.message)
            self._waiting.hide()
            self.layout().addWidget(self.page)  # type: ignore[union-attr]  # it has one

    @Slot()
    def network_changed(self) -> None:
        """Take the network anew."""
        if self.page is not None:
            self.page.network_changed()

    def show_epoch(self, epoch: int) -> None:
        """Take the network as it is after an epoch of a run, unless it is still being looked into as it was before."""
        if self.page is not None and not self.page.state.is_looking:
            self.page.network_changed(f"After epoch {epoch:,} of the run that goes on.")

    def close_work(self) -> None:
        """End what goes on."""
        if self.page is not None:
            self.page.close_work()

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_ready:
            self._open()
