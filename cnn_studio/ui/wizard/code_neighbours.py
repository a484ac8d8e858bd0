"""The nearest neighbours of an image, as small pictures with their classes and distances."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.app.exploring import Exploration, Metric, Neighbour

_SMALL = 44
_LARGE = 84
_AT = Qt.ItemDataRole.UserRole
_METRICS: tuple[tuple[Metric, str, str], ...] = (
    ("cosine", "By direction (cosine)", "0: the same direction, 1: nothing in common, 2: opposite"),
    ("euclid", "By distance (Euclid)", "Length of the straight line between the standardised codes"),
)
_NOTHING = "Click a point of the map to see which images are most like it to the network."


def thumbnail(image: np.ndarray, side: int) -> QPixmap:
    """Return an image, uint8 [C, H, W], as large as fits into a square; small ones keep their pixels."""
    import numpy as np

    planes = image[:3] if image.shape[0] >= 3 else np.repeat(image[:1], 3, axis=0)
    data = np.ascontiguousarray(planes.transpose(1, 2, 0))
    height, width = data.shape[:2]
    picture = QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    modes = Qt.TransformationMode
    mode = modes.SmoothTransformation if max(width, height) > side else modes.FastTransformation
    return QPixmap.fromImage(picture.scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio, mode))


class NeighbourList(QWidget):
    """One image, and those whose codes are nearest to its own.

    Attributes:
        image_chosen: emitted with the number of a neighbour that was double-clicked or entered.
        metric_changed: another distance counts.
    """

    image_chosen = Signal(int)
    metric_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        space = theme.current().space
        self.metric_box = QComboBox()
        for metric, name, help_ in _METRICS:
            self.metric_box.addItem(name, metric)
            self.metric_box.setItemData(self.metric_box.count() - 1, help_, Qt.ItemDataRole.ToolTipRole)
        self.metric_box.setAccessibleName("How distances are measured")
        self.metric_box.setToolTip("How it is measured which codes are near each other")
        self.picture, self.name, self.summary = QLabel(), QLabel(_NOTHING), QLabel()
        for label in (self.name, self.summary):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        theme.set_role(self.summary, "muted")
        self.list = QListWidget()
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setAccessibleName("Nearest neighbours")
        self.list.setIconSize(QSize(theme.px(_SMALL), theme.px(_SMALL)))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setToolTip("Double click or Enter: go on from this image")
        words = QVBoxLayout()
        words.addWidget(self.name)
        words.addWidget(self.summary)
        words.addStretch(1)
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.m))
        top.addWidget(self.picture, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(words, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, theme.px(space.m), 0, 0)
        layout.setSpacing(theme.px(space.s))
        layout.addLayout(top)
        layout.addWidget(self.metric_box)
        layout.addWidget(self.list, 1)
        for widget in (self.picture, self.summary, self.metric_box):
            widget.hide()
        self.metric_box.currentIndexChanged.connect(lambda _: self.metric_changed.emit())
        self.list.itemActivated.connect(self._activated)

    @property
    def chosen_metric(self) -> Metric:
        """The distance that counts."""
        found: Metric = self.metric_box.currentData()
        return found

    def clear(self) -> None:
        """Show no image."""
        self.list.clear()
        for widget in (self.picture, self.summary, self.metric_box):
            widget.hide()
        self.name.setText(_NOTHING)

    def show_image(
        self, exploration: Exploration, at: int, found: Sequence[Neighbour], predicted: str = ""
    ) -> None:
        """Show an image with its neighbours; `predicted` is the class that was said wrongly, if one was."""
        image = exploration.image(at)
        own = exploration.class_of(at)
        self.picture.setPixmap(thumbnail(image, theme.px(_LARGE)))
        self.picture.setAccessibleName(f"{exploration.name_of(at)}, {own}")
        self.picture.show()
        wrong = f"\n✗ classified as {predicted}" if predicted else ""
        self.name.setText(f"{own}, {exploration.name_of(at)}{wrong}")
        same = sum(one.is_same for one in found)
        self.summary.setText(f"{same} of its {len(found)} nearest images are of the same class.")
        self.summary.show()
        self.metric_box.show()
        self.list.clear()
        for one in found:
            self.list.addItem(_item(exploration, one))

    @Slot(QListWidgetItem)
    def _activated(self, item: QListWidgetItem) -> None:
        self.image_chosen.emit(int(item.data(_AT)))


def _item(exploration: Exploration, one: Neighbour) -> QListWidgetItem:
    name = exploration.class_of(one.at)
    mark = "✓" if one.is_same else "✗"
    item = QListWidgetItem(f"{mark} {name}, {one.distance:.2f}\n{exploration.name_of(one.at)}")
    item.setIcon(QIcon(thumbnail(exploration.image(one.at), theme.px(_SMALL))))
    item.setData(_AT, one.at)
    item.setToolTip(exploration.name_of(one.at))
    verdict = "the same class" if one.is_same else "another class"
    item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{name}, {verdict}, distance {one.distance:.2f}")
    if not one.is_same:
        item.setForeground(theme.qcolor("error"))
    return item
