"""Finds image files that are unlike the rest by what they are: format, colours, size, shape, or nothing on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnn_studio.datasets.probe import ImageFacts

_LEAST_FILES = 8
"""With fewer files nothing can be said to be usual."""

_USUAL_SHARE = 0.9
_RARE_SHARE = 0.02
_MOST_DEVIATIONS = 6.0  # of the median absolute deviation
_SMALLER, _LARGER = 3.0, 5.0
"""Powers of 2 in the number of pixels that are within what people's photographs differ by; too small loses more."""

_SHAPE = 1.6  # and this in width by height


@dataclass(frozen=True, slots=True)
class Outlier:
    """A file that is unlike the rest, and in what."""

    name: str
    reason: str


def find_outliers(files: Sequence[tuple[str, ImageFacts]]) -> list[Outlier]:
    """Return the outliers among named files, in their order; a file with several reasons names them all."""
    if len(files) < _LEAST_FILES:
        return []
    facts = [found for _, found in files]
    reasons: list[list[str]] = [[] for _ in files]
    _rare(facts, reasons, lambda found: found.format, str)
    _rare(facts, reasons, lambda found: found.colours, str, only_first=True)
    sized = _rare(facts, reasons, lambda found: (found.width, found.height), _size_text)
    if not sized:
        _far(facts, reasons)
    blank = [at for at, found in enumerate(facts) if found.is_blank]
    if len(blank) <= _limit(len(facts)):
        for at in blank:
            reasons[at].append("blank: all of one single value")
    return [Outlier(name, "; ".join(why)) for (name, _), why in zip(files, reasons, strict=True) if why]


def _limit(count: int) -> int:
    return max(1, int(count * _RARE_SHARE))


def _rare(
    facts: Sequence[ImageFacts],
    reasons: list[list[str]],
    key: Callable[[ImageFacts], Hashable],
    text: Callable[[Hashable], str],
    *,
    only_first: bool = False,
) -> bool:
    """Mark files with a rare value where nearly all share one; return whether they do.

    With `only_first` files that were marked before are passed over: another format often means other colours.
    """
    counts = Counter(map(key, facts))
    usual, count = counts.most_common(1)[0]
    if count < _USUAL_SHARE * len(facts):
        return False
    for at, found in enumerate(facts):
        value = key(found)
        if only_first and reasons[at]:
            continue
        if value != usual and counts[value] <= _limit(len(facts)):
            reasons[at].append(f"{text(value)}, while {count:,} of {len(facts):,} are {text(usual)}")
    return True


def _size_text(size: Hashable) -> str:
    return " × ".join(f"{side:,}" for side in size) if isinstance(size, tuple) else str(size)


def _far(facts: Sequence[ImageFacts], reasons: list[list[str]]) -> None:
    """Mark files whose area or shape is far from the median."""
    width = np.array([found.width for found in facts], np.float64)
    height = np.array([found.height for found in facts], np.float64)
    usual = f"the usual one is about {np.median(width):,.0f} × {np.median(height):,.0f}"
    for values, low, high, words in (
        (
            np.log2(width * height),
            _SMALLER,
            _LARGER,
            ("far smaller than the rest", "far larger than the rest"),
        ),
        (np.log2(width / height), _SHAPE, _SHAPE, ("very tall and narrow", "very wide and low")),
    ):
        away = _away(values, low, high)
        if np.count_nonzero(away) > _limit(len(facts)):
            continue
        for at in np.flatnonzero(away).tolist():
            size = _size_text((facts[at].width, facts[at].height))
            reasons[at].append(f"{size}, {words[int(away[at] > 0)]}; {usual}")


def _away(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.int64]:
    """-1, 0 or 1 for values far below, near, or far above the median: by `low`, `high` and the spread of the rest."""
    off = values - np.median(values)
    spread = _MOST_DEVIATIONS * float(np.median(np.abs(off)))
    return (off > max(high, spread)).astype(np.int64) - (off < -max(low, spread))
