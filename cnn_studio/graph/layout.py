"""Automatic layout: where each card goes, with chains straight, branches side by side, and blocks kept together.

The network is laid out block by block, innermost first: what is in a block becomes one box for the layout around it,
so that no two blocks overlap. Within a block the parts are cut into chains, each of which stays in one column. Plain
Python on the document; nothing is changed.

Coordinates in here run along the way of the network and across it; for networks that run to the right they change
places at the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP
from cnn_studio.graph.topology import execution_order

Direction = Literal["down", "right"]
"""Where a network runs to on the canvas."""

RIGHT_STEP = CARD_WIDTH + 110.0
"""Distance of two cards along a network that runs to the right: a card, and a shape on the wire between them."""

COLUMN = CARD_WIDTH + 106.0
"""Distance of two columns: a card, and room for a shortcut with the shape beside it."""

ROW = CARD_HEIGHT + 62.0
"""Distance of two rows of a network that runs to the right."""

FRAME_SIDE, FRAME_TOP, FRAME_BOTTOM = 12.0, 24.0, 10.0
"""Room that the frame of a block takes around its cards; its name stands on top."""


class _Sizes(NamedTuple):
    """Measures along and across the way of the network."""

    card: float
    gap: float
    half: float  # of a card across
    aside: float  # between two cards side by side
    before: float  # a frame's room before its cards,
    behind: float
    left: float  # to the left of them, looking along the way turned down,
    right: float


_SIZES: dict[Direction, _Sizes] = {
    "down": _Sizes(
        CARD_HEIGHT, STEP - CARD_HEIGHT, CARD_WIDTH / 2, COLUMN - CARD_WIDTH,
        FRAME_TOP, FRAME_BOTTOM, FRAME_SIDE, FRAME_SIDE,
    ),
    "right": _Sizes(
        CARD_WIDTH, RIGHT_STEP - CARD_WIDTH, CARD_HEIGHT / 2, ROW - CARD_HEIGHT,
        FRAME_SIDE, FRAME_SIDE, FRAME_TOP, FRAME_BOTTOM,
    ),
}  # fmt: skip


@dataclass(slots=True)
class _Box:
    """A card, or a block that is laid out already: its size, and its cards' centres from the head of its main column."""

    length: float
    left: float
    right: float
    cards: dict[int, tuple[float, float]]  # along and across


@dataclass(slots=True)
class _Chain:
    """Boxes that stay in one column, and how far they keep it free for their wires."""

    items: list[int]
    first: float
    last: float
    left: float
    right: float
    parent: int | None  # the box that the chain leaves from
    merge: tuple[int, int] = (
        -1,
        0,
    )  # the box that joins it with two or more others, and its place among them


@dataclass(slots=True)
class _Group:
    """A block, or the whole network: its layers, and the blocks in it, in execution order."""

    layers: list[int] = field(default_factory=list)
    blocks: dict[str, _Group] = field(default_factory=dict)

    def count(self) -> int:
        """Return the number of layers in it, at any depth."""
        return len(self.layers) + sum(block.count() for block in self.blocks.values())


def arrange(document: NetworkDocument, direction: Direction = "down") -> dict[int, tuple[float, float]]:
    """Return the centre of each card by layer id.

    Layers come behind all that they read; parts without a link between them stand side by side, the one that runs
    first at 0. Links that close a circle are laid out as if they were not there.

    Args:
        document: the network.
        direction: from top to bottom, or from left to right.
    """
    order = _order(document)
    if not order:
        return {}
    position = {layer_id: n for n, layer_id in enumerate(order)}
    sizes = _SIZES[direction]
    box = _Arranger(document, position, sizes).box_of(_groups(document, order))
    start = sizes.card / 2
    if direction == "down":
        return {layer_id: (across, along - start) for layer_id, (along, across) in box.cards.items()}
    return {layer_id: (along - start, across) for layer_id, (along, across) in box.cards.items()}


def direction_of(document: NetworkDocument) -> Direction:
    """Return where the cards of a network run to as they stand: down, unless more of its links lead to the right."""
    layers = document.layers
    ends = [(layers[link.source], layers[link.target]) for link in document.links()]
    down = sum(target.y > source.y for source, target in ends)
    right = sum(target.x > source.x for source, target in ends)
    return "right" if right > down else "down"


