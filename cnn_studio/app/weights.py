"""Weight sets: immutable arrays beside the document, keyed by layer id, so that renaming and grouping lose nothing."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import ShapeReport

if TYPE_CHECKING:
    import numpy as np

    Arrays = Mapping[str, np.ndarray]

_NOTHING: Mapping[tuple[int, str], np.ndarray] = MappingProxyType({})


class WeightSet:
    """Arrays by (layer id, tensor name), such as ``(3, "weight")``; never changed after it is made.

    The one tensor of a layer that is a parameter of its block has an empty name: its key is the layer's path.
    """

    def __init__(self, arrays: Mapping[tuple[int, str], np.ndarray] = _NOTHING) -> None:
        self._arrays = dict(arrays)

    def __len__(self) -> int:
        return len(self._arrays)

    @classmethod
    def from_state(cls, document: NetworkDocument, state: Arrays) -> WeightSet:
        """Make a set from arrays by state-dict key; keys that name no layer of the document are left out."""
        found: dict[tuple[int, str], np.ndarray] = {}
        for key, array in state.items():
            path, _, name = (key, "", "") if key in document.paths else key.rpartition(".")
            if path in document.paths:
                found[(document.paths[path], name)] = array
        return cls(found)

    def to_state(self, document: NetworkDocument) -> dict[str, np.ndarray]:
        """Return the arrays by state-dict key, for the paths that the layers have now."""
        return {
            f"{document.layers[layer_id].path}.{name}".rstrip("."): array
            for (layer_id, name), array in self._arrays.items()
            if layer_id in document.layers
        }

    def misfits(self, report: ShapeReport) -> list[int]:
        """Return the ids of the layers with tensors that this set lacks or has in another shape."""
        found = []
        for layer_id in report.order:
            layer, state = report.document.layer(layer_id), report.states[layer_id]
            if layer.spec is None or state.shape is None or layer.tied_to is not None:
                continue
            for name, tensor in layer.spec.tensors(layer.params, state.inputs).items():
                array = self._arrays.get((layer_id, name))
                if array is None or tuple(array.shape) != tensor.shape:
                    found.append(layer_id)
                    break
        return found
