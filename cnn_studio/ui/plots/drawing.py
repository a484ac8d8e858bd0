"""The values that a plot hands to its drawing surface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from cnn_studio.ui.plots.series import Series


@dataclass(frozen=True, slots=True)
class Best:
    """The best validation so far: where, and the label beside its ring."""

    x: float
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment of the run: where, what it is, and the token of its colour."""

    x: float
    text: str
    token: str


@dataclass(frozen=True, slots=True)
class Other:
    """Another run: its colour, batches and validations."""

    color: str
    batches: Series
    epochs: Series


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that is drawn.

    Attributes:
        train, validation: the run itself.
        others: runs to compare with.
        style: ``both`` draws a bold smoothed line over the faint raw one, ``raw`` every batch as it came, ``line`` a
            bold line of values that do not scatter.
    """

    train: Series
    validation: Series
    best: Best | None = None
    marks: Sequence[Mark] = ()
    others: Sequence[Other] = ()
    style: Literal["both", "raw", "line"] = "both"

    def all_series(self) -> Iterator[Series]:
        """Yield every curve that has points."""
        yield from (s for s in (self.train, self.validation) if len(s))
        for other in self.others:
            yield from (s for s in (other.batches, other.epochs) if len(s))
