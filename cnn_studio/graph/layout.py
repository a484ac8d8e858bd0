"""Automatic layout: where each card goes, top-down, with chains straight and branches side by side.

The network is cut into chains, each of which stays in one column. Plain Python on the document; nothing is changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import CARD_WIDTH, STEP
from cnn_studio.graph.topology import execution_order

Direction = Literal["down", "right"]
"""Where a network runs to on the canvas."""

RIGHT_STEP = CARD_WIDTH + 110.0
"""Distance of two cards along a network that runs to the right: a card, and a shape on the wire between them."""

COLUMN = CARD_WIDTH + 106.0
"""Distance of two columns: a card, and room for a shortcut with the shape beside it."""

_LARGE = 1 << 60


@dataclass(slots=True)
class _Chain:
    """Layers that stay in one column, and the ranks they keep free there for their wires."""

    layers: list[int]
    first: int
    last: int
    parent: int | None  # the layer that the chain leaves from


def arrange(document: NetworkDocument) -> dict[int, tuple[float, float]]:
    """Return the centre of each card by layer id.

    Layers come below all that they read, `STEP` apart; parts without a link between them stand side by side, the
    one with the lowest id first. Links that close a circle are laid out as if they were not there.
    """
    order = _order(document)
    position = {layer_id: n for n, layer_id in enumerate(order)}
    sources = {
        layer_id: [s for s in document.sources_of(layer_id) if position[s] < position[layer_id]]
        for layer_id in order
    }
    rank: dict[int, int] = {}
    for layer_id in order:
        rank[layer_id] = max((rank[s] + 1 for s in sources[layer_id]), default=0)
    places: dict[int, tuple[float, float]] = {}
    shift = 0
    for n, part in enumerate(_parts(order, sources)):
        columns = _columns(_chains(part, sources, rank))
        if n:
            shift -= min(columns.values())  # the first part's main chain stays at 0
        for layer_id, column in columns.items():
            places[layer_id] = ((shift + column) * COLUMN, rank[layer_id] * STEP)
        shift += max(columns.values()) + 1
    return places


def _order(document: NetworkDocument) -> list[int]:
    order = execution_order(document)
    known = set(order)
    return order + [layer_id for layer_id in sorted(document.layers) if layer_id not in known]


def _parts(order: list[int], sources: dict[int, list[int]]) -> list[list[int]]:
    """Return the layers that hang together, each part in execution order."""
    leader = {layer_id: layer_id for layer_id in order}

    def find(layer_id: int) -> int:
        while leader[layer_id] != layer_id:
            leader[layer_id] = leader[leader[layer_id]]
            layer_id = leader[layer_id]
        return layer_id

    for layer_id in order:
        for source in sources[layer_id]:
            leader[find(layer_id)] = find(source)
    parts: dict[int, list[int]] = {}
    for layer_id in order:
        parts.setdefault(find(layer_id), []).append(layer_id)
    return sorted(parts.values(), key=min)


def _chains(part: list[int], sources: dict[int, list[int]], rank: dict[int, int]) -> list[_Chain]:
    """Cut a part into chains; the first one holds the longest way through it."""
    below = dict.fromkeys(part, 0)  # layers on the longest way down
    children: dict[int, list[int]] = {layer_id: [] for layer_id in part}
    for layer_id in reversed(part):
        for source in sources[layer_id]:
            below[source] = max(below[source], below[layer_id] + 1)
    for layer_id in part:
        if sources[layer_id]:
            children[_main_source(sources[layer_id], rank, below)].append(layer_id)
    readers: dict[int, list[int]] = {layer_id: [] for layer_id in part}
    for layer_id in part:
        for source in sources[layer_id]:
            readers[source].append(layer_id)
    chains: list[_Chain] = []
    waiting: list[tuple[int, int | None]] = sorted(
        ((layer_id, None) for layer_id in part if not sources[layer_id]), key=lambda entry: -below[entry[0]]
    )
    while waiting:
        head, parent = waiting.pop(0)
        layers = [head]
        branches: list[tuple[int, int | None]] = []
        while children[layers[-1]]:
            here = layers[-1]
            follow = max(children[here], key=lambda child: (below[child], -child))
            branches += [(child, here) for child in children[here] if child != follow]
            layers.append(follow)
        # the wire to a merge further down runs in this column too
        end = max((rank[r] - 1 for r in readers[layers[-1]]), default=rank[layers[-1]])
        chains.append(_Chain(layers, rank[head], max(end, rank[layers[-1]]), parent))
        waiting += branches
    return chains


def _main_source(found: list[int], rank: dict[int, int], below: dict[int, int]) -> int:
    """Return the source that a layer stays below: the one right above it, the earliest input among equals."""
    return max(found, key=lambda source: (rank[source], -found.index(source)))


def _columns(chains: list[_Chain]) -> dict[int, int]:
    """Give each chain the free column nearest to the one it leaves.

    The left side comes first, because shapes stand on the right of wires.
    """
    taken: dict[int, list[tuple[int, int]]] = {}
    column_of: dict[int, int] = {}
    for chain in chains:
        home = column_of[chain.parent] if chain.parent is not None else 0
        for column in _nearest(home):
            spans = taken.setdefault(column, [])
            if all(chain.last < first or last < chain.first for first, last in spans):
                break
        spans.append((chain.first, chain.last))
        column_of.update(dict.fromkeys(chain.layers, column))
    return column_of


def _nearest(home: int) -> Iterable[int]:
    yield home
    for distance in range(1, _LARGE):
        yield home - distance
        yield home + distance
