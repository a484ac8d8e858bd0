"""All images of a data set as one grid, by class and part; nothing is copied, and only what is in view is painted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.datasets.records import ImageData, ImagePart
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.image_grid import ImageGrid, Samples
from cnn_studio.ui.widgets.inputs import QuietComboBox

if TYPE_CHECKING:
    import numpy as np

PART_TITLES = ("training", "validation", "test")
"""Names of the parts, in the order in which they are joined."""

_NO_IMAGES = "No images of this class in this part"


def parts_of(data: ImageData) -> list[tuple[str, ImagePart]]:
    """Return title and images of each part there is."""
    found = zip(PART_TITLES, (data.train, data.val, data.test), strict=True)
    return [(title, part) for title, part in found if part is not None]


class JoinedImages:
    """The images of several parts under one numbering, left where they are."""

    def __init__(self, parts: list[tuple[str, ImagePart]]) -> None:
        self._parts = parts
        self.starts = [0]
        for _, part in parts:
            self.starts.append(self.starts[-1] + len(part))

    def __len__(self) -> int:
        return self.starts[-1]

    def __getitem__(self, number: int) -> np.ndarray:
        """Return an image, uint8 of shape [C, H, W]."""
        at, row = self.place(number)
        image: np.ndarray = self._parts[at][1].images[row]
        return image

    def place(self, number: int) -> tuple[int, int]:
        """Return the number of the part, and the row in it."""
        at = next(at for at in range(len(self._parts)) if number < self.starts[at + 1])
        return at, number - self.starts[at]


class PartSamples(Samples):
    """The images of all parts, with a filter for class and part."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.titles: tuple[str, ...] = ()
        self._joined: JoinedImages | None = None
        self._turns: np.ndarray | None = None

    def set_data(self, data: ImageData | None) -> None:
        """Show all images of a data set, the classes in turn; None shows nothing."""
        import numpy as np

        from cnn_studio.datasets.order import class_turns

        if data is None:
            self.titles, self._joined, self._turns = (), None, None
            self.set_images(np.zeros((0, 1, 1, 1), np.uint8), np.zeros(0, np.int64), ())
            return
        parts = parts_of(data)
        self.titles = tuple(title for title, _ in parts)
        self._joined = JoinedImages(parts)
        labels = np.concatenate([part.labels for _, part in parts])
        self._turns = class_turns(labels)
        self.set_images(self._joined, labels, data.classes)  # type: ignore[arg-type]  # read one by one, as an array
        self.choose(None, None)

    def choose(self, label: int | None, part: int | None) -> None:
        """Show the images of one class and one part; None lets all of them through."""
        if self._joined is None or self._turns is None or self.labels is None:
            return
        rows = self._turns
        if part is not None:
            rows = rows[(rows >= self._joined.starts[part]) & (rows < self._joined.starts[part + 1])]
        if label is not None:
            rows = rows[self.labels[rows] == label]
        self.set_rows(rows)

    @override
    def caption(self, image: int) -> str:
        if self._joined is None or self.labels is None:
            return ""
        at, row = self._joined.place(image)
        return f"{self.titles[at].capitalize()} image {row + 1:,}: {self.class_name(int(self.labels[image]))}"


class ThumbsPage(QWidget):
    """The grid with its two filters.

    Attributes:
        filtered: emitted after a filter was changed.
    """

    filtered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = PartSamples(self)
        self.grid = ImageGrid(self.model)
        self.grid.setAccessibleName("Images by class and part")
        self.label = QuietComboBox()
        self.label.setToolTip("Show the images of one class")
        self.label.setAccessibleName("Class that is shown")
        self.label.setMinimumContentsLength(12)
        self.part = QuietComboBox()
        self.part.setToolTip("Show the images of one part")
        self.part.setAccessibleName("Part that is shown")
        self.part.setMinimumContentsLength(10)
        self.count = QLabel()
        theme.set_role(self.count, "muted")
        self._empty = QLabel(_NO_IMAGES)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self._empty, "muted")
        self._empty.hide()
        for combo in (self.label, self.part):
            combo.currentIndexChanged.connect(self._choose)
        self.filters = QWidget()
        row = QHBoxLayout(self.filters)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(theme.px(theme.current().space.s))
        row.addWidget(self.count)
        row.addWidget(self.label)
        row.addWidget(self.part)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.grid, 1)
        layout.addWidget(self._empty, 1)

    def set_data(self, data: ImageData | None) -> None:
        """Show other images; the filters let all of them through."""
        self.model.set_data(data)
        for combo, every, names in (
            (self.label, "All classes", self.model.classes),
            (self.part, "All parts", tuple(title.capitalize() for title in self.model.titles)),
        ):
            combo.blockSignals(True)
            combo.clear()
            combo.addItem(every)
            combo.addItems(list(names))
            combo.blockSignals(False)
        self._choose()

    def show_class(self, label: int) -> None:
        """Show the images of one class."""
        if 0 <= label + 1 < self.label.count():
            self.label.setCurrentIndex(label + 1)

    @Slot()
    def _choose(self) -> None:
        label, part = self.label.currentIndex() - 1, self.part.currentIndex() - 1
        self.model.choose(label if label >= 0 else None, part if part >= 0 else None)
        number = self.model.rowCount()
        self.count.setText(f"{number:,} image{'' if number == 1 else 's'}")
        self.grid.setVisible(number > 0)
        self._empty.setVisible(number == 0)
        self.grid.scrollToTop()
        self.filtered.emit()
