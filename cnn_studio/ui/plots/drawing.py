"""The values that a plot hands to its drawing surface."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
        is_smooth: whether the bold line is smoothed, over a faint raw one; otherwise the raw line is bold.
    """

    train: Series
    validation: Series
    best: Best | None = None
    marks: Sequence[Mark] = ()
    others: Sequence[Other] = ()
    is_smooth: bool = True

    def all_series(self) -> Iterator[Series]:
        """Yield every curve that has points."""
        yield from (s for s in (self.train, self.validation) if len(s))
        for other in self.others:
            yield from (s for s in (other.batches, other.epochs) if len(s))
