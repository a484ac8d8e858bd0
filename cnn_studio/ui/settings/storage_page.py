"""What the program keeps on disk: caches with their limits, and the folder of runs."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QWidget

from cnn_studio.app.code_cache import clear_codes, codes_size, shrink_codes
from cnn_studio.app.places import codes_folder, runs_folder
from cnn_studio.datasets.cache import cache_folder, cache_size, clear_cache, shrink_cache
from cnn_studio.ui.settings.cache_box import CacheBox, CacheKind
from cnn_studio.ui.settings.folder_row import FolderRow
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage

_IMAGES = CacheKind(
    "Decoded images",
    "A folder of images is decoded once; later starts, and sets larger than memory, read from here.",
    "image_cache_gb",
    cache_folder,
    cache_size,
    clear_cache,
    shrink_cache,
)
_CODES = CacheKind(
    "CNN codes",
    "What a pre-trained network gives for your images, so that another classifier on the same codes takes no time.",
    "code_cache_gb",
    codes_folder,
    codes_size,
    clear_codes,
    shrink_codes,
)


class StoragePage(SettingsPage):
    """Two caches and the runs."""

    title = "Storage"
    icon = "data"

    def __init__(self, context: SettingsContext, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.boxes: dict[str, CacheBox] = {}
        for kind in (_IMAGES, _CODES):
            box = CacheBox(kind, getattr(context.preferences, kind.preference))
            box.limit_changed.connect(partial(self._set_limit, kind.preference))
            self.boxes[kind.preference] = box
            self.body.addWidget(box)
        self.runs = FolderRow(runs_folder)
        self.section(
            "Runs",
            self.runs,
            about="Every run with its settings, curves and trained weights. Delete single ones in the panel Runs.",
        )
        self.body.addStretch(1)

    def enter(self) -> None:
        """Measure anew."""
        for name, box in self.boxes.items():
            box.refresh(getattr(self.context.preferences, name))
        self.runs.refresh()

    def _set_limit(self, preference: str, limit: int) -> None:
        self.context.change(**{preference: limit})