def _order(document: NetworkDocument) -> list[int]:
    order = execution_order(document)
    known = set(order)
    return order + [layer_id for layer_id in sorted(document.layers) if layer_id not in known]


def _groups(document: NetworkDocument, order: Iterable[int]) -> _Group:
    root = _Group()
    for layer_id in order:
        here = root
        for segment in document.layers[layer_id].path.split(".")[:-1]:
            here = here.blocks.setdefault(segment, _Group())
        here.layers.append(layer_id)
    return root


class _Arranger:
    """Lays out groups of one document."""

    def __init__(self, document: NetworkDocument, position: dict[int, int], sizes: _Sizes) -> None:
        self._document = document
        self._position = position
        self._sizes = sizes

    def box_of(self, group: _Group) -> _Box:
        """Return a group laid out: its layers and the boxes of its blocks."""
        sizes = self._sizes
        boxes: dict[int, _Box] = {}  # by the first layer of each
        owner: dict[int, int] = {}
        for layer_id in group.layers:
            boxes[layer_id] = _Box(sizes.card, sizes.half, sizes.half, {layer_id: (sizes.card / 2, 0.0)})
            owner[layer_id] = layer_id
        for block in group.blocks.values():
            inner = self.box_of(block)
            if block.count() > 1:
                inner = self._framed(inner)
            first = min(inner.cards, key=self._position.__getitem__)
            boxes[first] = inner
            owner.update(dict.fromkeys(inner.cards, first))
        order = sorted(boxes, key=self._position.__getitem__)
        return self._joined(order, boxes, self._sources(order, boxes, owner))

    def _sources(
        self, order: list[int], boxes: dict[int, _Box], owner: dict[int, int]
    ) -> dict[int, list[int]]:
        """Return the boxes that each box reads from, among those of one group."""
        position = self._position
        found: dict[int, list[int]] = {}
        for key in order:
            read = (
                owner.get(s) for layer_id in boxes[key].cards for s in self._document.sources_of(layer_id)
            )
            # a block that is left and entered again would otherwise make a circle of boxes
            found[key] = list(dict.fromkeys(s for s in read if s is not None and position[s] < position[key]))
        return found

    def _framed(self, box: _Box) -> _Box:
        sizes = self._sizes
        cards = {key: (along + sizes.before, across) for key, (along, across) in box.cards.items()}
        length = sizes.before + box.length + sizes.behind
        return _Box(length, box.left + sizes.left, box.right + sizes.right, cards)

    def _joined(self, order: list[int], boxes: dict[int, _Box], sources: dict[int, list[int]]) -> _Box:
        """Return the boxes of a group as one: each part in its chains, the parts side by side."""
        gap, aside = self._sizes.gap, self._sizes.aside
        start: dict[int, float] = {}
        for key in order:
            start[key] = max((start[s] + boxes[s].length + gap for s in sources[key]), default=0.0)
        whole = _Box(0.0, 0.0, 0.0, {})
        is_first = True
        for part in _parts(order, sources):
            across = _columns(_chains(part, sources, boxes, start, gap), aside)
            left = -min(across[key] - boxes[key].left for key in part)
            right = max(across[key] + boxes[key].right for key in part)
            shift = 0.0 if is_first else whole.right + aside + left
            for key in part:
                for layer_id, (along, aside_of_box) in boxes[key].cards.items():
                    whole.cards[layer_id] = start[key] + along, shift + across[key] + aside_of_box
                whole.length = max(whole.length, start[key] + boxes[key].length)
            whole.left = left if is_first else whole.left
            whole.right = shift + right
            is_first = False
        return whole


def _parts(order: list[int], sources: dict[int, list[int]]) -> list[list[int]]:
    """Return the boxes that hang together, each part in execution order."""
    leader = {key: key for key in order}

    def find(key: int) -> int:
        while leader[key] != key:
            leader[key] = leader[leader[key]]
            key = leader[key]
        return key

    for key in order:
        for source in sources[key]:
            leader[find(key)] = find(source)
    parts: dict[int, list[int]] = {}
    for key in order:
        parts.setdefault(find(key), []).append(key)
    return list(parts.values())


