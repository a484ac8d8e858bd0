"""All layer types by id."""

from __future__ import annotations

from collections.abc import Iterator

from cnn_studio.graph.layers import ALL_LAYERS
from cnn_studio.graph.spec import LayerSpec


def _collect() -> dict[str, LayerSpec]:
    found: dict[str, LayerSpec] = {}
    for spec in ALL_LAYERS:
        if spec.id in found:
            raise ValueError(f"two layer types are called {spec.id!r}")
        found[spec.id] = spec
    return found


_BY_ID = _collect()


def find_spec(type_id: str) -> LayerSpec | None:
    """Return the layer type of that id, or None where this version does not know it."""
    return _BY_ID.get(type_id)


def get_spec(type_id: str) -> LayerSpec:
    """Return the layer type of that id.

    Raises:
        KeyError: there is none.
    """
    return _BY_ID[type_id]


def all_specs() -> Iterator[LayerSpec]:
    """Yield the layer types in the order of the palette."""
    return iter(_BY_ID.values())
