"""The curves of a kept run, read and thinned for plots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from cnn_studio.app.runs import EpochRow, RunNote, RunStore, RunSummary
from cnn_studio.engine.events import BatchDone
from cnn_studio.ui.plots.colors import run_color
from cnn_studio.ui.plots.spec import Overlay

MOST_POINTS = 20_000
"""Of a curve; a long run has millions, and a plot has a thousand pixels."""


@dataclass(frozen=True, slots=True)
class RunCurves:
    """What plots need of one run."""

    run: RunSummary
    batches: Sequence[BatchDone] = field(repr=False)
    epochs: Sequence[EpochRow] = field(repr=False)
    notes: Sequence[RunNote] = ()

    @property
    def title(self) -> str:
        """What the run is called in a legend."""
        return f"{self.run.name} ({self.run.id})"

    @property
    def color(self) -> str:
        """Token or ``#rrggbb`` of the run's curves."""
        return run_color(self.run.id, self.run.color)

    @property
    def steps_per_epoch(self) -> int:
        """How many steps an epoch has."""
        if self.epochs:
            return max(1, round(self.epochs[0].step / max(1, self.epochs[0].epoch)))
        return max((batch.step for batch in self.batches), default=1)

    def overlays(self) -> RunOverlay:
        """Return the curves to lay over those of other runs."""
        val_loss = [(float(row.step), row.val_loss) for row in self.epochs]
        val_accuracy = [(float(row.step), row.val_accuracy) for row in self.epochs]
        return RunOverlay(
            self.run.id,
            self._overlay([batch.loss for batch in self.batches], val_loss),
            self._overlay([batch.accuracy for batch in self.batches], val_accuracy),
        )

    def _overlay(self, values: list[float], epochs: list[tuple[float, float]]) -> Overlay:
        steps = [batch.step for batch in self.batches]
        seconds = [batch.seconds for batch in self.batches]
        return Overlay(self.title, self.color, steps, values, seconds, self.steps_per_epoch, epochs)


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
    return RunCurves(run, store.curve(run.id, MOST_POINTS), store.epochs(run.id), store.notes(run.id))
