"""Where the axes of a growing curve end: plain arithmetic.

An axis is laid out anew whenever its range changes, which takes longer than all the rest of a repaint. So a range
stays while it shows what is wanted, and not much else.
"""

from __future__ import annotations

from typing import Literal

Limits = tuple[float, float, float, float]
"""First and last x, lowest and highest y of the axes."""

_GROWTH = 1.6  # how much further than the run the x axis reaches when it must grow
_MARGIN = 1.015  # the last marker stays whole
_SLACK = 1.3  # how much higher than the values the y axis may be
_NEAR_ZERO = 0.3  # a lowest value under this share of the highest lets the axis begin at 0
_MOST_DECADES = 9.0


def fitted(
    now: Limits,
    last_x: float,
    end: float,
    seen: tuple[float, float],
    *,
    kind: Literal["plain", "percent", "log"],
    least: float,
) -> Limits:
    """Return the limits for what is to be seen: those of now, where they still fit.

    Args:
        now: the limits of now.
        last_x: the x of the last point, above 0.
        end: the x at which the run will end; infinite if nobody knows.
        seen: lowest and highest y; on a logarithmic scale their logarithms to base 10.
        kind: of the y axis; ``percent`` ends at 1, ``plain`` may begin at 0.
        least: what the x axis shows at the least.
    """
    low, high = seen
    x1 = _MARGIN * last_x
    if kind == "percent":
        low, high = min(low, 0.9), 1.0
    if kind == "log":
        low = max(low, high - _MOST_DECADES)
    _, last, bottom, top = now
    if not _x_fits(last, x1, least):
        ahead = max(_GROWTH * x1, least)
        last = max(x1, min(ahead, _MARGIN * end))  # a run that ends soon needs no more room
    if kind == "log":
        if not _y_fits(bottom, top, low, high, floor=low):
            room = max(0.08 * (high - low), 0.05)
            bottom, top = low - room, high + room
    elif not _y_fits(bottom, top, low, high, floor=min(low, bottom)):
        room = 0.03 if kind == "percent" else 0.08 * max(high - low, 1e-3 * max(abs(high), 1e-6))
        bottom, top = 0.0 if low < _NEAR_ZERO * high else max(0.0, low - room), high + room
    return 0.0, last, bottom, top


def _x_fits(last: float, wanted: float, least: float) -> bool:
    return wanted <= last <= max(wanted * _GROWTH**2, least)


def _y_fits(bottom: float, top: float, low: float, high: float, *, floor: float) -> bool:
    return bottom <= low and high <= top and top - bottom <= (high - floor) * _SLACK