def _chains(
    part: list[int],
    sources: dict[int, list[int]],
    boxes: dict[int, _Box],
    start: dict[int, float],
    gap: float,
) -> list[_Chain]:
    """Cut a part into chains; the first one holds the longest way through it."""
    below = dict.fromkeys(part, 0.0)  # length of the longest way on
    readers: dict[int, list[int]] = {key: [] for key in part}
    children: dict[int, list[int]] = {key: [] for key in part}
    for key in reversed(part):
        for source in sources[key]:
            below[source] = max(below[source], below[key] + boxes[key].length + gap)
            readers[source].append(key)
    for key in part:
        if sources[key]:
            children[_main_source(sources[key], boxes, start)].append(key)
    chains: list[_Chain] = []
    waiting: list[tuple[int, int | None]] = sorted(
        ((key, None) for key in part if not sources[key]),
        key=lambda entry: -below[entry[0]] - boxes[entry[0]].length,
    )
    while waiting:
        head, parent = waiting.pop(0)
        items = [head]
        branches: list[tuple[int, int | None]] = []
        while children[items[-1]]:
            here = items[-1]
            follow = max(
                children[here], key=lambda child: (below[child] + boxes[child].length, -start[child])
            )
            branches += [(child, here) for child in children[here] if child != follow]
            items.append(follow)
        end = start[items[-1]] + boxes[items[-1]].length
        # the wire to a merge further on runs in this column too
        last = max((start[reader] - gap for reader in readers[items[-1]]), default=end)
        left, right = max(boxes[key].left for key in items), max(boxes[key].right for key in items)
        chain = _Chain(items, start[head], max(end, last), left, right, parent)
        joined = [key for key in readers[items[-1]] if len(sources[key]) > 2]
        if len(readers[items[-1]]) == 1 and joined:
            straight = _main_source(sources[joined[0]], boxes, start)
            place = sources[joined[0]].index(items[-1]) - sources[joined[0]].index(straight)
            chain.merge = joined[0], place
        chains.append(chain)
        waiting += branches
    return chains


def _main_source(found: list[int], boxes: dict[int, _Box], start: dict[int, float]) -> int:
    """Return the source that a box stays behind: the one right before it, the earliest input among equals."""
    return max(found, key=lambda source: (start[source] + boxes[source].length, -found.index(source)))


def _columns(chains: Sequence[_Chain], aside: float) -> dict[int, float]:
    """Give each chain the free place nearest to the one it leaves.

    The left side comes first, because shapes stand on the right of wires; branches that three or more of are joined
    stand in the order in which they are joined.
    """
    taken: list[tuple[float, _Chain]] = []
    across: dict[int, float] = {}
    groups: dict[tuple[int | None, int], int] = {}
    for n, chain in enumerate(chains):
        groups.setdefault((chain.parent, chain.merge[0]), n)
    # branches of one merge come from the inside out; a chain still comes after the one that it leaves
    for chain in sorted(chains, key=lambda c: (groups[c.parent, c.merge[0]], abs(c.merge[1]))):
        home = across[chain.parent] if chain.parent is not None else 0.0
        beside = [(x, other) for x, other in taken if chain.first < other.last and other.first < chain.last]
        x = next(x for x in _nearest(home, chain, beside, aside) if _is_free(x, chain, beside, aside))
        taken.append((x, chain))
        across.update(dict.fromkeys(chain.items, x))
    return across


def _nearest(home: float, chain: _Chain, beside: list[tuple[float, _Chain]], aside: float) -> Iterator[float]:
    """Yield places for a chain, the nearest to `home` first; the last ones lie outside of all others."""
    places = {home}
    for x, other in beside:
        places.add(x - other.left - aside - chain.right)
        places.add(x + other.right + aside + chain.left)
    side = chain.merge[1]
    yield from sorted(places, key=lambda x: ((x - home) * side < 0, abs(x - home), x))


def _is_free(x: float, chain: _Chain, beside: list[tuple[float, _Chain]], aside: float) -> bool:
    slack = aside - 0.5  # of rounding
    return all(
        x + chain.right + slack <= at - other.left or at + other.right + slack <= x - chain.left
        for at, other in beside
    )
