"""Heat laid over an image, as large as there is room, and the bar that says what its colours mean."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QFont, QFontMetricsF, QImage, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from cnn_studio.ui import theme

if TYPE_CHECKING:
    import numpy as np

_LEAST_SIDE = 160
_TINY = 96  # pixels; images up to here are seen pixel by pixel
_BAR_HEIGHT = 10
_BAR_WIDTH = 160
_STEPS = 256
_GREY = 150


def image_of(rgb: np.ndarray) -> QImage:
    """Return pixels, uint8 [H, W, 3], or [H, W] in grey, as an image of its own."""
    import numpy as np

    data = np.ascontiguousarray(rgb)
    height, width = data.shape[:2]
    if data.ndim == 2:
        return QImage(data.data, width, height, width, QImage.Format.Format_Grayscale8).copy()
    return QImage(data.data, width, height, 3 * width, QImage.Format.Format_RGB888).copy()


class HeatPicture(QWidget):
    """An image with heat over it; its proportions are kept, and tiny ones keep their pixels.

    Attributes:
        menu_wanted: emitted with a place of the screen.
        image: uint8 [C, H, W]; None before there is one.
        heat: 0 to 1, [H, W]; None where only the image is shown.
        opacity: of the heat, 0 to 1.
    """

    menu_wanted = Signal(QPoint)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.image: np.ndarray | None = None
        self.heat: np.ndarray | None = None
        self.opacity = 0.65
        self._shown = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Where it looked")
        theme.manager().changed.connect(self.update)

    def show_heat(self, image: np.ndarray | None, heat: np.ndarray | None) -> None:
        """Show an image with heat, without, or nothing."""
        self.image, self.heat = image, heat
        self._draw()

    def set_opacity(self, opacity: float) -> None:
        """Let more or less of the heat be seen; at 0 the image has its colours."""
        self.opacity = opacity
        self._draw()

    def pixels(self, least_side: int = 1) -> np.ndarray:
        """Return what is shown, uint8 [H, W, 3]; smaller images are enlarged by a whole factor, up to about this side.

        Raises:
            ValueError: nothing is shown.
        """
        from cnn_studio.insight.pictures import as_rgb, overlay

        if self.image is None:
            raise ValueError("no image is shown")
        if self.heat is not None and self.opacity > 0:
            return overlay(self.image, self.heat, least_side, self.opacity)
        rgb = as_rgb(self.image)
        factor = max(1, least_side // max(rgb.shape))
        return rgb.repeat(factor, axis=0).repeat(factor, axis=1)

    def _draw(self) -> None:
        self._shown = QImage() if self.image is None else image_of(self.pixels())
        self.update()

    def place(self) -> QRectF:
        """Return where the picture lies in the widget."""
        if self._shown.isNull():
            return QRectF()
        size = self._shown.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        if max(self._shown.width(), self._shown.height()) <= _TINY:  # all pixels alike
            factor = max(1, size.width() // self._shown.width())
            size = self._shown.size() * factor if factor > 1 else size
        left, top = (self.width() - size.width()) / 2, (self.height() - size.height()) / 2
        return QRectF(round(left), round(top), size.width(), size.height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        if self._shown.isNull():
            return
        painter = QPainter(self)
        is_tiny = max(self._shown.width(), self._shown.height()) <= _TINY
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, not is_tiny)
        painter.drawImage(self.place(), self._shown)
        painter.end()

    @override
    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self._shown.isNull():
            self.menu_wanted.emit(event.globalPos())

    @override
    def sizeHint(self) -> QSize:
        return (
            self.minimumSizeHint()
        )  # it takes all the room that there is, and asks for none in a low window

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(_LEAST_SIDE), theme.px(_LEAST_SIDE))


class HeatLegend(QWidget):
    """The colours from nothing to most, as they look on a grey image."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._title, self._low, self._high = "", "", ""
        self._bar = QImage()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.manager().changed.connect(self._restyle)

    def show_scale(self, title: str, low: str, high: str) -> None:
        """Say what the colours stand for, and what the ends are."""
        self._title, self._low, self._high = title, low, high
        self.setAccessibleName(f"{title}: from {low} to {high}")
        self._restyle()

    def set_opacity(self, opacity: float) -> None:
        """Show the colours as they look where the heat is seen as much as this."""
        import numpy as np

        from cnn_studio.insight.pictures import overlay

        grey = np.full((1, 1, _STEPS), _GREY, np.uint8)
        self._bar = image_of(overlay(grey, np.linspace(0, 1, _STEPS)[None], 1, opacity))
        self.update()

    def _restyle(self) -> None:
        self.updateGeometry()
        self.update()

    @override
    def sizeHint(self) -> QSize:
        metrics = QFontMetricsF(self._font())
        words = metrics.horizontalAdvance(self._low) + metrics.horizontalAdvance(self._high) + theme.px(16)
        width = max(theme.px(_BAR_WIDTH), words, metrics.horizontalAdvance(self._title))
        height = 2 * metrics.height() + theme.px(_BAR_HEIGHT) + 2 * theme.px(3)
        return QSize(round(width) + 2, round(height))

    def _font(self) -> QFont:
        return theme.ui_font(theme.current().type.small)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        font = self._font()
        painter.setFont(font)
        line = QFontMetricsF(font).height()
        painter.setPen(theme.qcolor("muted"))
        width = float(self.width())
        painter.drawText(QRectF(0, 0, width, line), Qt.AlignmentFlag.AlignLeft, self._title)
        bar = QRectF(0.5, line + theme.px(3) + 0.5, width - 1, theme.px(_BAR_HEIGHT))
        painter.drawImage(bar, self._bar)
        painter.setPen(QPen(theme.qcolor("line"), 1))
        painter.drawRect(bar)
        painter.setPen(theme.qcolor("muted"))
        under = QRectF(QPointF(0, bar.bottom() + theme.px(3)), bar.size())
        under.setHeight(line)
        painter.drawText(under, Qt.AlignmentFlag.AlignLeft, self._low)
        painter.drawText(under, Qt.AlignmentFlag.AlignRight, self._high)
        painter.end()
