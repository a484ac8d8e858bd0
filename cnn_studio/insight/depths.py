"""A few layers from the first to the last, for one image at several depths: how much each sees, and its strongest maps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from cnn_studio.graph.receptive import receptive_fields
from cnn_studio.graph.spec import Family
from cnn_studio.insight.layer_look import LayerLook
from cnn_studio.insight.maps import Look
from cnn_studio.insight.where import places

MOST_LAYERS = 6

_ENDS_OF_STEPS = frozenset({Family.ACTIVATION, Family.MERGE})
"""What a step of a network ends with: its maps show best what the step found."""


@dataclass(frozen=True)
class Depth:
    """One of the layers.

    Attributes:
        layer: what it gave.
        sees: rows and columns of the image that one of its cells sees, no more than there are.
        share: the same as a part of the image, 0 to 1.
        maps: numbers of its strongest maps, the strongest first, int64.
    """

    layer: LayerLook
    sees: tuple[int, int]
    share: float
    maps: np.ndarray = field(repr=False)


def depths(look: Look, *, most_layers: int = MOST_LAYERS, most_maps: int = 6) -> tuple[Depth, ...]:
    """Return layers at even steps of depth, the first and the last with maps among them; none where none has maps.

    Args:
        look: what the layers gave for an image.
        most_layers: how many, at most.
        most_maps: of each, at most; dead ones are left out.
    """
    network = look.network
    possible = [layer_id for layer_id in places(network) if layer_id in look.layers]
    ends = [
        layer_id
        for layer_id in possible
        if (spec := network.document.layer(layer_id).spec) is not None and spec.family in _ENDS_OF_STEPS
    ]
    chosen = _evenly(ends if len(ends) >= most_layers else possible, most_layers)
    fields = receptive_fields(network.report)
    _, height, width = network.input_shape
    found = []
    for layer_id in chosen:
        layer = look.layers[layer_id]
        rows, columns = (
            min(axis.cells, side) for axis, side in zip(fields[layer_id], (height, width), strict=True)
        )
        living = layer.order[~layer.numbers.is_dead[layer.order]]
        found.append(Depth(layer, (rows, columns), rows * columns / (height * width), living[:most_maps]))
    return tuple(found)


def _evenly(layers: list[int], count: int) -> list[int]:
    if len(layers) <= count:
        return layers
    return [layers[round(at)] for at in np.linspace(0, len(layers) - 1, count).tolist()]
