"""How the card of a layer or of a folded block is painted."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from cnn_studio.ui import theme
from cnn_studio.ui.canvas import style
from cnn_studio.ui.canvas.content import Badge, CardContent
from cnn_studio.ui.theme import ink_on

_FLAKE = 5.0


@lru_cache(maxsize=1)
def _bar() -> QPainterPath:
    """Return the family bar: the card's left edge, rounded as the card is."""
    radius = theme.current().space.radius_card
    card, cut = QPainterPath(), QPainterPath()
    card.addRoundedRect(style.CARD, radius, radius)
    cut.addRect(QRectF(style.CARD.left(), style.CARD.top(), style.BAR_WIDTH, style.CARD.height()))
    return card.intersected(cut)


def paint_shadow(painter: QPainter, strength: float) -> None:
    """Paint a soft shadow below a card, as a few rounded areas of little opacity."""
    painter.setPen(Qt.PenStyle.NoPen)
    radius = theme.current().space.radius_card
    for reach, share in ((3.5, 0.16), (2.0, 0.22), (0.6, 0.34)):
        color = QColor(0, 0, 0)
        color.setAlphaF(strength * share)
        painter.setBrush(color)
        area = style.CARD.adjusted(-reach + 1, -reach + 2, reach - 1, reach + 0.8)
        painter.drawRoundedRect(area, radius + reach - 1, radius + reach - 1)


def paint_card(painter: QPainter, content: CardContent, *, is_selected: bool = False) -> None:
    """Paint a card about the origin, in canvas units, as it looks from 40 % zoom on."""
    tokens, fonts, area = theme.current(), style.fonts(), style.CARD
    radius = tokens.space.radius_card
    paint_shadow(painter, tokens.shadow * (2.2 if is_selected else 1.5))
    if content.is_block:
        _paint_stack(painter)
    needs_edge = tokens.is_dark or tokens.card == tokens.canvas  # where the shadow alone would not show it
    painter.setPen(QPen(theme.qcolor("line"), 1) if needs_edge else Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor("card"))
    painter.drawRoundedRect(area, radius, radius)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.qcolor(tokens.family(content.family)))
    painter.drawPath(_bar())
    _paint_text(painter, content)
    if is_selected:
        ring = tokens.space.ring
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.qcolor("accent"), ring))
        painter.drawRoundedRect(area.adjusted(-0.5, -0.5, 0.5, 0.5), radius, radius)
    if not content.is_known:
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.qcolor("error"), 1, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(area, radius, radius)
    if content.badge is not None:
        _paint_badge(painter, content.badge)
    painter.setFont(fonts.name)


def _paint_stack(painter: QPainter) -> None:
    """Paint the edges of the cards that lie below a folded block's."""
    radius = theme.current().space.radius_card
    painter.setPen(QPen(theme.qcolor("muted", 0.45), 1))
    painter.setBrush(theme.qcolor("card"))
    for step in (2, 1):
        inset = 4.0 * step
        painter.drawRoundedRect(style.CARD.adjusted(inset, 12, -inset, 3.0 * step), radius, radius)


