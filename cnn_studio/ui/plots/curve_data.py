"""What a `LivePlot` knows: the run's batches and validations, its moments, and the curves of other runs.

Import late: this needs numpy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from cnn_studio.engine.overfitting import gap_opens
from cnn_studio.ui.plots.drawing import Best, Drawing, Mark, Other
from cnn_studio.ui.plots.header import Part
from cnn_studio.ui.plots.series import Series
from cnn_studio.ui.plots.spec import Overlay, PlotSpec, XAxis, time_text

_MOST_EPOCHS = 400


def _groups(values: list[float], size: int) -> list[list[float]]:
    return [values[at : at + size] for at in range(0, len(values), size)]


class CurveData:
    """The numbers of one plot and what they say in words.

    Attributes:
        train, validation: the run's own curves.
        axis: what x is.
    """

    def __init__(self, spec: PlotSpec) -> None:
        self._spec = spec
        self.axis: XAxis = "epoch"
        self.train = Series(0.0)
        self.validation = Series()
        self.overlays: list[tuple[Overlay, Series, Series]] = []
        self._window: float | None = None
        self._best: tuple[int, int] | None = None  # epoch, and its place among the validations
        self._epochs: list[tuple[float, float, float]] = []  # step, training and validation of each epoch
        self._moments: list[tuple[float, str]] = []
        self._gap: tuple[int, int | None] = (0, None)  # of so many epochs, the one at which it opens
        self.train.beta = self.beta

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not (len(self.train) or len(self.validation) or self.overlays)

    # ------------------------------------------------------------------------------------------------------ points

    def start(self, steps_per_epoch: int) -> None:
        """Forget the run's points; the next ones are of a run of this many steps per epoch."""
        self.train.steps_per_epoch = self.validation.steps_per_epoch = max(1, steps_per_epoch)
        self.clear()
        self.train.beta = self.beta

    def clear(self) -> None:
        """Forget the run's points; other runs stay."""
        self.train.clear()
        self.validation.clear()
        self._best, self._gap = None, (0, None)
        self._epochs.clear()
        self._moments.clear()

    def append_epoch(self, step: int, epoch: int, value: float, *, is_best: bool, train: float) -> None:
        """Add a validation, and the training value of its epoch."""
        batches = self.train
        self.validation.append(step, value, float(batches.seconds[-1]) if len(batches) else 0.0)
        self._epochs.append((step, train, value))
        if is_best:
            self._best = (epoch, len(self.validation) - 1)

    def mark(self, step: float, text: str) -> None:
        """Remember a moment."""
        self._moments.append((step, text))

    def set_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Show other runs, in place of those of before."""
        self.overlays.clear()
        for overlay in overlays:
            line = Series(self.beta, overlay.steps_per_epoch)
            line.extend(overlay.steps, overlay.values, overlay.seconds)
            epochs = Series(0.0, overlay.steps_per_epoch)
            for step, value in overlay.epochs:
                at = line.nearest(step, "step")
                epochs.append(step, value, 0.0 if at is None else float(line.seconds[at]))
            self.overlays.append((overlay, line, epochs))

    def extend_overlay(self, at: int, steps: ArrayLike, values: ArrayLike, seconds: ArrayLike) -> None:
        """Add batches to another run."""
        line = self.overlays[at][1]
        for point in zip(np.atleast_1d(steps), np.atleast_1d(values), np.atleast_1d(seconds), strict=True):
            line.append(*map(float, point))

    def set_window(self, window: float | None) -> None:
        """Smooth over about this many batches: None fits it to the run, 1 or less turns it off."""
        self._window = window
        for series in (self.train, *(line for _, line, _ in self.overlays)):
            series.smooth_with(self.beta)

    @property
    def beta(self) -> float:
        """The weight of the past in the smoothed line."""
        if not self._spec.smooth:
            return 0.0
        fitting = min(max(self.train.steps_per_epoch / 3, 4), 50)
        return 1 - 1 / max(1.0, fitting if self._window is None else self._window)

    @property
    def gap_epoch(self) -> int | None:
        """The epoch from which the validation parts from the training, if it does and the plot shows it.

        Worked out when it is asked for and epochs have come; thousands of them are looked at in groups.
        """
        count = len(self._epochs)
        if self._spec.shows_gap and self._gap[0] != count:
            group = -(-count // _MOST_EPOCHS)
            train, val = (
                [sum(part) / len(part) for part in _groups([row[at] for row in self._epochs], group)]
                for at in (1, 2)
            )
            found = gap_opens(train, val)
            self._gap = count, None if found is None else min(count, (found - 1) * group + 1)
        return self._gap[1]

    # ----------------------------------------------------------------------------------------------------- drawing

    def drawing(self) -> Drawing:
        """Return what is to be drawn now."""
        others = tuple(Other(overlay.color, line, epochs) for overlay, line, epochs in self.overlays)
        style: Literal["both", "raw", "line"] = "line"
        if self._spec.smooth:
            style = "both" if self.beta > 0 else "raw"
        return Drawing(self.train, self.validation, self.best, self._marks(), others, style)

    @property
    def best(self) -> Best | None:
        """The best validation so far."""
        if self._best is None:
            return None
        epoch, at = self._best
        value = float(self.validation.y[at])
        return (
            Best(self.validation.x_at(at, self.axis), value, f"epoch {epoch}")
            if math.isfinite(value)
            else None
        )

    def _marks(self) -> list[Mark]:
        found = [Mark(self._place(step), text, "muted") for step, text in self._moments]
        if (epoch := self.gap_epoch) is not None:
            found.append(Mark(self._place(self._epochs[epoch - 1][0]), "overfits from here", "warning"))
        return found

    def _place(self, step: float) -> float:
        """Return where a step lies on the x axis."""
        if self.axis == "time":
            at = self.train.nearest(step, "step")
            return 0.0 if at is None else float(self.train.seconds[at])
        return step / self.train.steps_per_epoch if self.axis == "epoch" else step

    # ------------------------------------------------------------------------------------------------------- words

    def parts(self) -> tuple[Part, ...]:
        """Return the values of now."""
        text, val = self._spec.text, self.validation
        now = []
        if (last := self.train.last) is not None:
            raw = float(self.train.y[-1])
            now.append(Part(f"{text(last if math.isfinite(raw) else raw)}{self._suffix}", self._spec.line))
        if len(val):
            now.append(Part(f"{text(float(val.y[-1]))} validation", "validation", is_round=True))
        if self._spec.percent and self._best is not None:
            # what comes first is what a narrow plot keeps
            epoch, at = self._best
            value = float(val.y[at])
            latest = math.isclose(value, float(val.y[-1]))
            best = f"best at epoch {epoch}" if latest else f"best {text(value)} at epoch {epoch}"
            now = [now[-1], Part(best), *now[:-1]]
        for overlay, line, _ in self.overlays:
            if line.last is not None:
                now.append(Part(f"{overlay.name} {text(line.last)}", overlay.color))
        return tuple(now)

    def parts_at(self, x: float) -> tuple[Part, ...]:
        """Return the values at a place: of the batch there, and of the epoch whose end is nearest."""
        text, axis = self._spec.text, self.axis
        x_text = {
            "epoch": f"epoch {max(x, 0):.2f}",
            "step": f"step {max(x, 0):,.0f}",
            "time": time_text(max(x, 0)),
        }
        parts = [Part(f"at {x_text[axis]}")]
        if (at := self.train.nearest(x, axis)) is not None:
            parts.append(Part(f"{text(float(self.train.smooth[at]))}{self._suffix}", self._spec.line))
        if (at := self.validation.nearest(x, axis)) is not None:
            epoch = round(self.validation.x_at(at, "epoch"))
            value = text(float(self.validation.y[at]))
            parts.append(Part(f"{value} validation (epoch {epoch})", "validation", is_round=True))
        for overlay, line, _ in self.overlays:
            if (at := line.nearest(x, axis)) is not None:
                parts.append(Part(f"{overlay.name} {text(float(line.smooth[at]))}", overlay.color))
        return tuple(parts)

    @property
    def _suffix(self) -> str:
        return " train" if self._spec.smooth else ""
