"""The order in which layers run.

The standard library's graphlib stops at the first cycle; a network under construction or a damaged file must
still get shapes for everything outside it, so the few lines of Kahn's algorithm stand here.
"""

from __future__ import annotations

from heapq import heapify, heappop, heappush

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.legality import reaches


def execution_order(document: NetworkDocument) -> list[int]:
    """Return the layer ids so that every layer comes after its sources, lower ids first among equals.

    Layers on a cycle and all that lies behind them are left out.
    """
    missing = {layer_id: len(document.sources_of(layer_id)) for layer_id in document.layers}
    ready = [layer_id for layer_id, count in missing.items() if count == 0]
    heapify(ready)
    order: list[int] = []
    while ready:
        here = heappop(ready)
        order.append(here)
        for link in document.outputs_of(here):
            missing[link.target] -= 1
            if missing[link.target] == 0:
                heappush(ready, link.target)
    return order


def on_cycle(document: NetworkDocument, layer_id: int) -> bool:
    """Return whether links lead from a layer back to itself."""
    return any(reaches(document, link.target, layer_id) for link in document.outputs_of(layer_id))


def ancestors(document: NetworkDocument, layer_id: int) -> set[int]:
    """Return a layer and all that its result depends on."""
    waiting, seen = [layer_id], {layer_id}
    while waiting:
        for source in document.sources_of(waiting.pop()):
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return seen
