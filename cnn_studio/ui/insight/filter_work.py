"""Filters of a layer, now and before training, with what is said about how far they moved.

To be imported when filters are wanted and no earlier, for torch comes with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cnn_studio.insight.filters import (
    FilterPictures,
    Scale,
    compare_filters,
    filter_layers,
    filter_pictures,
    filters_of,
    first_filters,
    sees_colours,
)

if TYPE_CHECKING:
    from cnn_studio.app.project import Project
    from cnn_studio.insight.maps import LookInside

MOST_WEIGHTS = 4_000_000
"""Of a layer with more, only the first filters are shown: AlexNet's first fully connected layer has 38 million."""


@dataclass(frozen=True)
class LayerFilters:
    """The filters of one layer.

    Attributes:
        network: whose.
        layer_id: the layer.
        now: float32 [F, C, h, w].
        before: the same before training; None where there are too many to draw them again.
        since: what `before` is, such as ``the random start (seed 0)``.
        began_there: whether training is known to have begun there.
        total: how many filters the layer has; not all of them may be here.
        is_colour: whether they see red, green and blue.
        moved: how far each moved, in relation to its length before, [F]; empty without `before`.
    """

    network: LookInside = field(repr=False)
    layer_id: int
    now: np.ndarray = field(repr=False)
    before: np.ndarray | None = field(repr=False)
    since: str
    began_there: bool
    total: int
    is_colour: bool
    moved: np.ndarray = field(repr=False)

    @property
    def is_strip(self) -> bool:
        """Whether each filter is several pictures, one for each map that it sees."""
        return not self.is_colour and self.now.shape[1] > 1

    def pictures(self, scale: Scale) -> tuple[FilterPictures | None, FilterPictures]:
        """Return the pictures of before and now; on one scale both where it is common to all filters."""
        if self.before is None:
            return None, filter_pictures(self.now, colour=self.is_colour, scale=scale)
        if scale == "common":
            change = compare_filters(self.before, self.now, colour=self.is_colour)
            return change.before, change.after
        return tuple(  # type: ignore[return-value]  # of two
            filter_pictures(each, colour=self.is_colour, scale=scale) for each in (self.before, self.now)
        )

    @property
    def title(self) -> str:
        """What there is, such as ``conv1 · 6 filters of 1 × 5 × 5``."""
        channels, height, width = self.now.shape[1:]
        path = self.network.document.layer(self.layer_id).path
        first = f", the first {len(self.now):,} of them" if len(self.now) < self.total else ""
        word = "filter" if self.total == 1 else "filters"
        return f"{path} · {self.total:,} {word} of {channels:,} × {height} × {width}{first}"

    def sentence(self, number: int) -> str:
        """Return how far the filters moved, and that of a map among them."""
        if self.before is None:
            return "There are too many weights here to draw their random start again."
        if not self.moved.any():
            return f"These are still the filters of {self.since}."
        real = np.where(np.isfinite(self.moved), self.moved, 0)
        most = int(real.argmax())
        how = (
            f"Since {self.since} the filters moved by"
            if self.began_there
            else f"From {self.since} the filters differ by"
        )
        middle, top = (_number(float(share)) for share in (np.median(real), real[most]))
        said = f"{how} {middle} times their length (median), filter {most} most: {top} times."
        if number < len(real) and number != most:
            said += f" Filter {number}: {_number(float(real[number]))} times."
        return said

    def distance(self, number: int) -> str:
        """Return how far a filter is from before, in lengths that it had, such as ``1.3 ×``."""
        return f"{_number(float(self.moved[number]))} ×"


def find_filters(network: LookInside, layer_id: int | None, start: Project | None) -> LayerFilters | None:
    """Return the filters of a layer, or of the first that has some; None where no layer has.

    Args:
        network: the network.
        layer_id: the layer that is wanted.
        start: what training began with, if it began with weights of its own; its seed draws the others again.
    """
    now = None if layer_id is None else filters_of(network, layer_id)
    if now is None:
        layer_id = next(iter(filter_layers(network)), None)
        now = None if layer_id is None else filters_of(network, layer_id)
    if layer_id is None or now is None:
        return None
    total, before, since = len(now), None, ""
    if now.size > MOST_WEIGHTS:
        now = now[: max(1, MOST_WEIGHTS // now[0].size)]
    else:
        before, since = _before(network, layer_id, now.shape, start)
    moved = np.empty(0, np.float32)
    if before is not None:
        moved = compare_filters(before, now).moved
    return LayerFilters(
        network,
        layer_id,
        now,
        before,
        since,
        start is not None,
        total,
        sees_colours(network, layer_id),
        moved,
    )


def _before(
    network: LookInside, layer_id: int, shape: tuple[int, ...], start: Project | None
) -> tuple[np.ndarray | None, str]:
    seed = start.settings.seed if start is not None else 0
    if start is not None and len(start.weights):
        state = start.weights.to_state(start.document)
        path = network.document.layer(layer_id).path
        if any(key.startswith(f"{path}.") for key in state):
            found = filters_of(network.with_weights(state, seed=seed), layer_id)
            if found is not None and found.shape == shape:
                return found, "the start of training"
    found = first_filters(network, layer_id, seed)
    return found, f"{'a' if start is None else 'the'} random start (seed {seed})"


def _number(share: float) -> str:
    return f"{share:.1f}" if share < 9.95 else f"{share:,.0f}"
