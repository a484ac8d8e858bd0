"""How training images are varied: the settings at the left, the same image under them at the right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.ui import theme
from cnn_studio.ui.panels.augment_form import AugmentForm
from cnn_studio.ui.panels.augment_preview import AugmentPreview

if TYPE_CHECKING:
    import numpy as np


class AugmentPanel(QWidget):
    """The form and its live preview.

    Attributes:
        changed: emitted when the augmentation is another one, by an edit or by `set_augmentation`.
        form: the settings.
        preview: the pictures.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAutoFillBackground(True)
        self._order: np.ndarray | None = None
        self._at = 0
        self._labels: np.ndarray | None = None
        self._classes: tuple[str, ...] = ()
        self._size = ""
        self.form = AugmentForm()
        self.form.changed.connect(self._edited)
        self.preview = AugmentPreview()
        self._title = QLabel("What training may show")
        self._title.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._title.setWordWrap(True)
        theme.set_role(self._title, "strong")
        self.other = QPushButton("Other image")
        self.other.setToolTip("Show another image of the training part")
        self.again = QPushButton("Draw again")
        self.again.setToolTip("Show other versions of this image, as later epochs will")
        self.other.clicked.connect(self._other_clicked)
        self.again.clicked.connect(self.preview.draw_again)
        self._build()
        self._refresh()

    def _build(self) -> None:
        space = theme.current().space
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(self.form)
        left = QWidget()
        left.setMinimumWidth(theme.px(236))
        inside = QVBoxLayout(left)
        inside.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.s, space.s)))
        inside.addWidget(scroll)
        top = QHBoxLayout()
        top.setSpacing(theme.px(space.s))
        top.addWidget(self._title, 1)
        top.addWidget(self.other)
        top.addWidget(self.again)
        right = QWidget()
        side = QVBoxLayout(right)
        side.setContentsMargins(*(theme.px(n) for n in (space.m, space.s, space.m, space.s)))
        side.setSpacing(theme.px(space.s))
        side.addLayout(top)
        side.addWidget(self.preview, 1)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 0)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([theme.px(344), theme.px(1200)])
        splitter.setChildrenCollapsible(False)
        splitter.setHandleWidth(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(splitter)

    def augmentation(self) -> Augmentation:
        """Return what is set."""
        return self.form.value()

    def set_augmentation(self, augmentation: Augmentation) -> None:
        """Show an augmentation; `changed` is emitted if it is another one."""
        self.form.set_value(augmentation)

    def set_enabled(self, enabled: bool) -> None:
        """Let the settings be edited or not, as while a run trains; looking at images always works."""
        self.form.set_enabled(enabled)

    def set_images(
        self, images: np.ndarray | None, labels: np.ndarray | None = None, classes: Sequence[str] = ()
    ) -> None:
        """Show versions of these images.

        Args:
            images: uint8 [N, C, H, W], usually the training part, in memory or on disk; they are not copied. None
                shows the empty state.
            labels: their classes, [N].
            classes: the names of the classes.
        """
        if images is not None and images is self.preview.images:
            return  # shown already, and whoever looks at one of them goes on looking at it
        self._labels, self._classes = labels, tuple(classes)
        self._order, self._at, self._size = None, 0, ""
        if images is not None and len(images):
            from cnn_studio.datasets.order import seeded_order

            self._order = seeded_order(len(images), 0)
            self._size = f"{images.shape[2]} × {images.shape[3]}"
        self.form.set_grey(images is not None and images.shape[1] == 1)
        self.preview.set_images(images)
        if self._order is not None:
            self.preview.set_image(int(self._order[0]))
        self._refresh()

    @property
    def title(self) -> str:
        """The line above the pictures."""
        return self._title.text()

    def _refresh(self) -> None:
        has_images = self._order is not None
        self.again.setEnabled(has_images)
        self.other.setEnabled(self._order is not None and len(self._order) > 1)
        if self._order is None:
            self._title.setText("What training may show")
            return
        image = int(self._order[self._at])
        name = ""
        if self._labels is not None:
            label = int(self._labels[image])
            name = f" · {self._classes[label] if 0 <= label < len(self._classes) else label}"
        self._title.setText(f"Image {image + 1:,}{name}")
        self._title.setToolTip(f"{self._title.text()} · {self._size}")

    @Slot()
    def _edited(self) -> None:
        self.preview.set_augmentation(self.form.value())
        self.changed.emit()

    @Slot()
    def _other_clicked(self) -> None:
        if self._order is not None:
            self._at = (self._at + 1) % len(self._order)
            self.preview.set_image(int(self._order[self._at]))
            self._refresh()
