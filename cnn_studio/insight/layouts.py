"""How a layer's values lie: as maps, as maps with the channels last, as a vector, or as something that is no picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from cnn_studio.graph.shapes import ShapeReport

Layout = Literal["maps", "maps_last", "vector", "other"]
"""``maps`` are C × H × W, ``maps_last`` H × W × C, as ConvNeXt has them around its fully connected layers."""

_CHANNELS_LAST, _CHANNELS_FIRST, _SAME = (1, 2, 0), (2, 0, 1), (0, 1, 2)


def layouts(report: ShapeReport) -> Mapping[int, Layout]:
    """Return how the values of each layer with a known shape lie.

    The shape alone does not tell: 7 × 7 × 768 and 768 × 7 × 7 have three sizes each. What a permutation of the axes made
    goes on until another one takes it back; a merge follows its first input.
    """
    document, found = report.document, dict[int, Layout]()
    for layer_id in report.order:
        shape = report.states[layer_id].shape
        if shape is None:
            continue
        if len(shape) == 1:
            found[layer_id] = "vector"
            continue
        if len(shape) != 3:
            found[layer_id] = "other"
            continue
        sources = document.sources_of(layer_id)
        before = found.get(sources[0], "maps") if sources else "maps"
        layer = document.layer(layer_id)
        if layer.type == "permute":
            found[layer_id] = _permuted(before, tuple(layer.params["order"]))
        else:
            is_new = layer.type == "reshape" or before == "vector"
            found[layer_id] = "maps" if is_new else before
    return found


def _permuted(before: Layout, order: tuple[int, ...]) -> Layout:
    if order == _SAME:
        return before
    if before == "maps" and order == _CHANNELS_LAST:
        return "maps_last"
    if before == "maps_last" and order == _CHANNELS_FIRST:
        return "maps"
    return "other"
