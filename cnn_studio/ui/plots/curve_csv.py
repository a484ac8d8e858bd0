"""The numbers of curves as CSV. Import late: this needs numpy."""

from __future__ import annotations

import csv
import io
import math
from typing import NamedTuple

import numpy as np

from cnn_studio.ui.plots.series import Floats, Series


class _Rows(NamedTuple):
    name: str
    steps_per_epoch: float
    steps: Floats
    seconds: Floats
    values: Floats
    smooth: Floats


class CurveTable:
    """Copies of curves, from which another thread can make CSV while the curves grow."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._parts: list[_Rows] = []

    def add(self, name: str, series: Series) -> None:
        """Add a curve as it is now; one without points adds nothing."""
        if len(series):
            copies = (np.array(part) for part in (series.steps, series.seconds, series.y, series.smooth))
            self._parts.append(_Rows(name, series.steps_per_epoch, *copies))

    def text(self) -> str:
        """Return one line per point: curve, step, epoch, seconds, value and smoothed value; gaps are empty."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["curve", "step", "epoch", "seconds", self._title.lower(), "smoothed"])
        for part in self._parts:
            numbers = zip(
                part.steps.tolist(),
                part.seconds.tolist(),
                part.values.tolist(),
                part.smooth.tolist(),
                strict=True,
            )
            for step, seconds, value, smooth in numbers:
                writer.writerow(
                    (
                        part.name,
                        f"{step:.0f}",
                        f"{step / part.steps_per_epoch:.8g}",
                        f"{seconds:.6g}",
                        "" if math.isnan(value) else f"{value:.8g}",
                        "" if math.isnan(smooth) else f"{smooth:.8g}",
                    )
                )
        return out.getvalue()
