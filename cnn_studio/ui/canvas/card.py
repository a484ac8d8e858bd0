"""The card of one layer, or of one folded block, on the canvas."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QGraphicsItem, QStyleOptionGraphicsItem, QWidget
from typing_extensions import override

from cnn_studio.graph.layout import Direction
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.card_paint import paint_card, paint_tile
from cnn_studio.ui.canvas.content import CardContent
from cnn_studio.ui.canvas.picture_store import PictureStore

_END_STUB = 10.0
_END_ROOM = 30.0
PICTURES = PictureStore()


class CardItem(QGraphicsItem):
    """One card on the canvas.

    Attributes:
        key: the layer's id, or the negative number of a folded block.
        content: what it shows.
    """

    def __init__(self, key: int, content: CardContent, direction: Direction = "down") -> None:
        super().__init__()
        self.key = key
        self.content = content
        self._is_down = direction == "down"
        self._is_selected = False
        self._ports = ""  # which ports show: any of "i" and "o"
        self._is_ghost = False
        self.setZValue(1)

    def set_content(self, content: CardContent) -> bool:
        """Show something else; return whether it differs from before."""
        if content == self.content:
            return False
        if content.end != self.content.end:
            self.prepareGeometryChange()
        self.content = content
        self.update()
        return True

    @property
    def is_selected(self) -> bool:
        """Whether it shows the accent ring."""
        return self._is_selected

    def set_selected(self, is_selected: bool) -> None:
        """Show the accent ring, or no longer."""
        if is_selected != self._is_selected:
            self._is_selected = is_selected
            self.setZValue(2 if is_selected else 1)
            self.update()

    def set_ports(self, ports: str) -> None:
        """Show the input port (``i``), the output port (``o``), both or neither."""
        if ports != self._ports:
            self._ports = ports
            self.update()

    def set_ghost(self) -> None:
        """Show this card as one that is not there yet."""
        self._is_ghost = True
        self.setZValue(3)
        self.update()

    def port(self, port: str) -> QPointF:
        """Return where a port is, from the card's centre: where wires end (``i``), or begin (``o``)."""
        sign = 1 if port == "o" else -1
        if self._is_down:
            return QPointF(0, sign * style.CARD.bottom())
        return QPointF(sign * style.CARD.right(), 0)

    def mark_at(self, x: float, y: float) -> bool:
        """Return whether a place, from the card's centre, is on the mark that unfolds a block."""
        if not self.content.is_block:
            return False
        right = style.CARD.left() + style.INSET + style.MARK + 4
        return style.CARD.left() <= x <= right and style.CARD.top() <= y <= 6

    @override
    def boundingRect(self) -> QRectF:
        reach = style.BADGE_RADIUS + style.SHADOW_REACH
        area = style.CARD.adjusted(-reach, -reach, reach, reach)
        if self.content.end and self._is_down:
            area.setBottom(max(area.bottom(), style.CARD.bottom() + _END_ROOM))
        elif self.content.end:
            area.setRight(style.CARD.right() + style.CARD.width())
        return area

    @override
    def shape(self) -> QPainterPath:
        path = QPainterPath()
        path.addRect(style.CARD)
        return path

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        zoom = option.levelOfDetailFromTransform(painter.worldTransform()) / theme.scale()
        if zoom < style.NAME_ZOOM:
            paint_tile(painter, self.content, is_selected=self._is_selected, zoom=zoom)
            return
        if self.content.end and zoom >= style.FADE_ZOOM:
            self._paint_end(painter)
        is_tile = zoom < style.TILE_ZOOM
        is_ringed = self._is_selected or self._is_ghost
        # without a widget it is painted for a file, which has no pixels to copy
        if self._is_ghost or widget is None:
            painter.setOpacity(0.94 if self._is_ghost else 1.0)
            self._paint_whole(painter, (self.content, is_ringed, is_tile), zoom)
        else:
            PICTURES.draw(painter, self, (self.content, is_ringed, is_tile), self._paint_whole)
        for port in self._ports if not is_tile else "":
            painter.setPen(QPen(theme.qcolor("accent"), 1.6))
            painter.setBrush(theme.qcolor("card"))
            painter.drawEllipse(self.port(port), style.PORT_RADIUS, style.PORT_RADIUS)

    def _paint_whole(self, painter: QPainter, key: tuple[CardContent, bool, bool], zoom: float) -> None:
        content, is_selected, is_tile = key
        if is_tile:
            paint_tile(painter, content, is_selected=is_selected, zoom=zoom)
        else:
            paint_card(painter, content, is_selected=is_selected)

    def _paint_end(self, painter: QPainter) -> None:
        """Paint the stub behind the last card: where the result comes out, and its shape."""
        along = QPointF(0, 1) if self._is_down else QPointF(1, 0)
        across = QPointF(along.y(), -along.x())
        start = self.port("o")
        color = theme.qcolor("muted")
        painter.setPen(QPen(color, style.WIRE_WIDTH))
        painter.drawLine(start, start + along * _END_STUB)
        if self.content.is_output:
            painter.setBrush(color)
            painter.setPen(Qt.PenStyle.NoPen)
            tip = start + along * (_END_STUB + 6)
            painter.drawPolygon(QPolygonF([tip - along * 6 - across * 4, tip - along * 6 + across * 4, tip]))
        painter.setFont(style.fonts().mono)
        painter.setPen(color)
        corner = QPointF(8, start.y() + 6) if self._is_down else QPointF(start.x() + _END_STUB + 12, -8)
        area = QRectF(corner.x(), corner.y(), style.CARD.width(), 16)
        painter.drawText(area, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, self.content.end)
