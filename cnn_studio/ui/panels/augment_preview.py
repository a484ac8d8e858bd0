"""One image as training could show it: the original, and versions of it that are drawn in a thread."""

from __future__ import annotations

import math
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QImage, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.ui import theme
from cnn_studio.ui.torch_loader import preload_libraries

if TYPE_CHECKING:
    import numpy as np

_LEAST, _MOST = 72, 132  # side of a picture
_COUNTS = (3, 23)  # versions shown at least and at most
_PARTNERS = 7  # other images, for MixUp and CutMix


@dataclass(frozen=True, slots=True)
class _Wish:
    """What is to be drawn."""

    images: np.ndarray
    image: int
    augmentation: Augmentation
    seed: int
    count: int


@dataclass(frozen=True, slots=True)
class _Drawn:
    """What was drawn: the original and its versions, or why not."""

    wish: _Wish
    pictures: tuple[QImage, ...]
    error: str = ""


class AugmentPreview(QWidget):
    """Versions of one image, in as many columns as fit.

    The last wish counts: while one is drawn, only the newest of those that come waits. Nothing is drawn while the
    widget is hidden.

    Attributes:
        drawn: emitted when other pictures are shown.
    """

    drawn = Signal()
    _ready = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Preview of the augmentation")
        self.setToolTip(
            "The first picture is the image as it is. The others are versions of it, as the network meets them in "
            "training: another one in every epoch."
        )
        self._images: np.ndarray | None = None
        self._image = 0
        self._seed = 0
        self._augmentation = Augmentation()
        self._pictures: tuple[QImage, ...] = ()
        self._error = ""
        self._running: _Wish | None = None
        self._shown: _Wish | None = None
        self._ready.connect(self._take)  # queued, because the signal comes from the thread
        theme.manager().changed.connect(self.update)

    @property
    def images(self) -> np.ndarray | None:
        """The images of which one is shown."""
        return self._images

    @property
    def pictures(self) -> tuple[QImage, ...]:
        """The original, then its versions, in the size of the data."""
        return self._pictures

    @property
    def is_drawing(self) -> bool:
        """Whether newer pictures are on the way."""
        return self._running is not None

    @property
    def error(self) -> str:
        """Why nothing can be drawn, or nothing."""
        return self._error

    def set_images(self, images: np.ndarray | None) -> None:
        """Show versions of the first of these images, uint8 [N, C, H, W]; None shows nothing."""
        self._images = images if images is not None and len(images) else None
        self._image = 0
        self._shown = None
        self._pictures = ()
        self._error = ""
        self.refresh()
        self.update()

    def set_image(self, image: int) -> None:
        """Choose which image is shown."""
        self._image = image
        self.refresh()

    def set_augmentation(self, augmentation: Augmentation) -> None:
        """Show what this augmentation does; the draws stay the same, so only what was changed moves."""
        self._augmentation = augmentation
        self.refresh()

    def draw_again(self) -> None:
        """Show other draws of the same augmentation."""
        self._seed += 1
        self.refresh()

    def refresh(self) -> None:
        """Draw what is wished now, unless it is shown or being drawn already."""
        if self._images is None or not self.isVisible() or self._running is not None:
            return
        wish = _Wish(self._images, self._image, self._augmentation, self._seed, self._num_versions())
        if self._shown is None or not _is_same(wish, self._shown):
            self._running = wish
            threading.Thread(target=self._work, args=(wish,), name="augment preview", daemon=True).start()

    def _work(self, wish: _Wish) -> None:
        """Draw, in the thread."""
        try:
            drawn = _Drawn(wish, _draw(wish))
        except Exception as error:  # noqa: BLE001 - whatever a file or a library does, the window must live and say so
            drawn = _Drawn(wish, (), f"The preview cannot be drawn: {error}")
        with suppress(RuntimeError):  # the widget is gone
            self._ready.emit(drawn)

    @Slot(object)
    def _take(self, drawn: _Drawn) -> None:
        self._running = None
        if drawn.wish.images is self._images:
            self._shown = drawn.wish
            self._pictures, self._error = drawn.pictures, drawn.error
            self.update()
            self.drawn.emit()
        self.refresh()

    # ------------------------------------------------------------------------------------------------- appearance

    def _grid(self) -> tuple[int, int, int]:
        """Columns, rows, and side of a picture, so that pictures cover as much of the room as they can."""
        gap = theme.px(theme.current().space.s)
        least, most = theme.px(_LEAST), theme.px(_MOST)
        height = self.height() - self._line()
        best = (1, 1, max(1, min(self.width(), height, most)))
        covered = 0
        for rows in range(1, max(1, (height + gap) // (least + gap)) + 1):
            side = min((height + gap) // rows - gap, self.width(), most)
            columns = (self.width() + gap) // (side + gap) if side > 0 else 0
            area = min(columns * rows, _COUNTS[1] + 1) * side * side
            if area > covered:
                best, covered = (columns, rows, side), area
        return best

    def _line(self) -> int:
        """Height of the line of words under the pictures, with the gap above it."""
        font = theme.ui_font(theme.current().type.small)
        return math.ceil(QFontMetricsF(font).height()) + theme.px(theme.current().space.s)

    def _num_versions(self) -> int:
        columns, rows, _ = self._grid()
        return min(max(columns * rows - 1, _COUNTS[0]), _COUNTS[1])

    @override
    def sizeHint(self) -> QSize:
        side = theme.px(_LEAST + theme.current().space.s)
        return QSize(4 * side, 2 * side + self._line())

    @override
    def minimumSizeHint(self) -> QSize:
        side = theme.px(_LEAST + theme.current().space.s)
        return QSize(2 * side, side + self._line())

    @override
    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.refresh()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        if self._images is None or self._error:
            painter.setPen(theme.qcolor("error" if self._error else "muted"))
            text = self._error or "Choose a data set in the Data tab to see its images here"
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect(), flags, text)
            return
        gap = theme.px(theme.current().space.s)
        columns, rows, side = self._grid()
        for at, picture in enumerate(self._pictures[: columns * rows]):
            x, y = at % columns * (side + gap), at // columns * (side + gap)
            self._paint_picture(painter, picture, QRect(x, y, side, side), is_original=at == 0)
        painter.setFont(theme.ui_font(theme.current().type.small))
        painter.setPen(theme.qcolor("muted"))
        under = self.rect().adjusted(0, min(rows, -(-len(self._pictures) // columns)) * (side + gap), 0, 0)
        text = painter.fontMetrics().elidedText(self.summary, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(under, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)

    @property
    def summary(self) -> str:
        """The line under the pictures."""
        if not self._pictures:
            return ""
        if self._augmentation.is_off:
            return "nothing is varied: every epoch shows the same images"
        mixed = " · mixed images have two labels" if self._augmentation.mixes_labels else ""
        return f"framed: as it is · others: what training may show{mixed}"

    def _paint_picture(self, painter: QPainter, picture: QImage, place: QRect, *, is_original: bool) -> None:
        """Small images keep their pixels, large ones are smoothed; the shape is kept."""
        shown = picture.size().scaled(place.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(0, 0, shown.width(), shown.height())
        target.moveCenter(place.center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > shown.width())
        painter.drawImage(target, picture)
        width = theme.px(theme.current().space.ring) if is_original else 1
        painter.setPen(QPen(theme.qcolor("accent" if is_original else "line"), width))
        painter.drawRect(QRectF(target).adjusted(width / 2, width / 2, -width / 2, -width / 2))


def _is_same(one: _Wish, other: _Wish) -> bool:
    return one.images is other.images and (one.image, one.augmentation, one.seed, one.count) == (
        other.image,
        other.augmentation,
        other.seed,
        other.count,
    )


def _draw(wish: _Wish) -> tuple[QImage, ...]:
    # Nothing where torch is loaded already; otherwise importing it would hold up the window.
    preload_libraries()
    import numpy as np

    from cnn_studio.datasets.augment import augmented_preview

    count = len(wish.images)
    # Classes usually lie together, so partners are taken from all over the set.
    rows = (wish.image + np.arange(min(_PARTNERS + 1, count)) * max(1, count // (_PARTNERS + 1))) % count
    some = np.stack([np.asarray(wish.images[int(row)]) for row in rows])
    versions = augmented_preview(some, wish.augmentation, wish.seed, wish.count)
    return tuple(_picture(planes) for planes in (some[0], *versions))


def _picture(planes: np.ndarray) -> QImage:
    """A picture of uint8 values [C, H, W] that owns its memory."""
    import numpy as np

    depth, height, width = planes.shape
    if depth == 1:
        data = np.ascontiguousarray(planes[0])
        return QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
    data = np.ascontiguousarray(planes[:3].transpose(1, 2, 0))
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()
