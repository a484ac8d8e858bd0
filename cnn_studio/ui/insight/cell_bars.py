"""Bars of a cell's sum: contributions one below the other, and one thin bar per channel beside each other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF

from cnn_studio.ui import theme
from cnn_studio.ui.concepts.sketch import LEFT, RIGHT, Sketch
from cnn_studio.ui.insight.cell_facts import Bar, short_number

LINE = 19
"""Height of a bar with its name, in pixels at 100 %."""

_NAME_SHARE, _DETAIL_SHARE = 0.24, 0.22


def paint_list(sketch: Sketch, area: QRectF, bars: Sequence[Bar]) -> None:
    """Paint bars from zero to both sides, one below the other: name, numbers, bar, value."""
    if not bars:
        return
    step = min(theme.px(LINE), area.height() / len(bars))
    low = min(0.0, *(bar.value for bar in bars))
    high = max(0.0, *(bar.value for bar in bars))
    span = (high - low) or 1.0
    has_detail = any(bar.detail for bar in bars)
    name = min(area.width() * _NAME_SHARE, max(sketch.width_of(bar.name) for bar in bars) + theme.px(8))
    detail = max(sketch.width_of(bar.detail, mono=True) for bar in bars) + theme.px(10) if has_detail else 0.0
    value = max(sketch.width_of(short_number(bar.value), mono=True) for bar in bars) + theme.px(6)
    room = area.width() - name - detail - value - theme.px(8)
    if room < theme.px(40) and has_detail:  # in a narrow place the bars say more than what they come from
        room, detail = room + detail, 0.0
    left = area.left() + name + detail
    zero = left + room * -low / span
    for number, bar in enumerate(bars):
        line = QRectF(area.left(), area.top() + number * step, area.width(), step)
        if bar.is_own:
            sketch.block(line.adjusted(-2, 1, 2, -1), theme.qcolor("accent_ground"), radius=theme.px(3))
        sketch.text(QRectF(line.left(), line.top(), name, step), bar.name, LEFT, "text", strong=bar.is_own)
        if detail:
            sketch.text(QRectF(line.left() + name, line.top(), detail, step), bar.detail, LEFT, mono=True)
        end = left + room * (bar.value - low) / span if np.isfinite(bar.value) else zero
        high_bar = step * 0.56
        box = QRectF(min(zero, end), line.center().y() - high_bar / 2, max(1.0, abs(end - zero)), high_bar)
        sketch.block(box, theme.qcolor("accent" if bar.value >= 0 else "warning"))
        text = QRectF(area.right() - value, line.top(), value, step)
        sketch.text(text, short_number(bar.value), RIGHT, "text", mono=True)
    bottom = area.top() + len(bars) * step
    sketch.lines([(QPointF(zero, area.top()), QPointF(zero, bottom))], sketch.edge)


def channel_at(area: QRectF, count: int, x: float) -> int | None:
    """Return which channel's bar lies at a place of `paint_channels`."""
    if not count or not area.left() <= x < area.right():
        return None
    width = min(area.width() / count, theme.px(26))
    number = int((x - area.left()) / width)
    return number if number < count else None


def paint_channels(sketch: Sketch, area: QRectF, sums: np.ndarray, chosen: int) -> None:
    """Paint what each channel adds, from zero up and down, beside each other; the chosen one is ringed."""
    count = len(sums)
    high, low = max(0.0, float(sums.max())), min(0.0, float(sums.min()))
    span = (high - low) or 1.0
    width = min(area.width() / count, theme.px(26))
    zero = area.top() + area.height() * high / span
    gap = 1.0 if width > theme.px(4) else 0.0
    above: list[QRectF] = []
    below: list[QRectF] = []
    for at, value in enumerate(sums):
        end = area.top() + area.height() * (high - float(value)) / span
        box = QRectF(
            area.left() + at * width + gap, min(zero, end), max(0.7, width - 2 * gap), abs(end - zero)
        )
        (above if value >= 0 else below).append(box)
    sketch.cells(above, theme.qcolor("accent"), 0)
    sketch.cells(below, theme.qcolor("warning"), 0)
    right = area.left() + width * count
    sketch.lines([(QPointF(area.left(), zero), QPointF(right, zero))], sketch.edge)
    ring = QRectF(area.left() + chosen * width, area.top() - 2, max(width, theme.px(4)), area.height() + 4)
    sketch.outline(ring, theme.qcolor("text"), 1.4, radius=3)
