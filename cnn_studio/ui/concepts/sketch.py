"""What all concept pictures draw with: cells, hatching, stacks, arrows and texts in the theme's colours.

A sketch paints on the ground that is there already. Texts are ``text`` or ``muted`` of the theme, which read well on
panels and cards alike; family colours are for areas and lines only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPen, QPolygonF

from cnn_studio.ui import theme

SOURCES = ("convolution", "activation", "pooling", "dense", "merge", "normalisation", "shape", "io")
"""Colours that tell several sources, groups or axes apart."""

UNDER_TEXT = 0.45
"""The strongest opacity of a fill on which text still reads well, in both themes."""

_Align = Qt.AlignmentFlag
CENTER = _Align.AlignCenter
LEFT = _Align.AlignLeft | _Align.AlignVCenter
RIGHT = _Align.AlignRight | _Align.AlignVCenter


class Sketch:
    """A painter on one area, with the handful of shapes that the pictures are made of.

    Attributes:
        painter: where everything goes; state is restored by whoever made the sketch.
        area: where the picture may draw.
        color: the colour of the layer's family.
    """

    def __init__(self, painter: QPainter, area: QRectF, family: str) -> None:
        self.painter = painter
        self.area = area
        self.color = theme.qcolor(theme.current().family(family))
        self.family = family
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._small = theme.ui_font(theme.current().type.caption)
        self._mono = theme.mono_font(theme.current().type.caption)
        self._strong = theme.ui_font(theme.current().type.caption, theme.current().type.strong)
        self.line_height = QFontMetricsF(self._small).height()

    # -------------------------------------------------------------------------------------------------- colours

    @property
    def cell_color(self) -> QColor:
        """The colour of a cell that nothing is said about."""
        return theme.qcolor("muted", 0.24)

    @property
    def edge(self) -> QColor:
        """The colour of outlines and axes."""
        return theme.qcolor("muted", 0.7)

    def tint(self, alpha: float = 1.0, name: str | None = None) -> QColor:
        """Return the family's colour (or another one by name) with an opacity from 0 to 1."""
        color = QColor(self.color) if name is None else theme.qcolor(name)
        color.setAlphaF(max(0.0, min(1.0, alpha)))
        return color

    def source(self, number: int, alpha: float = 1.0) -> QColor:
        """Return the colour of source (group, axis) number `number`, counted from 0."""
        return theme.qcolor(SOURCES[number % len(SOURCES)], alpha)

    # ----------------------------------------------------------------------------------------------------- texts

    def width_of(self, text: str, *, mono: bool = False) -> float:
        """Return how wide a text is, in pixels."""
        return QFontMetricsF(self._mono if mono else self._small).horizontalAdvance(text)

    def text(
        self,
        box: QRectF,
        text: str,
        align: Qt.AlignmentFlag = CENTER,
        color: str = "muted",
        *,
        mono: bool = False,
        strong: bool = False,
    ) -> None:
        """Write one line inside a box; what does not fit ends in an ellipsis."""
        font = self._mono if mono else self._strong if strong else self._small
        self.painter.setFont(font)
        self.painter.setPen(theme.qcolor(color))
        shown = QFontMetricsF(font).elidedText(text, Qt.TextElideMode.ElideRight, box.width() + 0.5)
        self.painter.drawText(box, int(align.value) | int(Qt.TextFlag.TextSingleLine.value), shown)

    def text_at(self, center: QPointF, text: str, color: str = "muted", *, mono: bool = False) -> None:
        """Write one line around a place, whatever its width, but inside of the picture."""
        half = self.width_of(text, mono=mono) / 2 + 1
        x = max(self.area.left() + half, min(self.area.right() - half, center.x()))
        self.text(
            QRectF(x - half, center.y() - self.line_height / 2, 2 * half, self.line_height),
            text,
            color=color,
            mono=mono,
        )

    def head(self, *parts: str, color: str = "muted") -> None:
        """Write numbers along the upper border, on two lines if one is too short, and take that room away."""
        known = [part for part in parts if part]
        lines = [" · ".join(known)]
        if self.width_of(lines[0]) > self.area.width() and len(known) > 1:
            most = max(
                (
                    n
                    for n in range(1, len(known))
                    if self.width_of(" · ".join(known[:n])) <= self.area.width()
                ),
                default=1,
            )
            lines = [" · ".join(known[:most]), " · ".join(known[most:])]
        for line in lines:
            self.text(self._take(self.line_height, top=True), line, LEFT, color)
        self._take(theme.px(6), top=True)

    def foot(self, text: str, color: str = "muted") -> None:
        """Write a line along the lower border and take that room away."""
        self.text(self._take(self.line_height, top=False), text, LEFT, color)
        self._take(theme.px(3), top=False)

    def _take(self, height: float, *, top: bool) -> QRectF:
        area = self.area
        if top:
            taken = QRectF(area.left(), area.top(), area.width(), height)
            self.area = area.adjusted(0, height, 0, 0)
        else:
            taken = QRectF(area.left(), area.bottom() - height, area.width(), height)
            self.area = area.adjusted(0, 0, 0, -height)
        return taken

    def panes(self, labels: Sequence[str], shares: Sequence[float], gap: float = 26) -> list[QRectF]:
        """Divide what is left of the area into boxes beside each other, each with its label below; return the boxes."""
        space = theme.px(gap)
        line = self.line_height + theme.px(3)
        room = self.area.width() - space * (len(shares) - 1)
        boxes, left = [], self.area.left()
        for label, share in zip(labels, shares, strict=True):
            width = room * share / sum(shares)
            below = QRectF(
                left - space / 2, self.area.bottom() - self.line_height, width + space, self.line_height
            )
            self.text(below.intersected(self.area.adjusted(0, -1, 0, 1)), label, mono=True)
            boxes.append(QRectF(left, self.area.top(), width, max(1.0, self.area.height() - line)))
            left += width + space
        return boxes

    # ---------------------------------------------------------------------------------------------------- shapes

    def cells(self, boxes: Iterable[QRectF], color: QColor, gap: float = 0.5) -> None:
        """Fill boxes, each a little smaller than given, so that neighbours stay apart."""
        found = [box.adjusted(gap, gap, -gap, -gap) for box in boxes]
        if not found:
            return
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.painter.setPen(Qt.PenStyle.NoPen)
        self.painter.setBrush(color)
        self.painter.drawRects(found)
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def rings(self, boxes: Iterable[QRectF], color: QColor) -> None:
        """Draw the thin outlines of cells that hold no image: padding."""
        found = [box.adjusted(1.5, 1.5, -1.5, -1.5) for box in boxes]
        if not found:
            return
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        self.painter.setPen(QPen(color, 1))
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawRects(found)
        self.painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def hatch(self, boxes: Iterable[QRectF], color: str) -> None:
        """Hatch boxes: what is never seen, or taken away."""
        ground, lines = (
            QBrush(theme.qcolor(color, 0.2)),
            QBrush(theme.qcolor(color, 0.9 if color == "warning" else 0.45), Qt.BrushStyle.BDiagPattern),
        )
        for box in boxes:
            self.painter.fillRect(box, ground)
            self.painter.fillRect(box, lines)

    def outline(
        self, box: QRectF, color: QColor, width: float = 1.5, *, dashed: bool = False, radius: float = 1.5
    ) -> None:
        """Draw the outline of a box."""
        pen = QPen(color, width)
        if dashed:
            pen.setStyle(Qt.PenStyle.DashLine)
        self.painter.setPen(pen)
        self.painter.setBrush(Qt.BrushStyle.NoBrush)
        self.painter.drawRoundedRect(box, radius, radius)

    def block(self, box: QRectF, fill: QColor, edge: QColor | None = None, radius: float = 2) -> None:
        """Fill a box, with an outline if `edge` is given."""
        self.painter.setPen(QPen(edge, 1) if edge is not None else Qt.PenStyle.NoPen)
        self.painter.setBrush(fill)
        self.painter.drawRoundedRect(box, radius, radius)

    def polygon(self, corners: Sequence[QPointF], fill: QColor, edge: QColor | None = None) -> None:
        """Fill a polygon."""
        self.painter.setPen(QPen(edge, 1) if edge is not None else Qt.PenStyle.NoPen)
        self.painter.setBrush(fill)
        self.painter.drawPolygon(QPolygonF(list(corners)))

    def dot(self, center: QPointF, radius: float, color: QColor, edge: QColor | None = None) -> None:
        """Draw a filled circle."""
        self.painter.setPen(QPen(edge, 1.2) if edge is not None else Qt.PenStyle.NoPen)
        self.painter.setBrush(color)
        self.painter.drawEllipse(center, radius, radius)

    def lines(
        self,
        pairs: Iterable[tuple[QPointF, QPointF]],
        color: QColor,
        width: float = 1.0,
        *,
        dashed: bool = False,
    ) -> None:
        """Draw straight lines."""
        pen = QPen(color, width)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        if dashed:
            pen.setDashPattern([3, 3])
        self.painter.setPen(pen)
        self.painter.drawLines([QLineF(start, end) for start, end in pairs])

    def cross(self, box: QRectF, color: QColor, width: float = 1.4) -> None:
        """Cross a box out."""
        inset = min(box.width(), box.height()) * 0.22
        box = box.adjusted(inset, inset, -inset, -inset)
        self.lines([(box.topLeft(), box.bottomRight()), (box.topRight(), box.bottomLeft())], color, width)

    def arrow(self, start: QPointF, end: QPointF, color: QColor | None = None) -> None:
        """Draw an arrow."""
        color = self.edge if color is None else color
        self.lines([(start, end)], color, 1.4)
        line = QLineF(start, end)
        if line.length() < 1:
            return
        size = theme.px(4)
        ux, uy = line.dx() / line.length(), line.dy() / line.length()
        back = QPointF(end.x() - size * ux, end.y() - size * uy)
        side = QPointF(-uy * size * 0.7, ux * size * 0.7)
        self.polygon([end, back + side, back - side], color)

    def arrow_between(self, left: QRectF, right: QRectF, word: str = "") -> None:
        """Draw an arrow from one box to the one beside it, with a short word above."""
        middle = (left.top() + left.bottom()) / 2
        space = theme.px(4)
        start, end = QPointF(left.right() + space, middle), QPointF(right.left() - space, middle)
        if end.x() - start.x() < theme.px(8):
            middle_x = (left.right() + right.left()) / 2
            start.setX(middle_x - theme.px(5))
            end.setX(middle_x + theme.px(5))
        self.arrow(start, end)
        if word:
            self.text_at(QPointF((start.x() + end.x()) / 2, middle - self.line_height * 0.8), word)


def centered(box: QRectF, width: float, height: float) -> QRectF:
    """Return a box of a size in the middle of another."""
    return QRectF(box.center().x() - width / 2, box.center().y() - height / 2, width, height)
