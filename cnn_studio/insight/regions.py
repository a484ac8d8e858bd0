"""What a cell sees: the exact cells of the image, or of any layer below, that have a way to it through the network.

The receptive field is followed downwards from the cell, layer by layer, through all branches, as a mask of cells. Unlike
the sizes of `cnn_studio.graph.receptive` it knows the borders of the maps, the gaps of strides and dilation, and which
channels lead to the cell; like them it asks what can have an influence, not how large it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from cnn_studio.insight.regions_rules import below
from cnn_studio.insight.windows import Box

if TYPE_CHECKING:
    from cnn_studio.insight.maps import LookInside

Cell = tuple[int, ...]
"""A cell of a layer: (channel, row, column) of maps, (element,) of a vector."""


@dataclass(frozen=True)
class Region:
    """Cells of a layer that another one's cell depends on.

    Attributes:
        layer_id: the layer that is seen.
        mask: bool [H, W] for maps, whichever channel; bool [N] for a vector.
    """

    layer_id: int
    mask: np.ndarray = field(repr=False)

    @property
    def box(self) -> Box | None:
        """The smallest rectangle that holds all of them; None where a cell sees nothing but padding, and for vectors."""
        if self.mask.ndim != 2 or not self.mask.any():
            return None
        rows, columns = (np.flatnonzero(self.mask.any(axis=axis)) for axis in (1, 0))
        return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)

    @property
    def num_cells(self) -> int:
        """How many cells."""
        return int(self.mask.sum())


def seen_by(network: LookInside, layer_id: int, cell: Cell, source: int | None = None) -> Region:
    """Return what a cell depends on.

    Args:
        network: the network.
        layer_id: the cell's layer.
        cell: the cell.
        source: the layer in which to look; the image if None. A layer that does not lead to the cell is not seen at all.

    Raises:
        IndexError: the layer has no such cell.
    """
    source = network.input if source is None else source
    start = np.zeros(network.shape(layer_id), bool)
    start[network.raw_index(layer_id, cell)] = True
    found = {layer_id: start}
    order = network.runner.layers
    for here in reversed(order[: order.index(layer_id) + 1]):
        mask = found.get(here)
        if mask is None or here in (source, network.input):
            continue
        del found[here]
        mask = _as_plane(mask)
        ports = network.document.sources_of(here)
        for below_id, part in zip(ports, below(network, here, mask), strict=True):
            found[below_id] = part if below_id not in found else _union(found[below_id], part)
    mask = found.get(source)
    if mask is None:
        mask = np.zeros(network.shape(source), bool)
    return Region(source, _flat(mask, network.layouts[source] == "maps_last"))


def _as_plane(mask: np.ndarray) -> np.ndarray:
    """Return a mask that is the same for all channels as one plane, repeated without memory."""
    if mask.ndim != 3 or mask.strides[0] == 0 or len(mask) == 1 or not (mask == mask[:1]).all():
        return mask
    return np.broadcast_to(mask[:1], mask.shape)


def _union(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    if first.ndim > 1 and first.strides[0] == 0 and second.strides[0] == 0:
        both: np.ndarray = first[:1] | second[:1]
        return np.broadcast_to(both, first.shape)
    joined: np.ndarray = first | second
    return joined


def _flat(mask: np.ndarray, channels_last: bool) -> np.ndarray:
    if mask.ndim != 3:
        return mask
    return np.asarray(np.any(mask, axis=2 if channels_last else 0))
