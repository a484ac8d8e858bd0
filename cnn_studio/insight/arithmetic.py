"""One cell of a layer, written out: what it reads, what it computes with it, and how the numbers make the cell.

`explain_cell` is the whole of it. Everything is computed again in float64 from the values that the layers below gave, so
that what is shown adds up to the cell that the network computed but for the rounding of float32.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from cnn_studio.core.errors import GraphError
from cnn_studio.insight import arithmetic_norms, arithmetic_values, arithmetic_windows
from cnn_studio.insight.regions import Cell, Region, seen_by
from cnn_studio.insight.written import CellArithmetic, Patch, Reading, Step, Written

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look

__all__ = ["CellArithmetic", "Patch", "Step", "explain_cell", "has_written_form"]

_WRITERS: dict[str, Callable[[Reading], Written]] = {
    **arithmetic_windows.WRITERS,
    **arithmetic_values.WRITERS,
    **arithmetic_norms.WRITERS,
}


def has_written_form(type_id: str) -> bool:
    """Return whether cells of layers of this type can be written out."""
    return type_id in _WRITERS


def explain_cell(look: Look, layer_id: int, cell: Cell) -> CellArithmetic:
    """Return how a cell of a layer comes about.

    Args:
        look: what the layers gave for an image.
        layer_id: the layer.
        cell: (channel, row, column) of maps, (element,) of a vector.

    Raises:
        GraphError: the layer, or one that it reads, is not in the look; says why.
        IndexError: the layer has no such cell.
    """
    network = look.network
    layer = network.document.layer(layer_id)
    index = network.raw_index(layer_id, cell)
    for needed in (layer_id, *network.document.sources_of(layer_id)):
        if needed not in look.layers:
            path = network.document.layer(needed).path
            raise GraphError(look.left_out.get(needed, f"{path} was not looked at. Look at all layers."))
    value = float(look.layers[layer_id].raw[index])
    region = seen_by(network, layer_id, cell)
    if layer.type == "input":
        note = (
            "This is the image itself: the pixel's value, scaled, less the mean and divided by the deviation."
        )
        return _plain(layer_id, cell, value, note, region)
    writer = _WRITERS.get(layer.type)
    if writer is None:
        title = layer.spec.title if layer.spec is not None else layer.type
        return _plain(layer_id, cell, value, f"There is no written-out form of {title} cells here.", region)
    written = writer(Reading(look, layer, cell, index))
    return CellArithmetic(layer_id, tuple(cell), value, region, written)


def _plain(layer_id: int, cell: Cell, value: float, note: str, region: Region) -> CellArithmetic:
    return CellArithmetic(layer_id, tuple(cell), value, region, Written("", (), (), None, note=note))