def paint_fold_mark(painter: QPainter, center: QPointF, *, is_folded: bool, color: str = "muted") -> None:
    """Paint the mark that folds and unfolds: it points down where a block is open, to the right where it is not."""
    r = style.MARK / 2
    ends = [(-r * 0.5, -r), (r * 0.6, 0.0), (-r * 0.5, r)]
    if not is_folded:
        ends = [(x, y) for y, x in ends]
    painter.setPen(QPen(theme.qcolor(color), 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([center + QPointF(x, y) for x, y in ends]))


def _paint_text(painter: QPainter, content: CardContent) -> None:
    fonts, area = style.fonts(), style.CARD
    left, right = area.left() + style.INSET, area.right() - style.PADDING
    if content.is_block:
        paint_fold_mark(painter, QPointF(left + 2, area.top() + 16), is_folded=True)
        left += style.MARK + 5
    upper = QRectF(left, area.top() + 6, right - left, 20)
    lower = QRectF(left, area.top() + 25, right - left, 19)
    # the name gets what it needs up to 60 %, and more where the caption is short
    caption_width = fonts.detail_metrics.horizontalAdvance(content.caption)
    is_marked = content.is_frozen or content.is_half_frozen
    flake = 2 * _FLAKE + 6 if is_marked else 0.0
    room = upper.width() - flake - 8
    name_width = min(
        fonts.name_metrics.horizontalAdvance(content.name), max(room * 0.6, room - caption_width)
    )
    name = elided(fonts.name_metrics, content.name, name_width)
    _text(painter, fonts.name, "text", upper, name)
    shown = fonts.name_metrics.horizontalAdvance(name)
    if is_marked:
        center = QPointF(left + shown + 6 + _FLAKE, upper.center().y())
        paint_snowflake(painter, center, arms=6 if content.is_frozen else 3)
    caption = elided(
        fonts.detail_metrics, content.caption, upper.width() - shown - flake - 8, Qt.TextElideMode.ElideRight
    )
    _text(painter, fonts.detail, "muted", upper, caption, Qt.AlignmentFlag.AlignRight)
    count_width = fonts.detail_metrics.horizontalAdvance(content.parameters)
    room = lower.width() - count_width - 8
    subtitle = elided(
        fonts.detail_metrics,
        fitting_subtitle(fonts.detail_metrics, content.subtitle, room),
        room,
        Qt.TextElideMode.ElideRight,
    )
    _text(painter, fonts.detail, "muted", lower, subtitle)
    _text(painter, fonts.detail, "muted", lower, content.parameters, Qt.AlignmentFlag.AlignRight)


def fitting_subtitle(metrics: QFontMetricsF, text: str, width: float) -> str:
    """Return a card's second line, with the letters of the formula for the words where it has no room for them."""
    if metrics.horizontalAdvance(text) <= width:
        return text
    return text.replace("stride ", "s ").replace("pad ", "p ")


def _text(
    painter: QPainter,
    font: QFont,
    color: str,
    area: QRectF,
    text: str,
    side: Qt.AlignmentFlag = Qt.AlignmentFlag.AlignLeft,
) -> None:
    if text:
        painter.setFont(font)
        painter.setPen(theme.qcolor(color))
        painter.drawText(area, side | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextDontClip, text)


def elided(
    metrics: QFontMetricsF,
    text: str,
    width: float,
    mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
) -> str:
    """Return the text shortened to a width, with dots where something was left out."""
    return metrics.elidedText(text, mode, max(0.0, width) + 0.5)


def _paint_badge(painter: QPainter, badge: Badge) -> None:
    center = QPointF(style.CARD.right() - 1, style.CARD.top() + 1)
    radius = style.BADGE_RADIUS
    area = QRectF(center.x() - radius, center.y() - radius, 2 * radius, 2 * radius)
    is_note = badge.severity == "note"
    if is_note:
        painter.setPen(QPen(theme.qcolor("muted"), 1))
        painter.setBrush(theme.qcolor("card"))
        area.adjust(1.5, 1.5, -1.5, -1.5)
    else:
        painter.setPen(QPen(theme.qcolor("canvas"), 1.5))
        painter.setBrush(theme.qcolor(badge.severity))
    painter.drawEllipse(area)
    painter.setPen(theme.qcolor("muted" if is_note else "panel"))
    painter.setFont(style.fonts().badge)
    painter.drawText(area, Qt.AlignmentFlag.AlignCenter, "i" if is_note else "!")


def paint_snowflake(painter: QPainter, center: QPointF, arms: int = 6) -> None:
    """Paint the mark of frozen layers about a place; with three arms the rest is pale, for partly frozen blocks."""
    painter.save()
    painter.translate(center)
    painter.setPen(QPen(theme.qcolor("accent"), 1.2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    r = _FLAKE
    for n in range(6):
        if n == arms:
            painter.setPen(QPen(theme.qcolor("muted", 0.45), 1.0))
        painter.drawLine(QPointF(0, 0), QPointF(0, -r))
        painter.drawLine(QPointF(0, -r * 0.55), QPointF(r * 0.32, -r * 0.9))
        painter.drawLine(QPointF(0, -r * 0.55), QPointF(-r * 0.32, -r * 0.9))
        painter.rotate(60)
    painter.restore()


def paint_tile(painter: QPainter, content: CardContent, *, is_selected: bool, zoom: float) -> None:
    """Paint the card as it looks below 40 % zoom: its colour, and its name while it can be read."""
    tokens, fonts, area = theme.current(), style.fonts(), style.CARD
    ground = theme.qcolor(tokens.family(content.family))
    is_bad = content.badge is not None and content.badge.severity != "note"
    if zoom < style.NAME_ZOOM:
        # a few pixels: rounding and smoothing them costs more than all else and cannot be seen
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        if is_selected or (is_bad and content.badge is not None):
            edge = theme.qcolor("accent" if is_selected or content.badge is None else content.badge.severity)
            painter.fillRect(area.adjusted(-12, -12, 12, 12), edge)
        painter.fillRect(area, ground)
        return
    if content.is_block:
        painter.setPen(QPen(ground, 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(
            area.adjusted(6, 8, -6, 7), tokens.space.radius_card, tokens.space.radius_card
        )
    if is_selected:
        painter.setPen(QPen(theme.qcolor("accent"), 6))
    elif is_bad and content.badge is not None:
        painter.setPen(QPen(theme.qcolor(content.badge.severity), 6))
    else:
        painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ground)
    painter.drawRoundedRect(area, tokens.space.radius_card, tokens.space.radius_card)
    painter.setFont(fonts.tile)
    painter.setPen(QColor(ink_on(tokens.family(content.family))))
    name = ("! " if is_bad else "") + content.name
    painter.drawText(
        area, Qt.AlignmentFlag.AlignCenter, elided(fonts.tile_metrics, name, area.width() - 2 * style.PADDING)
    )


def card_pixmap(content: CardContent, ratio: float = 1.0) -> QPixmap:
    """Return a card as a picture, with room for its shadow, for a drag.

    Args:
        content: what it says.
        ratio: device pixels per pixel.
    """
    area = style.CARD.adjusted(*(m * style.SHADOW_REACH for m in (-1, -1, 1, 1)))
    scale = theme.scale()
    pixmap = QPixmap(round(area.width() * scale * ratio), round(area.height() * scale * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setOpacity(0.92)
    painter.scale(scale, scale)
    painter.translate(-area.topLeft())
    paint_card(painter, content, is_selected=True)
    painter.end()
    return pixmap
