"""The curves of a kept run, read and thinned for plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnn_studio.app.run_summary import EpochRow, RunNote, RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.ui.plots.colors import run_color
from cnn_studio.ui.plots.spec import Overlay

if TYPE_CHECKING:
    import numpy as np

MOST_POINTS = 20_000
"""Of a curve; a long run has millions, and a plot has a thousand pixels."""


@dataclass(frozen=True, slots=True)
class RunCurves:
    """What plots need of one run.

    Attributes:
        steps, seconds, loss, accuracy: of its batches, each of shape [N].
    """

    run: RunSummary
    steps: np.ndarray = field(repr=False)
    seconds: np.ndarray = field(repr=False)
    loss: np.ndarray = field(repr=False)
    accuracy: np.ndarray = field(repr=False)
    epochs: Sequence[EpochRow] = field(repr=False)
    notes: Sequence[RunNote] = ()

    @property
    def color(self) -> str:
        """Token or ``#rrggbb`` of the run's curves."""
        return run_color(self.run.id, self.run.color)

    @property
    def steps_per_epoch(self) -> int:
        """How many steps an epoch has."""
        if self.epochs:
            return max(1, round(self.epochs[0].step / max(1, self.epochs[0].epoch)))
        return int(self.steps[-1]) if len(self.steps) else 1

    def overlays(self) -> RunOverlay:
        """Return the curves to lay over those of other runs."""
        val_loss = [(float(row.step), row.val_loss) for row in self.epochs]
        val_accuracy = [(float(row.step), row.val_accuracy) for row in self.epochs]
        return RunOverlay(
            self.run.id, self._overlay(self.loss, val_loss), self._overlay(self.accuracy, val_accuracy)
        )

    def _overlay(self, values: np.ndarray, epochs: list[tuple[float, float]]) -> Overlay:
        name = f"{self.run.name} ({self.run.id})"
        return Overlay(name, self.color, self.steps, values, self.seconds, self.steps_per_epoch, epochs)


@dataclass(frozen=True, slots=True)
class RunOverlay:
    """A run's curves for the plot of the loss and for that of the accuracy."""

    run: int
    loss: Overlay
    accuracy: Overlay


def read_curves(store: RunStore, run: RunSummary) -> RunCurves:
    """Read what plots need of a run.

    Raises:
        StorageError: the store cannot be read.
    """
    import numpy as np

    batches = store.curve(run.id, MOST_POINTS)
    rows = [(b.step, b.seconds, b.loss, b.accuracy) for b in batches]
    columns = np.array(rows, dtype=np.float64).reshape(-1, 4).T.copy()
    steps, seconds, loss, accuracy = columns
    return RunCurves(run, steps, seconds, loss, accuracy, store.epochs(run.id), store.notes(run.id))
