"""The menu of decoded images that are kept on disk: how much they take, how much they may take, and clearing them."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu

from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.datasets.cache import cache_size, clear_cache
from cnn_studio.ui.status import bytes_text

_LIMITS_GB = (0, 5, 20, 100)


class KeptImages(QObject):
    """Fills a menu each time it opens.

    Attributes:
        message: what was freed.
    """

    message = Signal(str)

    def __init__(self, menu: QMenu, preferences: Preferences, parent: QObject) -> None:
        super().__init__(parent)
        self._preferences = preferences
        self.menu = menu.addMenu("Decoded images")
        self.menu.setToolTipsVisible(True)
        self.clear = QAction("Clear", self)
        self.clear.setToolTip("Folders of images are decoded again when they are read next")
        self.clear.triggered.connect(self._clear)
        self.menu.addAction(self.clear)
        self.menu.addSeparator()
        self._group = QActionGroup(self)
        for limit in _LIMITS_GB:
            action = self.menu.addAction(f"Keep up to {limit} GB" if limit else "Keep nothing")
            action.setToolTip(
                "What was not used for the longest time goes first"
                if limit
                else "Every start decodes all images again, and sets larger than memory cannot be read"
            )
            action.setCheckable(True)
            action.setData(limit)
            action.setChecked(limit == preferences.image_cache_gb)
            self._group.addAction(action)
        self._group.triggered.connect(self._choose)
        self.menu.aboutToShow.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Say how much they take now."""
        size = cache_size()
        self.clear.setText(f"Clear ({bytes_text(size)})" if size else "Nothing is kept")
        self.clear.setEnabled(size > 0)

    @Slot()
    def _clear(self) -> None:
        self.message.emit(f"{bytes_text(clear_cache())} of decoded images were deleted.")

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        self._preferences.image_cache_gb = action.data()
        save_preferences(self._preferences)
