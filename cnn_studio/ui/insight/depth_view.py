"""One image at several depths: the strongest maps of a few layers, from the first to the last, one below the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QFontMetricsF, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QAbstractButton, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from cnn_studio.graph.spec import shape_text
from cnn_studio.ui import theme
from cnn_studio.ui.insight.heat_picture import image_of
from cnn_studio.ui.insight.state import InsightState
from cnn_studio.ui.panels.lazy_refresh import LazyRefresh
from cnn_studio.ui.widgets.hint import hint_label

if TYPE_CHECKING:
    from cnn_studio.insight.depths import Depth

_WAIT_MS = 40
_SIDE, _GAP = 72, 6
_ABOUT = (
    "The strongest maps at several depths. Early layers see little of the image and find edges and spots anywhere; late "
    "ones see much of it and answer to parts of things, in few coarse cells. Click a row to see all maps of its layer."
)
_NO_IMAGE = "Open an image to see it at several depths."
_NO_MAPS = "No layer of this network has maps of more than one cell."


class DepthRow(QAbstractButton):
    """One layer: its name, how much of the image its cells see, and its strongest maps."""

    def __init__(self, depth: Depth, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.layer_id = depth.layer.layer_id
        shape = shape_text(depth.layer.shape)
        rows, columns = depth.sees
        part = (
            "all of the image"
            if depth.share >= 1
            else f"{rows:,} × {columns:,} pixels, {_percent(depth.share)}"
        )
        self._shape, self._sees = shape, f"a cell sees {part}"
        self.setText(depth.layer.path)
        self.setAccessibleName(f"{depth.layer.path}, {shape}, {self._sees}")
        self.setToolTip(f"Show all maps of {depth.layer.path}")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        small = depth.layer.thumbnails(2 * _SIDE, scale="map", maps=depth.maps)
        self._pictures = [QPixmap.fromImage(image_of(pixels)) for pixels in small.pictures]

    @override
    def sizeHint(self) -> QSize:
        line = QFontMetricsF(theme.ui_font()).height()
        return QSize(theme.px(240), round(line) + theme.px(_SIDE + 3 * _GAP))

    @override
    def minimumSizeHint(self) -> QSize:
        return QSize(theme.px(160), self.sizeHint().height())

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        gap, side = theme.px(_GAP), theme.px(_SIDE)
        if self.underMouse() or self.hasFocus():
            painter.fillRect(self.rect(), theme.qcolor("hover"))
        painter.setFont(theme.ui_font(weight=theme.current().type.strong))
        metrics = QFontMetricsF(painter.font())
        line, right = metrics.height(), float(self.width() - gap)
        said = QFontMetricsF(theme.ui_font())
        details = f"{self._shape} · {self._sees}"
        wide = min(said.horizontalAdvance(details), right * 0.75)
        name = metrics.elidedText(self.text(), Qt.TextElideMode.ElideMiddle, right - wide - 3 * gap)
        painter.setPen(theme.qcolor("text"))
        painter.drawText(QRectF(gap, gap, right, line), Qt.AlignmentFlag.AlignLeft, name)
        painter.setFont(theme.ui_font())
        painter.setPen(theme.qcolor("muted"))
        text = said.elidedText(details, Qt.TextElideMode.ElideRight, wide + 1)
        painter.drawText(QRectF(gap, gap, right - gap, line), Qt.AlignmentFlag.AlignRight, text)
        top, left = round(gap + line + gap), gap
        if not self._pictures:
            painter.drawText(
                QRectF(gap, top, right, line), Qt.AlignmentFlag.AlignLeft, "All maps are 0 here."
            )
        for picture in self._pictures:
            if left + side > right:
                break
            size = picture.size().scaled(side, side, Qt.AspectRatioMode.KeepAspectRatio)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, picture.width() > size.width())
            place = QRectF(
                left + (side - size.width()) / 2,
                top + (side - size.height()) / 2,
                size.width(),
                size.height(),
            )
            painter.drawPixmap(place.toRect(), picture)
            left += side + gap
        painter.end()


class DepthView(QWidget):
    """The rows of an image.

    Attributes:
        layer_wanted: a row was clicked; its layer is chosen.
        rows: what is shown, the first layer at the top.
    """

    layer_wanted = Signal()

    def __init__(self, state: InsightState, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = state
        self.rows: list[DepthRow] = []
        self.about, self.hint = QLabel(_ABOUT), hint_label(_NO_IMAGE)
        self.about.setWordWrap(True)
        theme.set_role(self.about, "small")
        inside = QWidget()
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.px(theme.current().space.xs))
        self._column.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidget(inside)
        self._area.setWidgetResizable(True)
        self._area.setFrameShape(QScrollArea.Shape.NoFrame)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.px(theme.current().space.s))
        layout.addWidget(self.about)
        layout.addWidget(self._area, 1)
        layout.addWidget(self.hint, 1)
        state.looked.connect(self._request)
        state.failed.connect(self.hint.setText)
        self._lazy = LazyRefresh(self, self._refresh, _WAIT_MS)

    @Slot()
    def _request(self) -> None:
        self._lazy.request()

    def _refresh(self) -> None:
        from cnn_studio.insight.depths import depths

        look = self._state.look
        for row in self.rows:
            self._column.removeWidget(row)
            row.deleteLater()
        self.rows = [DepthRow(depth) for depth in depths(look)] if look is not None else []
        for at, row in enumerate(self.rows):
            row.clicked.connect(self._clicked)
            self._column.insertWidget(at, row)
        if look is not None and not self.rows:
            self.hint.setText(_NO_MAPS)
        for widget in (self.about, self._area):
            widget.setVisible(bool(self.rows))
        self.hint.setVisible(not self.rows)

    @Slot()
    def _clicked(self) -> None:
        row = self.sender()
        if isinstance(row, DepthRow):
            self._state.choose_layer(row.layer_id)
            self.layer_wanted.emit()


def _percent(share: float) -> str:
    if share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
