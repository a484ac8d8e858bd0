"""The menu of decoded images that are kept on disk: how much they take, how much they may take, and clearing them."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QWidget

from cnn_studio.app.jobs import Job, JobEnded
from cnn_studio.app.preferences import Preferences, save_preferences
from cnn_studio.ui.bridge import Bridge
from cnn_studio.ui.status import bytes_text
from cnn_studio.ui.widgets.waiting import run_waiting

_LIMITS_GB = (0, 5, 20, 100)
_DELETING = "Deleting decoded images"


@dataclass(frozen=True, slots=True)
class _Size:
    """What they take on disk, in bytes."""

    bytes: int


class KeptImages(QObject):
    """Fills a menu each time it opens.

    Attributes:
        message: what was freed.
    """

    message = Signal(str)

    def __init__(self, menu: QMenu, preferences: Preferences, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._preferences = preferences
        self.menu = menu.addMenu("Decoded images")
        self.menu.setToolTipsVisible(True)
        self.clear = QAction("Clear", self)
        self.clear.setToolTip("Folders of images are decoded again when they are read next")
        self.clear.triggered.connect(self._clear)
        self.menu.addAction(self.clear)
        self.menu.addSeparator()
        self._group = QActionGroup(self)
        self._group.setExclusionPolicy(QActionGroup.ExclusionPolicy.ExclusiveOptional)
        for limit in _LIMITS_GB:
            action = self.menu.addAction(f"Keep up to {limit} GB" if limit else "Keep nothing")
            action.setToolTip(
                "More than that is deleted now; what was not used for the longest time goes first"
                if limit
                else "What is kept is deleted now. Every start decodes all images again, and sets larger than memory cannot be read"
            )
            action.setCheckable(True)
            action.setData(limit)
            action.setChecked(limit == preferences.image_cache_gb)
            self._group.addAction(action)
        self._group.triggered.connect(self._choose)
        self._looking: Job | None = None
        self._bridge = Bridge(self)
        self._bridge.events.connect(self._take)
        self.menu.aboutToShow.connect(self.refresh)

    @Slot()
    def refresh(self) -> None:
        """Look how much they take now; the menu says so as soon as the disk has answered."""
        self._show_limit()
        if self._looking is not None and self._looking.is_running:
            return  # a disk that has not answered yet is not asked twice
        looking = Job("Measuring decoded images", _measure)
        self._bridge.watch(looking.mailbox)  # and hear the end of an earlier one
        self._looking = looking
        self.clear.setText("Clear (…)")
        self.clear.setEnabled(False)
        looking.start()

    def _show_limit(self) -> None:
        """Tick the limit of now; the settings know more of them than the menu."""
        for action in self._group.actions():
            action.setChecked(action.data() == self._preferences.image_cache_gb)

    @Slot(list)
    def _take(self, events: list[object]) -> None:
        for event in events:
            match event:
                case _Size(size):
                    self.clear.setText(f"Clear ({bytes_text(size)})" if size else "Nothing is kept")
                    self.clear.setEnabled(size > 0)
                case JobEnded():
                    self._looking = None
                    self._bridge.unwatch()

    @Slot()
    def _clear(self) -> None:
        from cnn_studio.datasets.cache import clear_cache

        self._tell(run_waiting(self._window, _DELETING, clear_cache))

    @Slot(QAction)
    def _choose(self, action: QAction) -> None:
        from cnn_studio.datasets.cache import shrink_cache

        self._preferences.image_cache_gb = action.data()
        save_preferences(self._preferences)
        limit = self._preferences.image_cache_gb * 10**9
        freed = run_waiting(self._window, _DELETING, lambda: shrink_cache(limit))
        if freed:
            self._tell(freed)

    def _tell(self, freed: int) -> None:
        self.message.emit(f"{bytes_text(freed)} of decoded images were deleted.")


def _measure(job: Job) -> None:
    from cnn_studio.datasets.cache import cache_size  # with numpy

    job.report(_Size(cache_size()))
