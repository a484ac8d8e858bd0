"""What a plot of a run shows, and how its numbers read."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

Kind = Literal["number", "percent", "small", "count", "bytes"]
XAxis = Literal["epoch", "step", "time"]


@dataclass(frozen=True, slots=True)
class PlotSpec:
    """What a plot shows.

    Attributes:
        title: name of the quantity.
        axis: title of the y axis, with the unit.
        line: token of the line's colour.
        kind: how values read; ``percent`` are fractions of which more is better.
        empty: what to do to see something here.
        smooth: whether batches scatter, so that a smoothed line helps.
        shows_gap: whether a validation that parts from the training is marked.
        from_zero: whether the axis begins at 0, for amounts that are used up or got done.
    """

    title: str
    axis: str
    line: str
    kind: Kind
    empty: str
    smooth: bool = True
    shows_gap: bool = False
    from_zero: bool = False

    @property
    def percent(self) -> bool:
        """Whether values are fractions, shown as per cent."""
        return self.kind == "percent"

    def text(self, value: float) -> str:
        """Return a value as people read it."""
        if not math.isfinite(value):
            return "not a number"
        if self.kind == "percent":
            return f"{100 * value:.1f} %"
        if self.kind == "count":
            return f"{value:,.0f}"
        if self.kind == "bytes":
            return bytes_text(value)
        if self.kind == "small":
            return f"{value:.3g}"
        return f"{value:.3g}" if value < 1e-3 else f"{value:.3f}"


LOSS = PlotSpec(
    "Loss",
    "cross-entropy",
    "loss",
    "number",
    "Press Train (Ctrl+T) to see the loss fall here",
    shows_gap=True,
)
ACCURACY = PlotSpec(
    "Accuracy", "right, %", "accuracy", "percent", "Press Train (Ctrl+T) to see the accuracy rise here"
)
RATE = PlotSpec(
    "Learning rate",
    "rate",
    "accent",
    "small",
    "Press Train (Ctrl+T) to see how the rate changes",
    smooth=False,
)
SPEED = PlotSpec(
    "Speed",
    "images/s",
    "accuracy",
    "count",
    "Press Train (Ctrl+T) to see how fast it trains",
    smooth=False,
    from_zero=True,
)
MEMORY = PlotSpec(
    "Memory",
    "held by the program",
    "normalisation",
    "bytes",
    "Press Train (Ctrl+T) to see the memory",
    smooth=False,
    from_zero=True,
)


@dataclass(frozen=True, slots=True)
class Overlay:
    """A curve of another run, to compare with.

    Attributes:
        name: of the run.
        color: token or ``#rrggbb``.
        steps, values, seconds: of its batches, each of shape [N].
        steps_per_epoch: turns its steps into epochs.
        epochs: (step, value) of each validation.
    """

    name: str
    color: str
    steps: ArrayLike = field(repr=False)
    values: ArrayLike = field(repr=False)
    seconds: ArrayLike = field(repr=False)
    steps_per_epoch: float = 1.0
    epochs: Sequence[tuple[float, float]] = ()


def bytes_text(value: float) -> str:
    """Return bytes as people read them: ``812 MB``, ``1.6 GB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.0f} bytes"


def time_text(seconds: float) -> str:
    """Return a time as people read it: ``0:07``, ``1:02:07``."""
    whole = round(seconds)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
