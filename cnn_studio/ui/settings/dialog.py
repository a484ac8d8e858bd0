"""The dialog of the settings: a list of pages at the left, the page at the right. A new page is one entry in `PAGES`."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from cnn_studio.ui import theme
from cnn_studio.ui.settings.appearance_page import AppearancePage
from cnn_studio.ui.settings.computing_page import ComputingPage
from cnn_studio.ui.settings.downloads_page import DownloadsPage
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage
from cnn_studio.ui.settings.storage_page import StoragePage
from cnn_studio.ui.widgets.scrolled import scrolled

PAGES: tuple[type[SettingsPage], ...] = (AppearancePage, ComputingPage, StoragePage, DownloadsPage)

_LIST_WIDTH = 160


class SettingsDialog(QDialog):
    """Stands beside the window; what is changed in it holds at once and is saved."""

    def __init__(
        self,
        context: SettingsContext,
        parent: QWidget | None = None,
        pages: Sequence[type[SettingsPage]] = PAGES,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Settings")
        self.resize(theme.px(720), theme.px(640))
        space = theme.current().space
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName("Pages of the settings")
        self.list.setIconSize(QSize(theme.px(16), theme.px(16)))
        self.list.setSpacing(theme.px(2))
        self.list.setFixedWidth(theme.px(_LIST_WIDTH))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.heading = QLabel()
        theme.set_role(self.heading, "title")
        self.pages = [kind(context) for kind in pages]
        self._stack = QStackedWidget()
        for page in self.pages:
            self._stack.addWidget(scrolled(page))
            self.list.addItem(QListWidgetItem(page.title))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        right = QVBoxLayout()
        right.setSpacing(theme.px(space.m))
        right.addWidget(self.heading)
        right.addWidget(self._stack, 1)
        right.addWidget(buttons)
        row = QHBoxLayout(self)
        row.setContentsMargins(*(theme.px(space.m),) * 4)
        row.setSpacing(theme.px(space.l))
        row.addWidget(self.list)
        row.addLayout(right, 1)
        self.list.currentRowChanged.connect(self._show)
        theme.manager().changed.connect(self._paint)
        self._paint()
        self.list.setCurrentRow(0)

    @property
    def page(self) -> SettingsPage:
        """The page that is shown."""
        return self.pages[self._stack.currentIndex()]

    def show_page(self, title: str) -> None:
        """Show the page of a title."""
        self.list.setCurrentRow(next(at for at, page in enumerate(self.pages) if page.title == title))

    @Slot(int)
    def _show(self, row: int) -> None:
        if row >= 0:
            self._stack.setCurrentIndex(row)
            self.heading.setText(self.page.title)
            if self.isVisible():
                self.page.enter()

    @Slot()
    def _paint(self) -> None:
        for row, page in enumerate(self.pages):
            self.list.item(row).setIcon(theme.manager().icon(page.icon, "muted"))

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.page.enter()
